"""Where images are in use: aliases of this product, ECS, Lambda, and what others bring along."""

from datetime import timedelta
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest
from aws_double import AwsDouble, Refused, paged
from stored_images import NOW, digest

from doubles import TappedStore
from versioned import Repository, layout
from versioned.errors import (
    ArtifactNotFoundError,
    ContaminatedError,
    InputTypeError,
    InvalidInputError,
    RepositoryNotFoundError,
)
from versioned.images.errors import InvalidImageError, RegistryError
from versioned.images.manifest import digest_of
from versioned.images.sources.aliases import AliasSource
from versioned.images.sources.asking import ask
from versioned.images.sources.base import PLUG_INS, Answer
from versioned.images.sources.ecs import EcsSource
from versioned.images.sources.inference import InferenceEndpointSource
from versioned.images.sources.jobs import RecentJobSource
from versioned.images.sources.lambda_functions import LambdaSource
from versioned.images.sources.plug_ins import PlugInSource, plug_in_sources
from versioned.rollouts.rollouts import Rollouts
from versioned.stores.local import LocalStore


def said(source):
    """Who uses which image, as texts."""
    return {
        (use.user, use.digest or f"{use.registry}/{use.repository}:{use.tag}")
        for use in source.uses()
    }


@pytest.fixture
def repository(tmp_path):
    """Versions 1 to 4 of `app`, LATEST as 4, on the embedded store."""
    store = LocalStore(tmp_path / "repository", settle=0)
    store.create()
    found = Repository(store)
    for number in range(1, 5):
        found.put_artifact("app", b"manifest %d" % number)
        found.publish_artifact_version("app")
    yield found
    store.close()


def of(number):
    return digest_of(b"manifest %d" % number)


class TestAliases:
    def test_without_any_alias_nothing_is_proved(self, repository):
        (report,) = ask([AliasSource(repository)]).reports
        assert (report.answer, report.reason) == (Answer.SKIPPED, "there is no alias")

    def test_every_version_that_an_alias_points_at_counts_by_its_digest(self, repository):
        repository.put_alias("app", "prod", 1)
        repository.split_alias("app", "dev", {"1": 80, "2": 15, "3": 5})
        assert said(AliasSource(repository)) == {
            ("alias app@prod", of(1)),
            *(("alias app@dev", of(number)) for number in (1, 2, 3)),
        }

    def test_a_rollout_keeps_both_versions_of_every_artifact(self, repository):
        repository.put_artifact("web", b"manifest 9")
        repository.publish_artifact_version("web")
        repository.put_alias("web", "prod", 1)
        repository.put_alias("app", "prod", 1)
        Rollouts(repository).start("app", "prod", 2, strategy="steps:100%:1h")
        assert said(AliasSource(repository)) == {
            ("alias web@prod", of(9)),
            ("alias app@prod", of(2)),
            ("rollout of app@prod", of(1)),
            ("rollout of app@prod", of(2)),
        }

    def test_an_alias_at_latest_means_its_bytes_of_now(self, repository):
        repository.put_alias("app", "edge")
        repository.put_artifact("app", b"manifest 7")
        assert said(AliasSource(repository)) == {("alias app@edge", of(7))}

    def test_an_alias_of_another_tool_counts_too(self, repository):
        repository.put_alias("app", "prod", 2)
        key = layout.alias_key("app", "prod")
        repository.context.write(key, repository.context.read(key)[1])  # without the event
        assert said(AliasSource(repository)) == {("alias app@prod", of(2))}

    def test_a_version_that_is_gone_still_counts_by_what_was_meant(self, repository):
        repository.put_alias("app", "prod", 2)
        repository.delete_artifact_version("app", 2, force=True)
        assert said(AliasSource(repository)) == {("alias app@prod", of(2))}

    def test_where_nobody_knows_what_was_meant_it_did_not_answer(self, repository):
        repository.put_alias("app", "prod", 2)
        key = layout.alias_key("app", "prod")
        repository.context.write(key, repository.context.read(key)[1])
        repository.delete_artifact_version("app", 2, force=True)
        with pytest.raises(ArtifactNotFoundError, match="alias app@prod needs version 2"):
            AliasSource(repository).uses()

    @pytest.mark.parametrize("key", [layout.alias_key, layout.rollout_key])
    def test_a_damaged_alias_or_rollout_is_no_answer(self, repository, key):
        repository.put_alias("app", "prod", 2)
        repository.context.write(key("app", "prod"), b"{")
        with pytest.raises(ContaminatedError):
            AliasSource(repository).uses()
        assert ask([AliasSource(repository)]).reports[0].answer is Answer.FAILED

    def test_a_repository_that_is_not_there_is_no_answer(self, tmp_path):
        with pytest.raises(RepositoryNotFoundError):
            AliasSource(Repository(LocalStore(tmp_path / "nowhere"))).uses()

    def test_costs_two_listings_an_artifact_and_a_request_for_each_thing_needed(self, repository):
        repository.put_alias("app", "prod", 1)
        repository.put_alias("app", "dev", 1)
        repository.put_artifact("other", b"x")
        tap = TappedStore(repository.context.store)
        AliasSource(Repository(tap)).uses()
        assert tap.operations == {"list_folders": 1, "list": 4, "get": 2, "head": 1}


ARN = "arn:aws:ecs:us-east-1:123456789012"
RUN = {"image": "r.io/web:run", "imageDigest": digest("run")}


@pytest.fixture
def clusters():
    """Three clusters: one with 23 services and tasks, one that is empty, one that is going."""
    deployed = {
        "serviceArn": f"{ARN}:service/c0/s0",
        "taskDefinition": f"{ARN}:task-definition/web:2",
        "deployments": [{"taskDefinition": f"{ARN}:task-definition/old:7"}],
        "taskSets": [{"taskDefinition": f"{ARN}:task-definition/set:8"}],
        "currentServiceRevisions": [{"arn": "r1"}],
    }
    tasks = [
        {
            "taskArn": f"{ARN}:task/c0/t{n}",
            "taskDefinitionArn": f"{ARN}:task-definition/web:0",
            "containers": [RUN, {"name": "starting"}],
        }
        for n in range(23)
    ]
    services = [deployed, *({"serviceArn": f"{ARN}:service/c0/s{n}"} for n in range(1, 23))]
    return {"c0": (services, tasks), "c1": ([], []), "c2": None}


@pytest.fixture
def ecs(clusters):
    """Answers in pages of 7; three task definitions are active."""

    def listed(position, key, name):
        def answer(sent):
            if clusters[sent["cluster"]] is None:
                raise Refused("ClusterNotFoundException")
            found = clusters[sent["cluster"]][position]
            return paged(key, [one[name] for one in found], 7)(sent)

        return answer

    def described(position, key, name, limit):
        def answer(sent):
            assert len(sent[key]) <= limit
            found = clusters[sent["cluster"]][position]
            return {key: [one for one in found if one[name] in sent[key]]}

        return answer

    def describe_task_definition(sent):
        tag = sent["taskDefinition"].rpartition("/")[2].replace(":", "-")
        containers = [{"image": f"r.io/{name}:{tag}"} for name in ("web", "side")]
        return {"taskDefinition": {"containerDefinitions": containers}}

    def list_task_definitions(sent):
        assert sent["status"] == "ACTIVE"
        active = [f"{ARN}:task-definition/web:{n}" for n in range(3)]
        return paged("taskDefinitionArns", active, 2)(sent)

    fixed = {"image": "r.io/web:run", "imageDigest": digest("fixed")}
    revision = {"serviceArn": f"{ARN}:service/c0/s0", "containerImages": [fixed]}
    return {
        "ListClusters": paged("clusterArns", list(clusters), 2),
        "ListServices": listed(0, "serviceArns", "serviceArn"),
        "ListTasks": listed(1, "taskArns", "taskArn"),
        "DescribeServices": described(0, "services", "serviceArn", 10),
        "DescribeTasks": described(1, "tasks", "taskArn", 100),
        "DescribeServiceRevisions": lambda _sent: {"serviceRevisions": [revision]},
        "ListTaskDefinitions": list_task_definitions,
        "DescribeTaskDefinition": describe_task_definition,
    }


class TestEcs:
    def test_tasks_services_and_active_task_definitions_count(self, ecs):
        double = AwsDouble("ecs", ecs)
        source = EcsSource(double.client, region="eu-west-1")
        assert source.name == "ecs:eu-west-1"
        tasks = {
            (f"ecs task c0/t{n}", image)
            for n in range(23)
            for image in ("r.io/web:run", digest("run"))
        }
        service = {("ecs service c0/s0", "r.io/web:run"), ("ecs service c0/s0", digest("fixed"))}
        definitions = {
            (f"ecs task definition {name}", f"r.io/{image}:{name.replace(':', '-')}")
            for name in ("web:0", "web:1", "web:2", "old:7", "set:8")
            for image in ("web", "side")
        }
        assert said(source) == tasks | service | definitions
        counts = ("DescribeServices", "DescribeTasks", "DescribeTaskDefinition", "ListServices")
        assert [double.count(operation) for operation in counts] == [3, 1, 5, 6]

    def test_what_is_gone_since_it_was_listed_needs_nothing(self, ecs):
        describe = ecs["DescribeTasks"]

        def without_one(sent):
            found = describe(sent)["tasks"][1:]
            return {"tasks": found, "failures": [{"arn": sent["tasks"][0], "reason": "MISSING"}]}

        ecs["DescribeTasks"] = without_one
        assert (
            len({user for user, _ in said(EcsSource(AwsDouble("ecs", ecs).client))}) == 22 + 1 + 5
        )

    @pytest.mark.parametrize(
        "answer",
        [
            {"tasks": [], "failures": [{"arn": "t", "reason": "ACCESS"}] * 23},
            {"tasks": []},
            {"tasks": [{"taskArn": f"t{n}"} for n in range(23)]},
        ],
        ids=["failed", "left out", "without task definition"],
    )
    def test_an_answer_that_leaves_something_out_is_none(self, ecs, answer):
        ecs["DescribeTasks"] = lambda _sent: answer
        with pytest.raises((RegistryError, KeyError)):
            EcsSource(AwsDouble("ecs", ecs).client).uses()

    @pytest.mark.parametrize("operation", ["ListClusters", "ListTasks", "DescribeTaskDefinition"])
    def test_whatever_is_refused_is_no_answer(self, ecs, operation):
        def refuse(_sent):
            raise Refused("AccessDeniedException")

        ecs[operation] = refuse
        (report,) = ask([EcsSource(AwsDouble("ecs", ecs).client)]).reports
        assert (report.source, report.answer) == ("ecs", Answer.FAILED)
        assert "AccessDeniedException" in report.reason

    def test_an_image_that_is_none_is_no_answer(self, ecs):
        container = {"image": "PLACEHOLDER"}
        ecs["DescribeTaskDefinition"] = lambda _sent: {
            "taskDefinition": {"containerDefinitions": [container]}
        }
        with pytest.raises(InvalidImageError, match="PLACEHOLDER"):
            EcsSource(AwsDouble("ecs", ecs).client).uses()


@pytest.fixture
def functions():
    """Answers of Lambda in pages of 2: an image with two versions, one of a zip file."""
    listed = [
        {"FunctionName": "pay", "Version": "$LATEST", "PackageType": "Image"},
        {"FunctionName": "zip", "Version": "$LATEST", "PackageType": "Zip"},
        {"FunctionName": "pay", "Version": "7", "PackageType": "Image"},
    ]

    def list_functions(sent):
        assert sent["FunctionVersion"] == "ALL"
        return paged("Functions", listed, 2, mark="NextMarker")(sent)

    def get_function(sent):
        version = sent["Qualifier"].strip("$")
        resolved = f"r.io/pay@{digest(version)}"
        return {"Code": {"ImageUri": f"r.io/pay:v{version}", "ResolvedImageUri": resolved}}

    return {"ListFunctions": list_functions, "GetFunction": get_function}


class TestLambda:
    def test_all_versions_of_functions_that_are_images_count(self, functions):
        double = AwsDouble("lambda", functions)
        assert said(LambdaSource(double.client)) == {
            ("lambda pay:$LATEST", "r.io/pay:vLATEST"),
            ("lambda pay:$LATEST", digest("LATEST")),
            ("lambda pay:7", "r.io/pay:v7"),
            ("lambda pay:7", digest("7")),
        }
        assert (double.count("ListFunctions"), double.count("GetFunction")) == (2, 2)

    def test_one_that_is_gone_since_it_was_listed_needs_nothing(self, functions):
        def gone(_sent):
            raise Refused("ResourceNotFoundException")

        source = LambdaSource(AwsDouble("lambda", functions | {"GetFunction": gone}).client)
        assert list(source.uses()) == []

    def test_one_that_does_not_tell_its_image_is_no_answer(self, functions):
        functions["GetFunction"] = lambda _sent: {"Code": {"Error": {"ErrorCode": "x"}}}
        with pytest.raises(RegistryError, match=r"lambda pay:"):
            LambdaSource(AwsDouble("lambda", functions).client, region="us-east-1").uses()

    def test_whatever_is_refused_is_no_answer(self, functions):
        def refuse(_sent):
            raise Refused("TooManyRequestsException")

        functions["GetFunction"] = refuse
        (report,) = ask([LambdaSource(AwsDouble("lambda", functions).client)]).reports
        assert (report.source, report.answer) == ("lambda", Answer.FAILED)


class TestInferenceEndpoints:
    def test_the_image_and_that_of_the_canary_count(self):
        endpoints = [
            {
                "endpoint_name": "chat",
                "spec": {"image": "r.io/a:1", "canary": {"image": "r.io/a:2"}},
            },
            {"spec": {"image": "r.io/b:1", "canary": None}},
            {"spec": {"image": None, "canary": {}}},
        ]
        assert said(InferenceEndpointSource(lambda: endpoints)) == {
            ("inference endpoint chat", "r.io/a:1"),
            ("canary of inference endpoint chat", "r.io/a:2"),
            ("inference endpoint 2", "r.io/b:1"),
        }

    @pytest.mark.parametrize(
        "wrong",
        [
            None,
            "r.io/a:1",
            {},
            {"spec": None},
            {"spec": "r.io/a:1"},
            {"spec": {"image": 1}},
            {"spec": {"image": "Not An Image"}},
            {"spec": {"image": "r.io/a:1", "canary": "r.io/a:2"}},
        ],
    )
    def test_whatever_has_another_shape_is_no_answer(self, wrong):
        with pytest.raises((InputTypeError, InvalidImageError)):
            InferenceEndpointSource(lambda: [wrong]).uses()


class TestJobs:
    def job(self, created, *images, **more):
        return SimpleNamespace(created_time=created, image_refs=list(images), **more)

    def test_images_of_jobs_that_are_not_old_count(self):
        days = timedelta(days=1)
        jobs = [
            self.job(NOW - 30 * days, "r.io/a:1", "r.io/a:2", name="train"),
            self.job(NOW - 30 * days - timedelta(seconds=1), "r.io/old:1"),
            self.job((NOW - days).replace(tzinfo=None), "r.io/naive:1"),
            self.job(None, "r.io/new:1"),
            self.job(NOW),
            SimpleNamespace(image_refs=("r.io/unborn:1",)),
        ]
        assert said(RecentJobSource(lambda: jobs, now=lambda: NOW)) == {
            ("job train", "r.io/a:1"),
            ("job train", "r.io/a:2"),
            ("job 3", "r.io/naive:1"),
            ("job 4", "r.io/new:1"),
            ("job 6", "r.io/unborn:1"),
        }
        recent = RecentJobSource(lambda: jobs, threshold_days=0.5, now=lambda: NOW)
        assert {user for user, _ in said(recent)} == {"job 4", "job 6"}

    @pytest.mark.parametrize(
        "wrong",
        [
            None,
            {"image_refs": ["r.io/a:1"]},
            SimpleNamespace(image_refs="r.io/a:1"),
            SimpleNamespace(image_refs=[b"r.io/a:1"]),
            SimpleNamespace(image_refs=["Not An Image"]),
            SimpleNamespace(image_refs=["r.io/a:1"], created_time="2026-01-01"),
        ],
    )
    def test_whatever_has_another_shape_is_no_answer(self, wrong):
        with pytest.raises((InputTypeError, InvalidImageError)):
            RecentJobSource(lambda: [wrong]).uses()

    def test_a_threshold_that_makes_no_sense_is_refused(self):
        for days in (-1, float("nan"), 10**9):
            with pytest.raises(InvalidInputError):
                RecentJobSource(list, threshold_days=days)


def made():
    return InferenceEndpointSource(lambda: [{"spec": {"image": "r.io/a:1"}}])


def broken():
    raise OSError("no network")


class TestPlugIns:
    def entry(self, name, value):
        return EntryPoint(name, value, PLUG_INS)

    def test_what_an_entry_point_makes_is_asked_under_its_name(self):
        found = ask([PlugInSource(self.entry("ours", f"{__name__}:made"))])
        assert [(one.source, one.uses) for one in found.reports] == [("ours", 1)]

    @pytest.mark.parametrize(
        "value", ["no.such.module:made", f"{__name__}:nothing", f"{__name__}:broken", "os:getcwd"]
    )
    def test_one_that_can_not_be_loaded_or_made_did_not_answer(self, value):
        (report,) = ask([PlugInSource(self.entry("theirs", value))]).reports
        assert (report.source, report.answer) == ("theirs", Answer.FAILED)
        assert report.reason

    def test_all_that_are_installed_are_found_and_none_is_loaded(self, tmp_path, monkeypatch):
        folder = tmp_path / "theirs-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Name: theirs\nVersion: 1\n")
        (folder / "entry_points.txt").write_text(f"[{PLUG_INS}]\nb = no.such:b\na = no.such:a\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        assert [source.name for source in plug_in_sources()] == ["a", "b"]
