"""Each role's policy allows what the role does, nothing that it does not do, and no key beside.

Every request to the mock of S3 is translated to the IAM actions that AWS documents for it.
"""

import re
import secrets

import pytest

from faults import BUCKET
from versioned import Pipeline, Repository, Rollouts, layout
from versioned.errors import InvalidInputError
from versioned.pipelines.gate import Gate
from versioned.pipelines.iam import Room, deeper, role_policies
from versioned.pipelines.policy import Policy
from versioned.stores.s3 import S3Store

ACTIONS = {
    "HeadObject": "GetObject",
    "GetObject": "GetObject",
    "PutObject": "PutObject",
    "DeleteObject": "DeleteObject",
    "ListObjectsV2": "ListBucket",
}
VARIABLE = re.compile(r"\$\{([^}]*)\}")


def asked(client, call):
    """The requests that a call sends, as IAM sees them: `(action, resource, create-only)`."""
    found = set()

    def note(params, model, **_):
        key = f"/{params['Key']}" if "Key" in params else ""
        resource = f"arn:aws:s3:::{params['Bucket']}{key}"
        found.add((f"s3:{ACTIONS[model.name]}", resource, params.get("IfNoneMatch") == "*"))

    client.meta.events.register("provide-client-params.s3", note)
    try:
        call()
    finally:
        client.meta.events.unregister("provide-client-params.s3", note)
    return found


def matches(pattern, resource, user):
    """Whether a pattern of IAM means a resource; `${*}` is a star, `${aws:username}` the user."""
    text = VARIABLE.sub(lambda m: f"\0{ord(m[1]) if len(m[1]) == 1 else 0}\0", pattern)
    parts = re.split(r"\0(\d+)\0", text)
    found = ""
    for place, part in enumerate(parts):
        if place % 2:
            found += re.escape(chr(int(part)) if int(part) else user)
        else:
            found += "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in part)
    return re.fullmatch(found, resource, re.DOTALL) is not None


def allows(document, action, resource, *, create_only=False, user="ann"):
    """What IAM decides: allowed by one statement and denied by none."""
    effects = set()
    for statement in document["Statement"]:
        condition = statement.get("Condition", {}).get("Null", {}).get("s3:if-none-match")
        if (
            action in statement["Action"]
            and any(matches(p, resource, user) for p in statement["Resource"])
            and (condition is None or create_only)
        ):
            effects.add(statement["Effect"])
    return effects == {"Allow"}


@pytest.fixture
def client(s3_client, make_client):
    """One of its own, so that only its requests are seen; the other makes the bucket."""
    return make_client("moto")


@pytest.fixture
def repository(client):
    """A repository of its own in the bucket of all tests."""
    store = S3Store(client, BUCKET, f"iam/{secrets.token_hex(6)}", settle=0)
    yield Repository(store, actor="ann")
    store.delete_many([line.key for line in store.list_objects("")])
    store.close()


@pytest.fixture
def pipeline(repository):
    found = Pipeline(repository)
    found.declare(["qa", "prod*"])
    found.set_gate("qa", Gate(("unit",)))
    found.set_gate("prod*", Gate(("unit", "load"), 0, 1, ("ann",)))
    for number in (1, 2):
        repository.put_artifact("app", b"build %d" % number)
        repository.publish_artifact_version("app")
    found.record_verdict("app@1", "unit", "pass")
    found.promote("app", "qa", version=1)
    return found


def documents(pipeline, **options):
    return {one.role: one.document for one in pipeline.iam(**options)}


def promoter(pipeline, repository):
    for version in (1, 2):
        pipeline.record_verdict(f"app@{version}", "unit", "pass")
    rollouts = Rollouts(repository)

    def work():
        pipeline.promote("app", "qa")
        pipeline.demote("app", "qa", empty=True)
        pipeline.promote("app", "qa", version=1)
        rollouts.start("app", "qa", 2, strategy="all-at-once")
        rollouts.start("app", "qa", 1, strategy="all-at-once")
        pipeline.board()
        pipeline.diff("app", "old", "old")
        repository.history("app", "qa")

    repository.put_alias("app", "old", 1)
    return work


def reporter(pipeline, _repository):
    def work():
        pipeline.record_verdict("app@2", "load", "fail")
        pipeline.record_verdict("app@2", "load", "pass")
        pipeline.verdicts("app@2")

    return work


def approver(pipeline, _repository):
    def work():
        pipeline.approve("app@2", "prod*")
        pipeline.approve("app@2", "prod*", revoke=True)
        pipeline.approvals("app@2")

    return work


def owner(pipeline, _repository):
    def work():
        pipeline.declare(["qa", "beta", "prod*"])
        pipeline.declare(["qa", "prod*"])
        pipeline.set_gate("qa", Gate())
        pipeline.policy_history()

    return work


WORK = {
    "promoter:qa": promoter,
    "reporter:load": reporter,
    "approver:prod*": approver,
    "owner": owner,
}


@pytest.mark.parametrize("role", WORK)
def test_a_role_may_do_its_work_and_nothing_that_it_never_does(pipeline, repository, client, role):
    document = documents(pipeline)[role]
    work = WORK[role](pipeline, repository)
    found = asked(client, work)
    refused = [one for one in found if not allows(document, *one[:2], create_only=one[2])]
    assert refused == []
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow":
            for action in statement["Action"]:
                for pattern in statement["Resource"]:
                    assert any(a == action and matches(pattern, r, "ann") for a, r, _ in found)


def key_of(room, *, deep="0" * 64):
    return {
        "alias qa": "app/aliases/qa.json",
        "alias prod*": "app/aliases/prod*.json",
        "alias production": "app/aliases/production.json",
        "history qa": "app/ledger/qa/99999999_00000001.json",
        "history prod*": "app/ledger/prod*/99999999_00000001.json",
        "verdict load": f"app/verdicts/{deep}/load/99999999_00000001.json",
        "verdict unit": f"app/verdicts/{deep}/unit/99999999_00000001.json",
        "approval ann": f"app/approvals/{deep}/prod*/ann/99999999_00000001.json",
        "approval bob": f"app/approvals/{deep}/prod*/bob/99999999_00000001.json",
        "pipeline": layout.PIPELINE_KEY,
        "old pipeline": layout.superseded_pipeline_key(1),
        "version": "app/versions/999999_000001",
    }[room]


MAY_WRITE = {
    "promoter:qa": {"alias qa", "history qa"},
    "promoter:prod*": {"alias prod*", "history prod*"},
    "reporter:load": {"verdict load"},
    "reporter:unit": {"verdict unit"},
    "approver:prod*": {"approval ann"},
    "owner": {"pipeline", "old pipeline"},
}
OTHER_ROOMS = ("alias production", "approval bob", "version")
ROOMS = sorted({room for rooms in MAY_WRITE.values() for room in rooms}.union(OTHER_ROOMS))
REPLACED = {"alias qa", "alias prod*", "pipeline"}


@pytest.fixture(scope="module")
def made():
    """The policies of a pipeline, without a store."""
    policy = Policy(
        ("qa", "prod*"),
        {"qa": Gate(("unit",)), "prod*": Gate(("unit", "load"), 0, 1, ("ann",))},
    )
    room = Room.of_uri("s3://bucket/pre*fix/")
    return {one.role: one.document for one in role_policies(room, policy, create_only=True)}


def resource(key):
    return f"arn:aws:s3:::bucket/pre*fix/{key}"


def test_each_role_writes_to_its_own_room_alone(made):
    assert set(made) == set(MAY_WRITE)
    for role, rooms in MAY_WRITE.items():
        for room in ROOMS:
            where = resource(key_of(room))
            assert allows(made[role], "s3:PutObject", where, create_only=True) == (room in rooms)


def test_entries_are_made_and_never_overwritten_or_deleted(made):
    for role, rooms in MAY_WRITE.items():
        for room in rooms:
            where = resource(key_of(room))
            assert allows(made[role], "s3:PutObject", where) == (room in REPLACED)
            assert allows(made[role], "s3:DeleteObject", where) == (room.startswith("alias"))


@pytest.mark.parametrize(
    ("role", "key"),
    [
        ("promoter:qa", "app/rollouts/aliases/qa.json"),
        ("promoter:qa", "app/ledger/production/ledger/qa/00000001_99999999.json"),
        ("promoter:qa", f"app/approvals/{'0' * 64}/ledger/qa/99999999_00000001.json"),
        ("promoter:qa", "app/ledger/qa/deeper/99999999_00000001.json"),
        ("reporter:load", f"app/verdicts/{'0' * 64}/unit/load/00000001_99999999.json"),
        ("reporter:load", "app/ledger/verdicts/qa/load/99999999_00000001.json"),
        ("approver:prod*", f"app/approvals/{'0' * 64}/prod*/bob/prod*/ann/x.json"),
        ("owner", ".versioned-pipeline-x/aliases/qa.json"),
    ],
)
def test_a_star_does_not_reach_into_other_rooms(made, role, key):
    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert not allows(made[role], action, resource(key), create_only=True)


def test_the_denials_of_one_role_leave_the_rooms_of_all_others_alone(made):
    """They hold for whoever has the role, with all that he may do besides."""
    for role, document in made.items():
        denied = [s for s in document["Statement"] if s["Effect"] == "Deny"]
        for room in ROOMS:
            where = resource(key_of(room))
            assert not any(matches(p, where, "ann") for s in denied for p in s["Resource"]), role


def test_without_conditions_for_stores_that_know_none(made):
    policy = Policy(("qa",), {})
    found = role_policies(Room("bucket", ""), policy, create_only=False)
    assert all("Condition" not in s for one in found for s in one.document["Statement"])
    assert found[0].document["Statement"][2]["Resource"] == [
        "arn:aws:s3:::bucket/*/aliases/qa.json"
    ]


def test_a_denial_for_each_star():
    assert deeper("*/ledger/qa/*") == ["*/*/ledger/qa/*", "*/ledger/qa/*/*"]
    assert deeper("${*}/x") == []


@pytest.mark.parametrize("uri", ["file:///srv/releases", "s3://", "/srv"])
def test_a_directory_has_no_such_policies(uri):
    with pytest.raises(InvalidInputError):
        Room.of_uri(uri)
