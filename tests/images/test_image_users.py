"""Who uses which image: every source asked, failures told, uses held against a repository."""

import threading

import pytest
from botocore.exceptions import ClientError
from stored_images import NOW, digest, names, stored

from versioned.errors import InvalidInputError, StoreUnavailableError
from versioned.images.config import ImagesConfig
from versioned.images.errors import ImageNotFoundError, InvalidImageError
from versioned.images.opening import open_images
from versioned.images.orphans import orphan_report
from versioned.images.planning import plan_images
from versioned.images.replicas import resolve_replicas
from versioned.images.retention import ImageRetention
from versioned.images.sources.asking import ask
from versioned.images.sources.base import (
    Answer,
    ImageUse,
    References,
    SourceReport,
    SourceSkippedError,
)
from versioned.images.users import image_users

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
EU = HOST.replace("us-east-1", "eu-west-1")
OTHERS = EU.replace("123", "999")
DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ListClusters")


class Source:
    """One that gives or raises what it was made with."""

    def __init__(self, name, *uses, error=None):
        self.name, self.given, self.error = name, uses, error

    def uses(self):
        yield from self.given
        if self.error:
            raise self.error


def use(image, user="web"):
    return ImageUse.of(image, user)


class TestAsking:
    def test_all_that_every_source_says_is_known(self):
        found = ask([Source("a", use("app:1"), use("app:2")), Source("b", use("db:1"))])
        assert [one.tag for one in found.uses] == ["1", "2", "1"]
        assert found.reports == (
            SourceReport("a", Answer.OK, 2),
            SourceReport("b", Answer.OK, 1),
        )
        assert found.are_known

    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (StoreUnavailableError("the store is away", hint="wait"), "the store is away"),
            (KeyError("clusterArns"), "KeyError: 'clusterArns'"),
            (SystemExit(2), "SystemExit: 2"),
            (RecursionError(), "RecursionError"),
            (DENIED, "ClientError: An error occurred (AccessDeniedException) when calling the ListClusters operation: no"),
        ],
    )  # fmt: skip
    def test_one_that_fails_in_the_middle_did_not_answer(self, error, reason):
        found = ask([Source("a", use("app:1"), error=error), Source("b", use("db:1"))])
        assert found.reports[0] == SourceReport("a", Answer.FAILED, 0, reason)
        assert [one.repository for one in found.uses] == ["db"]
        assert not found.are_known

    def test_what_is_no_use_is_a_failure(self):
        for wrong in ("app:1", None, {"image": "app:1"}):
            (report,) = ask([Source("a", wrong)]).reports
            assert (report.answer, "ImageUse" in report.reason) == (Answer.FAILED, True)

    def test_one_that_has_nothing_to_ask_is_skipped(self):
        found = ask([Source("a", error=SourceSkippedError("no files")), Source("b")])
        assert found.reports[0] == SourceReport("a", Answer.SKIPPED, 0, "no files")
        assert found.are_known

    def test_unless_one_answered_nothing_is_known(self):
        assert not ask([]).are_known
        assert not ask([Source("a", error=SourceSkippedError("none"))]).are_known

    def test_one_that_is_left_out_is_not_asked(self):
        found = ask([Source("a", error=DENIED), Source("b")], skip={"a", "replicas"})
        assert found.reports[0] == SourceReport("a", Answer.SKIPPED, 0, "left out as asked")
        assert found.are_known

    def test_sources_of_one_kind_are_left_out_in_all_regions(self):
        found = ask(
            [Source("ecs:eu-west-1", error=DENIED), Source("ecs", error=DENIED)], skip={"ecs"}
        )
        assert {one.answer for one in found.reports} == {Answer.SKIPPED}

    def test_ecr_is_asked_about_in_every_region_also_the_one_that_is_chosen(self):
        config = ImagesConfig(regions=("eu-west-1",), account="123456789012")
        images = open_images(config, environ={}, region="us-east-1")
        everywhere = {
            f"{kind}:{at}" for kind in ("ecs", "lambda") for at in ("eu-west-1", "us-east-1")
        }
        skipped = {one.source for one in images.references(skip=("ecs", "lambda")).reports}
        assert everywhere <= skipped

    def test_a_name_to_leave_out_that_no_source_has_is_refused(self):
        with pytest.raises(InvalidInputError, match="'ec2'") as refused:
            ask([Source("ecs"), Source("files")], skip={"ec2", "ecs"})
        assert refused.value.hint == "there are ecs, files, replicas"

    def test_they_are_asked_at_once(self):
        meeting = threading.Barrier(3, timeout=60)

        class Waiting(Source):
            def uses(self):
                meeting.wait()
                return []

        assert ask([Waiting(name) for name in "abc"]).are_known

    @pytest.mark.parametrize(
        "text",
        [
            "can't reach https://bob:hunter2@example.com/x",
            "GET https://example.com/x?X-Amz-Credential=hunter2&y=1 failed",
            "max retries exceeded with url: /list?token=hunter2",
            "Authorization: Bearer hunter2",
            "Bearer hunter2",
            "{'password': 'hunter2 and more hunter2', 'a': 1}",
            "DB_PASSWORD=hunter2",
            "aws_secret_access_key = hunter2",
        ],
    )
    def test_the_reason_of_a_failure_has_no_secrets(self, text):
        (report,) = ask([Source("a", error=ValueError(f"{text}\nat line 1"))]).reports
        assert "hunter2" not in report.reason
        assert report.reason.startswith("ValueError: ")
        assert "\n" not in report.reason

    def test_the_reason_of_a_failure_is_short(self):
        (report,) = ask([Source("a", error=ValueError("x" * 10**6))]).reports
        assert len(report.reason) == 300

    @pytest.mark.parametrize(
        "wrong",
        [
            {"digest": "sha256:ABC"},
            {"repository": "App"},
            {"repository": "app", "tag": "a b"},
            {"repository": "app", "registry": "http://x"},
            {"registry": "r.io", "tag": "1"},
            {},
        ],
    )
    def test_a_use_that_can_name_no_image_can_not_be_made(self, wrong):
        with pytest.raises(InvalidImageError):
            ImageUse("web", **wrong)


IMAGES = [
    stored("one", "v1", "prod", age=90),
    stored("two", "v2", age=90),
    stored("index", "multi", age=90, children=["amd", "arm"]),
    stored("amd", age=90),
    stored("arm", age=90),
    stored("sig", age=90, subject="arm"),
    stored("old", age=90),
]


def used(*uses, host=HOST, repository="team/app", images=IMAGES):
    """Which images those uses mean, by name, with the users."""
    found = References(tuple(uses), (SourceReport("a", Answer.OK),))
    users = image_users(found, host=host, repository=repository, images=images)
    return {names([one]).pop(): who for one, who in users.digests.items()}


class TestUses:
    def test_a_digest_counts_wherever_it_lies(self):
        for where in ("", "r.io/other", "team/app"):
            registry, _, repository = where.rpartition("/")
            one = ImageUse("web", registry or None, repository or None, digest=digest("two"))
            assert used(one) == {"two": ("web",)}

    def test_a_tag_counts_in_this_registry_and_its_replicas(self):
        for host in (
            HOST,
            HOST.upper(),
            f"{HOST}:443",
            EU,
            EU.replace(".dkr.ecr", ".dkr.ecr-fips"),
            OTHERS,
        ):
            assert used(use(f"{host}/team/app:v1")) == {"one": ("web",)}

    def test_a_tag_without_a_registry_may_be_meant_to_lie_here(self):
        for where in ("team/app", "app"):
            assert used(use(f"{where}:v2")) == {"two": ("web",)}

    def test_the_tag_of_a_child_means_its_index_too(self):
        images = [stored("amd", "1-amd"), stored("index", "1", children=["amd"])]
        assert set(used(use("app:1-amd"), images=images)) == {"amd", "index"}

    @pytest.mark.parametrize("where", ["r.io/team/app", f"{HOST}/app", "pp", "other/team/app"])
    def test_a_tag_somewhere_else_does_not_count(self, where):
        assert used(use(f"{where}:v1"), use(where)) == {}

    def test_without_tag_and_digest_the_whole_repository_counts(self):
        found = used(use(f"{HOST}/team/app"))
        assert found == dict.fromkeys(names(one.digest for one in IMAGES), ("web (any tag)",))

    def test_with_tag_and_digest_both_count(self):
        assert set(used(use(f"{HOST}/team/app:v1@{digest('two')}"))) == {"one", "two"}

    def test_an_index_and_all_its_children_count_with_the_digest_of_one(self):
        everything = dict.fromkeys(["index", "amd", "arm", "sig"], ("task",))
        assert used(ImageUse("task", digest=digest("amd"))) == everything
        assert used(use("team/app:multi", "task")) == everything

    def test_indexes_that_only_share_another_child_do_not_count(self):
        other = stored("other", "x", children=["arm", "s390"])
        assert "other" not in used(ImageUse("t", digest=digest("amd")), images=[*IMAGES, other])

    def test_signatures_of_what_is_used_and_not_there_count(self):
        assert set(used(ImageUse("t", digest=digest("x")), images=[stored("s", subject="x")])) == {
            "x",
            "s",
        }

    def test_a_tag_that_is_not_there_counts_for_nothing(self):
        assert used(use("team/app:v9")) == {}

    def test_docker_hub_has_many_names(self):
        image = [stored("one", "1")]
        for text in ("app:1", "docker.io/library/app:1", "index.docker.io/app:1"):
            found = used(
                use(text), host="registry-1.docker.io", repository="library/app", images=image
            )
            assert found == {"one": ("web",)}

    def test_all_users_are_named_once(self):
        found = used(use("team/app:v1", "b"), use("team/app:prod", "a"), use("team/app:v1", "a"))
        assert found == {"one": ("a", "b")}

    def test_of_many_users_three_are_shown(self):
        uses = [use("team/app:v1", f"task {number}") for number in range(5)]
        found = References(tuple(uses), (SourceReport("a", Answer.OK),))
        users = image_users(found, host=HOST, repository="team/app", images=IMAGES)
        assert users.words(digest("one")) == "task 0, task 1, task 2 and 2 more"
        assert users.words(digest("two")) == ""

    def test_why_users_are_not_known_is_said(self):
        reports = [SourceReport("ecs", Answer.FAILED), SourceReport("a", Answer.OK)]
        found = image_users(References((), tuple(reports)), host=HOST, repository="a", images=[])
        assert (found.doubt, found.are_known) == ("ecs did not answer", False)
        nobody = image_users(References((), ()), host=HOST, repository="a", images=[])
        assert nobody.doubt == "no source of references answered"


class TestReplicas:
    def resolved(self, *uses, resolve, skip=()):
        references = References(tuple(uses), (SourceReport("a", Answer.OK),))
        return resolve_replicas(
            references, host=HOST, repositories={"team/app"}, resolve=resolve, skip=skip
        )

    def test_what_a_tag_names_in_another_region_counts_beside_what_it_names_here(self):
        asked = []

        def resolve(image):
            asked.append(str(image))
            return digest("old")

        uses = [use(f"{EU}/team/app:v1"), use(f"{EU}/team/app:v1", "job")]
        found = self.resolved(*uses, resolve=resolve)
        assert asked == [f"{EU}/team/app:v1"]
        assert found.reports[-1] == SourceReport("replicas", Answer.OK, 2)
        there = (f"job in {EU}", f"web in {EU}")
        assert used(*found.uses) == {"one": ("job", "web"), "old": there}

    def test_a_tag_that_is_not_there_means_the_one_here(self):
        def resolve(_image):
            raise ImageNotFoundError("none", hint="")

        found = self.resolved(use(f"{EU}/team/app:v1"), resolve=resolve)
        assert found.reports[-1] == SourceReport("replicas", Answer.OK, 0)
        assert used(*found.uses) == {"one": ("web",)}

    def test_any_other_failure_leaves_the_references_unknown(self):
        def resolve(_image):
            raise DENIED

        found = self.resolved(use(f"{EU}/team/app:v1"), resolve=resolve)
        assert not found.are_known
        assert found.reports[-1].reason.startswith(f"{EU}/team/app:v1: ClientError: ")

    def test_it_can_be_left_out(self):
        found = self.resolved(use(f"{EU}/team/app:v1"), resolve=None, skip={"replicas"})
        assert found.reports[-1].answer is Answer.SKIPPED

    @pytest.mark.parametrize(
        "text",
        [
            f"{HOST}/team/app:v1",
            f"{EU}/other/app:v1",
            f"{OTHERS}/team/app:v1",
            f"{EU}/team/app@{digest('one')}",
            "team/app:v1",
        ],
    )
    def test_nothing_else_is_asked_about(self, text):
        found = self.resolved(use(text), resolve=None)
        assert [report.source for report in found.reports] == ["a"]


class TestOrphans:
    def found(self, *uses, answer=Answer.OK, days=30):
        references = References(uses, (SourceReport("ecs", answer),))
        rules = ImageRetention.orphans(days)
        plans = []
        for path, images in {"team/app": IMAGES, "team/new": [stored("new", "v1", age=1)]}.items():
            users = image_users(references, host=HOST, repository=path, images=images)
            plans.append(plan_images(path, images, users, rules, now=NOW))
        return orphan_report(plans, references, host=HOST, at=NOW, threshold_days=days)

    def test_each_tag_of_what_nothing_refers_to_is_one(self):
        report = self.found(use(f"{HOST}/team/app:multi"))
        assert [orphan.tag for orphan in report.orphans] == ["v1", "prod", "v2"]
        assert report.orphans[0].to_dict() == {
            "repository": "team/app",
            "tag": "v1",
            "digest": digest("one"),
            "pushed_at": "2025-12-01T12:00:00+00:00",
            "uri": f"{HOST}/team/app:v1",
        }
        assert [len(plan.decisions) for plan in report.plans] == [7, 1]

    def test_there_are_none_unless_every_source_answered(self):
        report = self.found(answer=Answer.FAILED)
        assert (report.orphans, report.are_known) == ((), False)
        assert report.to_dict()["sources"][0]["answer"] == "failed"

    def test_the_threshold_counts(self):
        assert self.found(days=90).orphans == ()
        assert len(self.found(days=0).orphans) == 5
