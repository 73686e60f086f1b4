"""The process dies after every single request of everything that writes.

After each crash every pointer is where it was or where it was to go, its ledger explains it,
and the same call can be repeated.
"""

import contextlib

import pytest

from doubles import Crash, TappedStore
from versioned import Pipeline, Repository
from versioned.errors import RankEmptyError
from versioned.pipelines.gate import Gate


def prepare(repository):
    """3 in qa after 1 and 2, 2 in staging after 1, 1 in canary; a verdict, an approval, a gate."""
    pipeline = Pipeline(repository)
    pipeline.declare(["canary", "qa", "staging", "production"])
    for number in (1, 2, 3):
        repository.put_artifact("app", b"build %d" % number)
        repository.publish_artifact_version("app")
        pipeline.promote("app", "qa", version=number, force=True, message="straight in")
        if number < 3:
            pipeline.promote("app", "staging")
    pipeline.promote("app", "canary", version=1)
    pipeline.set_gate("staging", Gate(("unit",), 0, 1))
    pipeline.record_verdict("app@3", "unit", "pass")
    pipeline.approve("app@3", "staging", by="bob")


def empty(pipeline):
    """Nothing to do where it is empty already, so that it can be repeated."""
    with contextlib.suppress(RankEmptyError):
        pipeline.demote("app", "canary", empty=True)


OPERATIONS = {
    "promote": lambda p: p.promote("app", "staging", expect=3),
    "promote to an empty rank": lambda p: p.promote("app", "production"),
    "force": lambda p: p.promote("app", "production", version=3, force=True, message="now"),
    "demote": lambda p: p.demote("app", "staging", to=1),
    "empty a rank": empty,
    "declare": lambda p: p.declare(["canary", "beta", "qa", "staging", "production"]),
    "set a gate": lambda p: p.set_gate("qa", Gate(approvals=1)),
    "record a verdict": lambda p: p.record_verdict("app@3", "unit", "pass"),
    "approve": lambda p: p.approve("app@3", "staging", by="bob"),
}


def picture(repository):
    """All that pointers say, without times."""
    pipeline = Pipeline(repository)
    return (
        {a.alias: (a.version, a.sha256) for a in repository.list_aliases("app")},
        [(p.position, p.ranks, dict(p.gates)) for p in pipeline.policy_history()],
    )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_crash_leaves_what_was_or_what_was_to_be(operation, copies_of):
    repository = Repository(copies_of(prepare), actor="ann")
    start = picture(repository)
    OPERATIONS[operation](Pipeline(repository))
    wanted = picture(repository)
    point, crashed = 0, True
    while crashed:
        store = copies_of(prepare)
        healthy = Repository(store)
        crashed = crash(operation, TappedStore(store), point)
        assert picture(healthy) in (start, wanted)
        check(healthy)
        OPERATIONS[operation](Pipeline(Repository(TappedStore(store), actor="ann")))
        assert picture(healthy) == wanted
        check(healthy)
        store.close()
        point += 1
    assert point > 3


def crash(operation, tap, point):
    def die(number, _operation, _key):
        if number == point:
            raise Crash

    tap.after = die
    try:
        OPERATIONS[operation](Pipeline(Repository(tap, actor="ann")))
    except Crash:
        return True
    return False


def check(repository):
    pipeline = Pipeline(repository)
    for rank in ("canary", "qa", "staging", "production"):
        entries = repository.history("app", rank)
        assert all(entry.cause is not None for entry in entries)
        assert len({entry.identity for entry in entries}) == len(entries)
    positions = [v.position for v in pipeline.verdicts("app@3", "unit")]
    assert positions == list(range(len(positions), 0, -1))
    assert pipeline.approvals("app@3", "staging")[-1].person == "bob"
    assert repository.doctor("app", older_than=3600) == []
    pipeline.board()
