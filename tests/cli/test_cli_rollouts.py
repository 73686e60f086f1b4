"""`versioned rollout`: what is said, and how it ends."""

import json

import pytest

from versioned import Repository

STEPS = "steps:10%:0s,50%:pause,100%:0s"


@pytest.fixture
def started(app):
    app(f"rollout start app prod 2 --strategy {STEPS} --check smoke -m 'release 2'")
    return app


def test_starting_says_where_it_is_and_what_to_do_next(app):
    app("rollout start app prod 2 --strategy canary:10%:5m").said(
        "rollout of app@prod to 2: running, step 1 of 2, 10%\n",
        "versioned rollout tick app prod moves it on\n",
    )
    app("rollout start app prod 2 --strategy canary:10%:5m").said(
        stderr="""\
        error: a rollout of app@prod to 2 is running
        hint: versioned rollout status app prod, or rollout abort app prod
        """,
        code=4,
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("start app prod 2", 2),
        ("start app prod 2 --strategy canary:10", 2),
        ("start app prod LATEST --strategy all-at-once", 2),
        ("start app prod 9 --strategy all-at-once", 3),
        ("start app nope 2 --strategy all-at-once", 3),
        ("start app prod 2 --strategy all-at-once --on-failure panic", 2),
        ("tick app prod", 3),
        ("tick app", 3),
        ("status app prod", 3),
        ("tick app bad-alias", 2),
        ("tick --check smoke", 2),
        ("tick --check smoke=nonsense", 2),
        ("tick --check a=command:true --check a=command:true", 2),
        ("pause app prod", 3),
        ("abort app prod", 3),
    ],
)
def test_what_can_t_be_done_ends_with_its_code(app, line, code):
    found = app(f"rollout {line}")
    assert found.code == code
    assert found.stderr.startswith("error: ")
    assert app("alias ls app --json").stdout.count('"version": "1"') == 1


def test_a_tick_holds_moves_and_ends(started):
    started("rollout tick app prod").said(
        "app@prod: held: smoke: not defined on this machine\n",
        "app@prod: smoke: inconclusive: not defined on this machine\n",
    )
    started("rollout tick app prod --check smoke=command:true").said(
        "app@prod: moved: on to 50%\n", "app@prod: smoke: pass: exit 0\n"
    )
    assert started("rollout tick -q app prod --check smoke=command:true").stdout == "held\n"
    started("rollout resume app prod").said("rollout of app@prod to 2: running, step 2 of 3, 50%\n")
    assert started("rollout tick -q --check smoke=command:true").stdout == "app@prod moved\n"
    assert started("rollout tick -q --check smoke=command:true").stdout == "app@prod succeeded\n"
    started("rollout tick").said(stderr="no rollout is under way\n")


@pytest.mark.parametrize(
    ("policy", "action", "after"),
    [
        ("rollback", "failed, all traffic back to 1", {"1"}),
        ("freeze", "frozen, left at 10%", {"1", "2"}),
    ],
)
def test_a_tick_that_fails_ends_with_its_own_code(app, policy, action, after):
    line = f"start app prod 2 --strategy {STEPS} --check smoke --on-failure {policy}"
    app(f"rollout {line}")
    app("rollout tick --check smoke=command:false").said(
        f"app@prod: {action}: smoke: exit 1\n", "app@prod: smoke: fail: exit 1\n", code=11
    )
    (alias,) = json.loads(app("alias ls app --json").stdout)
    assert {alias["version"], alias["secondary_version"]} - {None} == after
    assert app("rollout tick app prod").code == 0


def test_checks_are_defined_where_they_run(started, home):
    (home / "smoke.sh").write_text('#!/bin/sh\necho "$1 $VERSIONED_VERSION"; exit 75\n', "utf-8")
    (home / "smoke.sh").chmod(0o755)
    (home / ".versioned.toml").write_text(
        '[checks]\nsmoke = "command:./smoke.sh --fast"\n', "utf-8"
    )
    started("rollout tick app prod").said(
        "app@prod: held: smoke: exit 75: --fast 2\n",
        "app@prod: smoke: inconclusive: exit 75: --fast 2\n",
    )


def test_a_command_runs_beside_the_file_that_defines_it(started, home, monkeypatch):
    (home / ".versioned.toml").write_text(
        'repository = ".versioned"\n[checks]\nsmoke = {run = "command:pwd", timeout = 5}\n', "utf-8"
    )
    (home / "deeper").mkdir()
    monkeypatch.chdir(home / "deeper")
    assert "smoke: pass: exit 0: /work\n" in started("rollout tick app prod").stderr
    line = "rollout tick app prod --check smoke=command:pwd"
    assert "smoke: pass: exit 0: /work/deeper\n" in started(line).stderr


def test_a_broken_definition_is_told_before_anything_is_done(started, home):
    (home / ".versioned.toml").write_text('[checks]\nsmoke = {run = "true"}\n', "utf-8")
    started("rollout tick app prod").said(
        stderr="""\
        error: the check 'smoke' can't be meant: it is of no known kind
        hint: command:./smoke.sh, https://..., alarm:NAME?region=..., verdict:CHECK
        """,
        code=2,
    )


def test_status_of_one_and_of_all(started):
    started("rollout pause app prod -m lunch").said(
        "rollout of app@prod to 2: paused, step 1 of 3, 10%\n"
    )
    started("rollout status app prod").said(
        """\
        rollout of app@prod to 2: paused, step 1 of 3, 10%
        from        1
        strategy    steps:10%:0s,50%:pause,100%:0s
        checks      smoke
        on failure  rollback
        now         paused by tester: lunch
        WHEN                  WHAT     BY      WHY
        2026-01-01 00:00:00Z  started  tester  release 2
        2026-01-01 00:00:00Z  paused   tester  lunch
        """
    )
    started("rollout status").said(
        """\
        ALIAS     TO  STATUS  STEP              WAITS
        app@prod  2   paused  step 1 of 3, 10%  paused by tester: lunch
        """
    )
    (found,) = json.loads(started("rollout status app --json").stdout)
    assert (found["status"], found["place"], found["step"]) == ("paused", "applied", 0)
    assert started("rollout status app prod -q").stdout == "paused\n"


def test_abort_and_promote(started):
    started("rollout promote app prod").said(
        "rollout of app@prod to 2: running, step 2 of 3, 50%\n"
    )
    started("rollout abort app prod -m errors").said(
        "rollout of app@prod to 2: aborted, all traffic back to 1\n"
    )
    started("rollout start app prod 2 --strategy canary:1%:1h -q").said("running\n")
    started("rollout promote app prod --full").said("rollout of app@prod to 2: succeeded\n")
    assert started("rollout promote app prod").code == 4


def test_json_tells_what_a_tick_did(started):
    found = json.loads(started("rollout tick app prod --json --check smoke=command:true").stdout)
    assert (found["action"], found["rollout"]["step"]) == ("moved", 1)
    assert found["checks"] == [{"name": "smoke", "outcome": "pass", "reason": "exit 0"}]


def test_one_that_can_t_be_read_stops_no_other_and_is_an_error(started, home):
    repository = Repository.open(str(home / ".versioned"))
    repository.context.write("aaa/rollouts/prod.json", b"{}")
    repository.context.store.close()
    found = started("rollout tick --check smoke=command:true")
    assert found.code == 5
    first, second = found.stdout.splitlines()
    assert first.startswith("aaa@prod: error: ")
    assert second == "app@prod: moved: on to 50%"
    assert "error: 'aaa/rollouts/prod.json'" in found.stderr


def test_the_version_to_go_back_to_is_in_use(app):
    app("rollout start app prod 2 --strategy steps:100%:1h")
    app("rm app@1").said(
        stderr="""\
        error: version 1 of 'app' is used by rollout of prod
        hint: move the alias first, or add --force
        """,
        code=4,
    )
