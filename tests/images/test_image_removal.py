"""Carrying a plan out: what changed since is spared, what fails is told, a crash can be repeated."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from image_builders import push_image, push_index, push_referrer
from tapped_registry import Killed, TappedRegistry

from versioned.errors import StoreError, VersionedError
from versioned.images.errors import ImageRepositoryNotFoundError
from versioned.images.graph import ImageGraph
from versioned.images.manifest import OCI_INDEX, digest_of
from versioned.images.planning import plan_images
from versioned.images.removal import apply_plan
from versioned.images.retention import ImageRetention, Rule
from versioned.images.sources.base import Answer, ImageUse, References, SourceReport
from versioned.images.users import ImageUsers, find_users

pytest_plugins = ("ecr_fixtures",)

APP = "team/app"
RULES = ImageRetention(untagged_older_than_secs=0, remove_tags=("pr-*",))
GONE = "the registry does not list it any more"
SIGNATURE = "application/vnd.example.signature"


def known(*uses):
    """Asks again: everything answered, and this is in use."""
    return lambda: References(uses, (SourceReport("a", Answer.OK),))


def planned(registry, rules=RULES):
    images = registry.list_images(APP)
    return plan_images(APP, images, ImageUsers({}), rules, now=datetime.now(UTC))


@pytest.fixture
def oci(registry_server, connect):
    """A registry, and in it: an index `pr-1` of two platforms, one of them signed; an image
    `pr-2` that is signed; `v1`, which shares a platform with `pr-1`."""
    registry = connect(registry_server)
    amd, arm = (push_image(registry, APP, None, layers=(name,)) for name in (b"amd", b"arm"))
    registry.index = push_index(registry, APP, "pr-1", [amd, arm])
    registry.amd, registry.arm = amd, arm
    registry.two = push_image(registry, APP, "pr-2", layers=(b"two",))
    registry.signatures = [
        push_referrer(registry, APP, one, SIGNATURE) for one in (arm, registry.two)
    ]
    registry.v1 = push_index(registry, APP, "v1", [amd])
    return registry


@pytest.fixture
def doomed(oci):
    """The digests that the rules remove."""
    return {one.digest for one in (oci.index, oci.arm, oci.two, *oci.signatures)}


def held(server):
    """What is really in the repository."""
    return set(server.contents(APP).manifests)


def digests(images):
    return {image.digest for image in images}


class TestWhatGoes:
    def test_exactly_what_was_planned(self, oci, registry_server, doomed):
        plan = planned(oci)
        assert digests(plan.removed) == doomed
        result = apply_plan(oci, plan, recheck=known())
        assert (digests(result.deleted), result.spared, result.failures) == (doomed, (), ())
        assert held(registry_server) == {oci.v1.digest, oci.amd.digest}
        assert result.bytes_freed == plan.removed_bytes > 0

    def test_nothing_asks_nobody(self, oci):
        plan = planned(oci, ImageRetention())
        result = apply_plan(None, plan, recheck=None)
        assert (result.deleted, result.bytes_freed) == ((), 0)

    def test_at_no_moment_is_an_index_without_a_child_or_a_signature_without_its_subject(
        self, oci, registry_server, doomed
    ):
        plan = planned(oci)

        def looking(status, headers, body):
            found = [json.loads(raw) for raw, _ in registry_server.contents(APP).manifests.values()]
            needed = [child["digest"] for one in found for child in one.get("manifests", ())]
            needed += [one["subject"]["digest"] for one in found if "subject" in one]
            assert set(needed) <= held(registry_server)
            seen.append(len(found))
            return status, headers, body

        seen = []
        registry_server.fail("DELETE", "manifests", times=99, after=True, change=looking)
        apply_plan(oci, plan, recheck=known())
        assert len(seen) == len(doomed)

    def test_the_result_is_ready_for_json(self, oci):
        result = apply_plan(
            oci, planned(oci), recheck=known(ImageUse("web", digest=oci.two.digest))
        )
        document = json.loads(json.dumps(result.to_dict()))
        assert len(document["deleted"]) == 3
        assert {one["reason"] for one in document["spared"]} == {"referenced by web"}
        assert document["bytes_freed"] == result.bytes_freed


class TestWhatIsSpared:
    def check(self, oci, server, plan, *spared, reason, recheck=known()):  # noqa: B008
        result = apply_plan(oci, plan, recheck=recheck)
        reasons = {one.image.digest: one.reason for one in result.spared}
        assert set(reasons) == {one.digest for one in spared}
        assert all(reason in found for found in reasons.values()), reasons
        assert set(reasons) <= held(server)
        assert digests(result.deleted) == digests(plan.removed) - set(reasons)

    def test_what_is_referenced_by_now(self, oci, registry_server):
        use = ImageUse("ecs task 7", digest=oci.arm.digest)
        spared = (oci.index, oci.arm, oci.signatures[0])
        reason = "referenced by ecs task 7"
        self.check(oci, registry_server, planned(oci), *spared, reason=reason, recheck=known(use))

    def test_everything_where_a_source_does_not_answer(self, oci, registry_server):
        unknown = References((), (SourceReport("ecs", Answer.FAILED), SourceReport("a", Answer.OK)))
        spared = (oci.index, oci.arm, oci.two, *oci.signatures)
        reason = "who uses it is not known: ecs did not answer"
        self.check(
            oci, registry_server, planned(oci), *spared, reason=reason, recheck=lambda: unknown
        )

    @pytest.mark.parametrize("tag", ["v2", "pr-3"])
    def test_what_has_another_tag_by_now(self, oci, registry_server, tag):
        plan = planned(oci)
        oci.put_manifest(APP, oci.two, tag=tag)
        result = apply_plan(oci, plan, recheck=known())
        reasons = {one.image.digest: one.reason for one in result.spared}
        assert reasons[oci.two.digest] == f"tagged {tag} since the plan"
        assert reasons[oci.signatures[1].digest].endswith("which stays")
        assert len(held(registry_server)) == 4

    def test_what_another_index_needs_by_now(self, oci, registry_server):
        plan = planned(oci)
        push_index(oci, APP, "v3", [oci.arm])
        spared = (oci.arm, oci.signatures[0])
        self.check(oci, registry_server, plan, *spared, reason="sha256:")

    def test_what_was_signed_since(self, oci, registry_server):
        plan = planned(oci)
        push_referrer(oci, APP, oci.two, SIGNATURE, content=b"new")
        spared = (oci.two, oci.signatures[1])
        self.check(oci, registry_server, plan, *spared, reason="which stays")

    def test_what_the_rules_would_keep_by_now(self, oci, registry_server):
        rules = ImageRetention(remove_tags=("pr-*",), untagged_older_than_secs=None)
        plan = planned(oci, rules)
        oci.put_manifest(APP, oci.amd, tag="pr-2")  # takes the tag away from `two`
        result = apply_plan(oci, plan, recheck=known())
        reasons = {one.image.digest: one.reason for one in result.spared}
        assert reasons[oci.two.digest] == GONE
        assert oci.two.digest in held(registry_server)

    def test_what_was_pushed_again(self, oci):
        plan = planned(oci)
        before = datetime(2026, 1, 1, tzinfo=UTC)
        decisions = [
            replace(one, image=replace(one.image, pushed_at=before)) for one in plan.decisions
        ]
        result = apply_plan(oci, replace(plan, decisions=tuple(decisions)), recheck=known())
        assert {one.reason for one in result.spared} == {"pushed again since the plan"}
        assert result.deleted == ()

    def test_what_is_not_listed_any_more_and_referenced(self, oci, registry_server):
        plan = planned(oci)
        oci.delete_images(APP, [oci.index.digest])
        use = ImageUse("web", digest=oci.arm.digest)
        result = apply_plan(oci, plan, recheck=known(use))
        reasons = {one.image.digest: one.reason for one in result.spared}
        assert reasons[oci.arm.digest] == "referenced by web"
        assert oci.arm.digest in held(registry_server)

    def test_what_is_gone_already(self, oci):
        plan = planned(oci)
        oci.delete_images(APP, [one.digest for one in (oci.signatures[1], oci.two)])
        result = apply_plan(oci, plan, recheck=known())
        assert [one.reason for one in result.spared] == [GONE] * 2
        assert len(result.deleted) == 3


class TestWhatNoListingShows:
    """CI tags each platform, an index joins them, and its tag moved on; or it is of a kind that is
    not understood."""

    @pytest.fixture
    def parts(self, registry_server, connect):
        registry = connect(registry_server)
        return [push_image(registry, APP, f"pr-{n}", layers=(n.encode(),)) for n in ("amd", "arm")]

    @pytest.mark.parametrize("repository", [None, APP])
    def test_the_children_of_an_index_in_use_stay(
        self, registry_server, connect, parts, repository
    ):
        registry = connect(registry_server)
        inner = push_index(registry, APP, None, parts)
        outer = push_index(registry, APP, None, [inner])
        use = ImageUse("web", repository=repository, digest=outer.digest)
        zeros = f"sha256:{'0' * 64}"
        elsewhere = [ImageUse("db", "r.io", "db", digest=zeros), ImageUse("db", digest=zeros)]
        images = registry.list_images(APP)
        references = known(use, *elsewhere)()
        registry_server.requests.clear()
        users = find_users(registry, APP, images, references)
        assert len(registry_server.requests) == 2
        assert {one.digest for one in users.unlisted} == {outer.digest, inner.digest}
        plan = plan_images(APP, images, users, RULES, now=datetime.now(UTC))
        assert {one.rule for one in plan.decisions} == {Rule.REFERENCED}
        result = apply_plan(registry, planned(registry), recheck=lambda: references)
        assert {one.reason for one in result.spared} == {"referenced by web"}

    def test_what_can_not_be_asked_is_not_taken_for_unused(self, registry_server, connect, parts):
        registry = connect(registry_server)
        lost = push_index(registry, APP, None, parts)
        registry_server.fail("GET", f"manifests/{lost.digest}", times=99, status=403)
        use = ImageUse("web", digest=lost.digest)
        with pytest.raises(VersionedError):
            find_users(registry, APP, registry.list_images(APP), known(use)())

    def test_the_children_of_an_index_that_is_not_understood_stay(
        self, registry_server, connect, parts
    ):
        registry = connect(registry_server)
        strange = {"mediaType": OCI_INDEX, "digest": "sha384:" + "0" * 96, "size": 3}
        listed = [parts[0].descriptor.to_dict(), strange, 7]
        raw = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}).encode()
        contents = registry_server.contents(APP)
        contents.manifests[digest_of(raw)] = (raw, OCI_INDEX)
        contents.tags["v1"] = digest_of(raw)
        assert [one.tags for one in planned(registry).removed] == [("pr-arm",)]


class TestFailures:
    def test_what_an_index_needs_stays_while_the_index_can_not_be_deleted(
        self, oci, registry_server, doomed
    ):
        refusal = json.dumps({"errors": [{"code": "DENIED", "message": "policy"}]}).encode()
        pattern = f"manifests/{oci.index.digest}"
        registry_server.fail("DELETE", pattern, times=9, status=405, body=refusal)
        result = apply_plan(oci, planned(oci), recheck=known())
        assert [one.identity for one in result.failures] == [oci.index.digest]
        assert {one.image.digest for one in result.spared} == {oci.arm.digest}
        signatures = {one.digest for one in oci.signatures}
        assert digests(result.deleted) == {oci.two.digest, *signatures}
        assert result.bytes_freed == sum(image.size for image in result.deleted)
        assert doomed & held(registry_server) == {oci.index.digest, oci.arm.digest}

    def test_what_went_before_the_registry_went_away_is_told(self, oci, registry_server):
        pattern = f"manifests/{oci.arm.digest}"
        registry_server.fail("DELETE", pattern, times=99, status=503)
        result = apply_plan(oci, planned(oci), recheck=known())
        assert [one.identity for one in result.failures] == [oci.arm.digest]
        assert len(result.deleted) == 4
        assert held(registry_server) == {oci.v1.digest, oci.amd.digest, oci.arm.digest}

    def test_what_is_known_to_be_gone_is_told_and_the_rest_is_not_tried(
        self, registry_server, connect
    ):
        registry = connect(registry_server)
        leaf = push_image(registry, APP, None)
        middle = push_index(registry, APP, None, [leaf])
        top = push_index(registry, APP, "pr-1", [middle])
        pattern = f"manifests/{middle.digest}"
        registry_server.fail("DELETE", pattern, times=99, status=503, after=True)
        result = apply_plan(registry, planned(registry), recheck=known())
        assert digests(result.deleted) == {top.digest, middle.digest}
        (failure,) = result.failures
        assert failure.identity == leaf.digest
        assert failure.reason.startswith("not tried")

    def test_a_repository_that_goes_meanwhile_loses_no_account_of_what_went(self, oci, doomed):
        class Vanishing(TappedRegistry):
            waves = 0

            def delete_images(self, repository, digests):
                self.waves += 1
                if self.waves > 1:
                    raise ImageRepositoryNotFoundError("no such repository", hint="")
                return oci.delete_images(repository, digests)

        plan = planned(oci)
        result = apply_plan(Vanishing(oci), plan, recheck=known())
        told = digests(result.deleted) | {one.identity for one in result.failures}
        told |= {one.image.digest for one in result.spared}
        assert (bool(result.deleted), told) == (True, doomed)

    def test_where_nothing_went_the_error_of_the_registry_is_raised(self, oci, registry_server):
        before = held(registry_server)
        registry_server.fail("DELETE", "manifests", times=99, status=503)
        with pytest.raises(StoreError):
            apply_plan(oci, planned(oci), recheck=known())
        assert held(registry_server) == before

    @pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
    def test_a_process_that_dies_anywhere_leaves_nothing_broken_and_can_be_repeated(
        self, oci, registry_server, doomed, after
    ):
        plan, stop, everything = planned(oci), 0, registry_server.contents(APP).manifests.copy()
        tags = registry_server.contents(APP).tags.copy()
        while True:
            registry_server.contents(APP).manifests.update(everything)
            registry_server.contents(APP).tags.update(tags)
            tapped = TappedRegistry(oci, stop=stop, after=after)
            try:
                apply_plan(tapped, plan, recheck=known())
                break
            except Killed:
                assert ImageGraph(oci.list_images(APP)).missing_children() == {}
            apply_plan(oci, plan, recheck=known())
            assert held(registry_server) == set(everything) - doomed
            stop += 1
        assert stop >= 3


def test_on_ecr_what_lost_its_tag_since_is_judged_anew(ecr, ecr_registry, ecr_app, ecr_push):
    ecr_push("pr-1", b"old")
    rules = ImageRetention(untagged_older_than_secs=None, remove_tags=("pr-*",))
    plan = planned(ecr_registry, rules)
    ecr_push("pr-1", b"new")
    result = apply_plan(ecr_registry, plan, recheck=known())
    assert [one.reason for one in result.spared] == ["untagged images stay"]
    assert len(ecr_registry.list_images(ecr_app)) == 2


def test_on_ecr_too_children_go_after_their_index(ecr, ecr_registry, ecr_app, ecr_push):
    old, kept = ecr_push(None, b"old"), ecr_push(None, b"kept")
    push_index(ecr_registry, ecr_app, None, [old, kept])
    push_index(ecr_registry, ecr_app, "v1", [kept])
    plan = planned(ecr_registry, ImageRetention(untagged_older_than_secs=0))
    result = apply_plan(ecr_registry, plan, recheck=known())
    assert (len(result.deleted), result.failures, result.spared) == (2, (), ())
    left = ecr_registry.list_images(ecr_app)
    assert ImageGraph(left).missing_children() == {}
    assert [image.tags for image in left] == [("v1",), ()]
