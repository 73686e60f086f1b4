"""Ranks on the command line: what is printed, what a script gets, how each command ends."""

import json

import pytest

from versioned import Repository


@pytest.fixture
def ranked(app):
    """`app` has 1 and 2; the ranks are qa and live; prod is no rank."""
    app("pipeline set qa live -q")
    return app


def write(home, key, body):
    """What somebody else put into the repository of the test."""
    repository = Repository.open(str(home / ".versioned"))
    repository.context.write(key, body)
    repository.context.store.close()


class TestPipeline:
    def test_it_is_declared_and_shown(self, app):
        app("pipeline show").said(
            stderr="no ranks are declared: versioned pipeline set qa production\n"
        )
        app("pipeline set qa,staging production").said(
            """\
               RANK        TO ENTER
            1  qa          -
            2  staging     -
            3  production  -
            """
        )
        app("pipeline show -q").said("qa\nstaging\nproduction\n")
        assert json.loads(app("pipeline show --json").stdout)["ranks"][0] == "qa"

    def test_a_gate_is_declared_in_place_of_the_one_before(self, ranked):
        ranked("pipeline gate live --require unit --soak 90m --approver ann").said(
            """\
               RANK  TO ENTER
            1  qa    -
            2  live  unit passed, 1h 30m soaked, 1 approval of ann
            """
        )
        ranked("pipeline gate live --approvals 2 -m 'four eyes'").said(
            """\
               RANK  TO ENTER
            1  qa    -
            2  live  2 approvals
            """
        )
        ranked("pipeline gate live --none -q").said("qa\nlive\n")

    @pytest.mark.parametrize("options", ["", "--none --approvals 1"])
    def test_a_gate_says_what_it_takes(self, ranked, options):
        assert ranked(f"pipeline gate live {options}").code == 2

    def test_its_history_has_every_policy(self, ranked):
        ranked("pipeline gate live --approvals 1 -m why -q")
        ranked("pipeline history").said(
            """\
               WHEN                  BY      RANKS     TO ENTER          MESSAGE
            2  2026-01-01 00:00:00Z  tester  qa, live  live: 1 approval  why
            1  2026-01-01 00:00:00Z  tester  qa, live  -                 -
            """
        )
        ranked("pipeline history -q").said("2\n1\n")

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("pipeline set qa qa", "the rank 'qa' is named twice"),
            ("pipeline set latest", "reserved"),
            ("pipeline set qa,", "'' is no rank"),
            ("pipeline gate prod --none", "'prod' is no rank"),
            ("pipeline gate qa --soak 1h", "first rank"),
            ("pipeline gate live --soak 1y", "duration"),
            ("pipeline gate live --approvals 2 --approver ann", "2 approvals of 1"),
            ("pipeline iam", "in no bucket"),
        ],
    )
    def test_what_can_not_be_meant_is_one_error(self, ranked, line, said):
        found = ranked(line)
        assert (found.code, found.stdout) == (2, "")
        assert said in found.stderr

    def test_a_rank_in_use_does_not_go(self, ranked):
        ranked("promote app qa")
        ranked("pipeline set live").said(
            "to go: qa\n",
            "not done: this is the plan, nothing was changed\nhint: repeat with --yes to carry it out\n",
            code=8,
        )
        ranked("pipeline set live --yes").said(
            stderr="error: qa can't go, something sits in app@qa\n"
            "hint: take it out first: versioned demote app qa --empty\n",
            code=4,
        )

    def test_a_broken_one_is_one_error(self, ranked, home):
        write(home, ".versioned-pipeline.json", b"\xff")
        for line in ("pipeline show", "ranks", "promote app qa", "alias put app@old 1"):
            assert ranked(line).code == 5


class TestMoving:
    def test_from_rank_to_rank_and_back(self, ranked):
        ranked("promote app@1 qa").said("app@qa is now 1\n")
        ranked("promote app live -m tested").said("app@live is now 1\n")
        ranked("promote app qa").said("app@qa is now 2, was 1\n")
        ranked("promote app qa").said("app@qa is 2 already, nothing was changed\n")
        ranked("promote app live -q --expect 2").said("2\n")
        ranked("demote app live").said("app@live is now 1, was 2\n")
        ranked("demote app live --to 1").said("app@live is 1 already, nothing was changed\n")
        ranked("demote app live").said(
            stderr="error: app@live had no version before 1 to go back to\n"
            "hint: versioned demote app live --empty takes it out\n",
            code=2,
        )
        ranked("alias rm app@live --yes").said(
            stderr="error: live is a rank of this repository: qa, live\n"
            "hint: back: versioned rollback app@live; forward: versioned promote app live; "
            "out of it: versioned demote app live --empty\n",
            code=10,
        )
        ranked("demote app live --empty").said("app@live is now empty, was 1\n")
        ranked("demote app live").said(
            stderr="error: nothing of app is in live\nhint: see versioned ranks app\n", code=3
        )

    def test_a_gate_that_is_not_met_has_a_line_and_what_to_do(self, ranked):
        ranked("pipeline gate live --require unit --approver ann -q")
        ranked("promote app qa")
        refused = """\
            verdict:unit  no verdict for these bytes; versioned verdict app@2 unit --pass records one
            approvals     0 of 1; ask ann: versioned approve app@2 live
            """
        error = (
            "error: app@2 may not go to live, not met: verdict:unit, approvals\n"
            "hint: nothing was moved; --force -m REASON overrides it, and the ledger keeps that\n"
        )
        ranked("promote app live").said(refused, error, code=10)
        quiet = ranked("promote app live -q")
        assert (quiet.stdout, quiet.code) == ("verdict:unit\napprovals\n", 10)
        found = ranked("promote app live --json")
        assert list(json.loads(found.stdout)["unmet"]) == ["verdict:unit", "approvals"]
        assert json.loads(found.stderr)["error"] == "gate-refused"

    def test_force_takes_a_reason(self, ranked):
        ranked("promote app@1 qa")
        assert ranked("promote app@2 live --force").code == 2
        ranked("promote app@2 live --force -m hotfix").said(
            "app@live is now 2; overridden: order\n"
        )

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ("promote app prod", 2),
            ("promote app@prod qa", 2),
            ("promote app@LATEST qa", 2),
            ("promote app live", 3),
            ("promote nothing qa", 3),
            ("promote app@7 qa", 3),
            ("promote app qa --expect 1", 4),
            ("promote app qa --expect x", 2),
            ("promote app@2 live", 10),
            ("demote app prod", 2),
            ("alias put app@qa 1", 10),
        ],
    )
    def test_what_does_not_go_changes_nothing(self, ranked, line, code):
        found = ranked(line)
        assert found.code == code
        assert ranked("alias ls app -q").stdout == "app@prod\n"


class TestBoard:
    def test_it_says_what_sits_where_and_what_waits(self, ranked):
        ranked("pipeline gate live --require unit --approvals 1 -q")
        ranked("promote app@1 qa")
        ranked("ranks").said(
            """\
            ARTIFACT  RANK  HOLDS  AGE  BY      WAITING
            app       qa    1      now  tester  2: ready
            app       live  -        -  -       1: verdict:unit, approvals
            """
        )
        assert "approvals     0 of 1" in ranked("ranks app").stdout.replace("live ", "")
        ranked("ranks -q").said("app@qa 1\napp@live -\n")
        assert [row["rank"] for row in json.loads(ranked("ranks --json").stdout)] == ["qa", "live"]

    def test_without_a_pipeline_it_says_so(self, app):
        found = app("ranks")
        assert (found.code, found.stdout) == (0, "")
        assert "versioned pipeline show" in found.stderr

    def test_a_diff_has_both_sides_and_what_lies_in_between(self, ranked):
        ranked("promote app qa")
        found = ranked("diff app prod qa")
        lines = found.stdout.splitlines()
        assert [line.split() for line in lines[:2]] == [
            ["app", "prod", "qa"],
            ["points", "at", "1", "2"],
        ]
        assert lines[-1].startswith("      2  2026-01-01 00:00:00Z   4 B")
        ranked("diff app prod qa -q").said("2\n")
        assert json.loads(ranked("diff app prod qa --json").stdout)["same_bytes"] is False
        assert ranked("diff app prod live").code == 3


class TestEvidence:
    def test_verdicts_are_recorded_and_listed(self, ranked):
        found = ranked("verdict app@2 unit --fail --url https://ci/7 -m flaky")
        assert found.stdout.startswith("unit: fail for app@2 (sha256 ")
        ranked("verdict app@2 unit --pass -q").said("2\n")
        ranked("verdicts app@2").said(
            """\
            CHECK  OUTCOME  WHEN                  BY      URL           MESSAGE
            unit   pass     2026-01-01 00:00:00Z  tester  -             -
            unit   fail     2026-01-01 00:00:00Z  tester  https://ci/7  flaky
            """
        )
        ranked("verdicts app@2 load -q").said("")
        assert json.loads(ranked("verdicts app@2 unit --json").stdout)[0]["outcome"] == "pass"

    def test_approvals_are_recorded_revoked_and_listed(self, ranked):
        found = ranked("approve app@2 live -m fine")
        assert found.stdout.startswith("tester approved app@2 (sha256 ")
        assert ranked("approve app@2 live --revoke").stdout.startswith("tester revoked app@2")
        ranked("approvals app@2").said(
            """\
            RANK  PERSON  SAID      WHEN                  MESSAGE
            live  tester  revoked   2026-01-01 00:00:00Z  -
            live  tester  approved  2026-01-01 00:00:00Z  fine
            """
        )
        ranked("approvals app@2 qa").said(
            stderr="nobody approved it: versioned approve app@2 RANK\n"
        )

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ("verdict app@2 unit", 2),
            ("verdict app@2 unit --pass --fail", 2),
            ("verdict app@2 ../unit --pass", 2),
            ("verdict app unit --pass", 2),
            ("verdict app@7 unit --pass", 3),
            ("verdict app@2 unit --pass --url ftp://x", 2),
            ("approve app@2 prod", 2),
            ("approve app@7 live", 3),
        ],
    )
    def test_what_can_not_be_meant_is_refused(self, ranked, line, code):
        assert ranked(line).code == code

    def test_what_others_wrote_drives_no_terminal(self, ranked, home):
        found = json.loads(ranked("verdict app@2 unit --fail --json").stdout)
        evil = found | {"format": 1, "by": "\x1b[2Jmallory", "message": "\x1b]0;x\x07"}
        key = f"app/verdicts/{found['sha256']}/unit/99999999_00000001.json"
        write(home, key, json.dumps(evil).encode())
        ranked("pipeline gate qa --require unit -q")
        for line in ("verdicts app@2", "promote app qa", "ranks app"):
            assert "\x1b" not in ranked(line).stdout
        write(home, key, json.dumps(evil | {"check": "load"}).encode())
        assert ranked("verdicts app@2").code == 5
        assert "can't be read" in ranked("promote app qa").stdout


class TestWhatIsDamaged:
    def test_it_is_told_in_its_row_and_the_others_are_shown(self, ranked, home):
        ranked("promote app qa")
        write(home, "app/aliases/live.json", b"{")
        shown = ranked("ranks")
        assert shown.code == 5
        assert "app       qa    2" in shown.stdout
        assert "app/aliases/live.json" in shown.stderr

    def test_a_damaged_rollout_is_told_and_the_others_are_shown(self, ranked, home):
        ranked("alias put app@eu 1")
        ranked("alias put app@us 1")
        for alias in ("eu", "us"):
            ranked(f"rollout start app {alias} 2 --strategy canary:10%:5m")
        write(home, "app/rollouts/eu.json", b"{")
        shown = ranked("rollout status")
        assert shown.code == 5
        assert "us" in shown.stdout
        assert "app/rollouts/eu.json" in shown.stderr

    def test_a_rollout_that_is_refused_says_what_its_gates_miss(self, ranked):
        ranked("promote app@1 qa")
        ranked("promote app live")
        ranked("pipeline gate live --require unit -q")
        ranked("promote app qa")
        shown = ranked("rollout start app live 2 --strategy all-at-once")
        assert shown.code == 10
        assert "versioned verdict app@2 unit --pass records one" in shown.stdout
