"""`versioned images` on ECR: what only ECR has."""

import json
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from ecr_double import ACCOUNT
from image_builders import push_image, push_index
from image_words import short

pytest_plugins = ("ecr_fixtures",)

HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
KEEP_ONE = {
    "rules": [
        {
            "rulePriority": 3,
            "selection": {
                "tagStatus": "any",
                "countType": "imageCountMoreThan",
                "countNumber": 1,
            },
            "action": {"type": "expire"},
        }
    ]
}
NO_USE = "--skip ecs --skip lambda --files pod.json"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "x"},
    "spec": {"containers": [{"image": "db:1"}]},
}


class Sessions:
    """What passes for boto3's session: its clients were made before, which is quicker."""

    clients: ClassVar = {}

    def client(self, service, **_):
        if service not in self.clients:
            raise NoCredentialsError
        return self.clients[service]


@pytest.fixture(autouse=True)
def aws(ecr, aws_clients, monkeypatch, home):
    ecr.looks_before_preview = 0
    monkeypatch.setattr(Sessions, "clients", {"ecr": ecr, "sts": aws_clients["sts"]})
    monkeypatch.setattr(boto3, "Session", Sessions)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    (home / "pod.json").write_text(json.dumps(POD))


@pytest.fixture
def images(run):
    return lambda line, **options: run(f"images {line}", **options)


@pytest.fixture
def app(images, ecr, ecr_registry):
    """An index of 40 days ago, and a later image that has lost its tag."""
    images("init app")
    part = push_image(ecr_registry, "versioned/app", None, layers=(b"part",))
    index = push_index(ecr_registry, "versioned/app", "1", [part])
    lost = push_image(ecr_registry, "versioned/app", None, layers=(b"lost",))
    first = datetime.now(UTC) - timedelta(days=40, hours=1)
    for place, image in enumerate(ecr.images["versioned/app"].values()):
        image.pushed_at = first + timedelta(seconds=place)
    return [part, index, lost]


def test_a_repository_is_set_up(images):
    images("init app").said("versioned/app: created, default lifecycle policy set\n")
    images("init app --retain").said(
        "versioned/app: was there already, default lifecycle policy set, marked to be kept\n"
    )
    images("delete-repo app --yes").said(
        "",
        "error: versioned/app is marked to be kept: versioned:retain=true\n"
        "hint: take the mark away first: versioned images init app --no-retain\n",
        4,
    )
    images("init app --no-retain -q").said("versioned/app\n")
    assert images("delete-repo app --yes").stdout == "deleted versioned/app: 0 images (0 B)\n"
    images("list").said("", "no images yet: versioned images build CONTEXT NAME\n")


def test_what_it_has(images, app):
    _, index, _ = app
    listed = images("list").stdout.splitlines()
    assert listed[0] == "NAME  IMAGES  CREATED               TAGS"
    assert listed[1] == "app        3  2026-01-01 00:00:00Z  mutable"
    images("tags app").said(
        f"""\
        TAG  DIGEST               KIND         SIZE  PUSHED
        1    {short(index)}  index of 1  177 B     40d
        """,
        "not shown: 1 untagged image, 1 index part; --all shows them\n",
    )
    images("uri app:1").said(f"{HOST}/versioned/app:1\n")


class TestRemoving:
    def test_what_ecr_would_do_stands_beside_it(self, images, app, home):
        _, index, lost = app
        (home / "policy.json").write_text(json.dumps(KEEP_ONE))
        images("lifecycle set app policy.json")
        images(f"prune app --lifecycle --dry-run {NO_USE}").said(
            f"""\
            DIGEST               TAGS  PLAN     SIZE  ECR WOULD       RULE      REASON
            {short(lost)}  -     remove  177 B  keep            untagged  untagged, pushed 40 days ago; nothing refers to it
            {short(index)}  1     keep        -  expire, rule 3  tagged    tagged 1
            remove 1 image (177 B), keep 2
              keep 1: tagged
              keep 1: an index that stays needs it
            references: files 1; not asked: aliases, ecs, lambda
            """
        )

    def test_cleanup_takes_no_part_of_an_index(self, images, app, ecr):
        part, index, _ = app
        ran = images(f"cleanup app --yes {NO_USE}")
        assert (ran.code, ran.stdout.splitlines()[-1]) == (0, "deleted 1 image (177 B)")
        assert set(ecr.images["versioned/app"]) == {part.digest, index.digest}

    @pytest.mark.usefixtures("app")
    def test_a_source_that_fails_keeps_everything(self, images, ecr):
        ran = images("cleanup --all --yes --files pod.json --skip lambda")
        assert ran.stdout.splitlines()[-5:] == [
            "SOURCE   ANSWER   WHAT IT SAID",
            "aliases  skipped  there is no repository here, and --repo names none",
            "files    ok       1 use",
            "ecs      failed   NoCredentialsError: Unable to locate credentials",
            "lambda   skipped  left out as asked",
        ]
        assert (ran.stderr.partition(":")[0], ran.code) == ("error", 10)
        assert len(ecr.images["versioned/app"]) == 3
        ran = images("prune --keep-untagged --files pod.json --skip lambda")
        assert (ran.stderr.partition(";")[0], ran.code) == ("error: nothing would go", 10)


class TestLifecycle:
    def test_get_and_set(self, images):
        images("init app")
        images("lifecycle set app -", stdin=json.dumps(KEEP_ONE))
        assert json.loads(images("lifecycle get app").stdout) == KEEP_ONE
        assert json.loads(images("lifecycle get app --json").stdout) == KEEP_ONE
        images("lifecycle get app -q").said(f"{json.dumps(KEEP_ONE)}\n")

    def test_none(self, images, ecr):
        images("init app")
        ecr.delete_lifecycle_policy(repositoryName="versioned/app")
        images("lifecycle get app").said(
            "", "app has no lifecycle policy: nothing expires by itself\n"
        )
        images("lifecycle get app --json").said("null\n")

    def test_preview(self, images, app):
        images("lifecycle preview app -", stdin=json.dumps(KEEP_ONE)).said(
            f"""\
            DIGEST               TAGS  PUSHED  ECR WOULD  RULE
            {short(app[1])}  1        40d  expire        3
            ECR would act on 1 image
            """
        )
        ran = images("lifecycle preview app -q")
        assert (ran.code, ran.stdout) == (0, f"{app[2].digest}\n")

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"rules": []}', "\udcff", "[" * 100_000])
    def test_what_is_no_policy(self, images, text):
        images("init app")
        ran = images("lifecycle set app -", stdin=text.encode("utf-8", "surrogateescape"))
        assert (ran.code, ran.stdout) == (2, "")
        assert ran.stderr.startswith("error: the lifecycle policy is not ")
        assert len(ran.stderr.splitlines()) == 2


class TestReplication:
    def test_sync(self, images, home):
        config = home / ".versioned.toml"
        images("replication get").said("", "nothing is replicated\n")
        config.write_text('[images]\nregions = ["us-east-1", "eu-west-1", "eu-west-2"]\n')
        images("replication sync").said(
            """\
            REPOSITORIES  REGIONS
            versioned/*   eu-west-1, eu-west-2
            """
        )
        images("replication get -q").said("eu-west-1\neu-west-2\n")
        config.write_text('[images]\nregions = ["us-east-1", "eu-west-1"]\n')
        images("replication sync").said(
            f"to go: versioned/* to {ACCOUNT} in eu-west-2\n",
            """\
            not done: this is the plan, nothing was changed
            hint: repeat with --yes to carry it out
            """,
            8,
        )
        images("replication sync --yes -q").said("eu-west-1\n")

    def test_status(self, images, app, ecr):
        images("replication status app:1").said("", "it is replicated nowhere\n")
        ecr.replicas[app[1].digest] = [
            {"region": "eu-west-1", "registryId": ACCOUNT, "status": "COMPLETE"},
            {
                "region": "eu-west-2",
                "registryId": ACCOUNT,
                "status": "FAILED",
                "failureCode": "Throttled",
            },
        ]
        images("replication status app:1").said(
            f"""\
            REGION     ACCOUNT       STATUS    FAILURE
            eu-west-1  {ACCOUNT}  COMPLETE  -
            eu-west-2  {ACCOUNT}  FAILED    Throttled
            """
        )
        images("replication status app:1 -q").said("eu-west-1 COMPLETE\neu-west-2 FAILED\n")

    def test_of_another_registry(self, images):
        ran = images("replication status registry.example.com/app:1")
        assert (ran.code, ran.stdout) == (2, "")
