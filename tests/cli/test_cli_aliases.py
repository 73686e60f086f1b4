import json
import re
from pathlib import Path

import pytest

from versioned.cli.words import cause_words
from versioned.models import Cause


@pytest.fixture
def three(app):
    """`run` where there is a third version, too."""
    app("put app - --publish -q", stdin="three\n")
    return app


def test_alias_put_makes_an_alias(app):
    app("alias put app@staging 2").said("app@staging is now 2\n")


def test_alias_put_says_what_it_was(app):
    app("alias put app@prod 2").said("app@prod is now 2, was 1\n")
    app("alias put app@prod 2 --canary 1 --weight 5 -q").said("2\n")
    app("alias put app@prod 1").said("app@prod is now 1, was 2 (95%) + 1 (5%)\n")


def test_alias_put_records_who_and_why(app):
    moved = json.loads(app("alias put app@prod 2 -m because --json").stdout)
    assert (moved["by"], moved["message"], moved["version"]) == ("tester", "because", "2")


def test_alias_put_keeps_to_what_is_expected(app):
    assert app("alias put app@prod 2 --expect 2").code == 4
    assert app("alias put app@prod 2 --expect none").code == 4
    assert app("alias put app@new 2 --expect none").code == 0
    app("alias put app@prod 2 --expect 1 -q").said("2\n")


def test_a_canary_needs_a_weight(app):
    app("alias put app@prod 1 --canary 2").said(
        "",
        """\
        error: --canary and --weight belong together.
        hint: see versioned alias put --help
        """,
        2,
    )


def test_alias_put_refuses_a_ref_without_alias(app):
    app("alias put app 1").said(
        "", "error: 'app' does not name an alias\nhint: use the form app@prod\n", 2
    )


def test_alias_ls(app):
    app("alias put app@canary 1 --canary 2 --weight 10 -m 'a tenth'")
    app("alias ls app").said("""\
        ALIAS   POINTS AT          AGE  BY      MESSAGE
        canary  1 (90%) + 2 (10%)  now  tester  a tenth
        prod    1                  now  tester  first
        """)
    app("alias ls app -q").said("app@canary\napp@prod\n")
    assert [a["alias"] for a in json.loads(app("alias ls app --json").stdout)] == ["canary", "prod"]


def test_alias_split_splits_among_many(three):
    three("alias split app@prod 1=89.5% 2=10 3=0.5 -m 'two candidates'").said(
        "app@prod is now 1 (89.5%) + 2 (10%) + 3 (0.5%), was 1\n",
        "programs that read the file alone, such as versioned 1.0.1, see 1 (90%) + 2 (10%)\n",
    )
    three("alias split app@prod 1=50 2=50").said(
        "app@prod is now 1 (50%) + 2 (50%), was 1 (89.5%) + 2 (10%) + 3 (0.5%)\n"
    )
    three("alias split app@prod 2=99.99 3=0.01 -q").said("2\n")
    three("alias split app@prod 3=100").said("app@prod is now 3, was 2 (99.99%) + 3 (0.01%)\n")


def test_every_command_shows_every_share(three):
    three("alias split app@prod 1=89.5 2=10 3=0.5 -q")
    points_at = "1 (89.5%) + 2 (10%) + 3 (0.5%)"
    assert points_at in three("alias ls app").stdout
    assert points_at in three("history app@prod").stdout
    assert three("history app@prod -q").stdout == f"{points_at}\n1\n"
    assert three("show app@prod").stdout.startswith(
        "alias        app@prod\n"
        "points at 1  89.5% of the keys\n"
        "points at 2  10% of the keys\n"
        "points at 3  0.5% of the keys\n"
    )
    for version, share in (("1", "89.5%"), ("2", "10%"), ("3", "0.5%")):
        assert re.search(rf"^{version} +prod {share} ", three("ls app").stdout, re.MULTILINE)
    routed = json.loads(three("route app@prod user-1 --json").stdout)
    assert routed["shares"] == [["1", 8950], ["2", 1000], ["3", 50]]


def test_alias_split_records_who_and_why_and_keeps_to_what_is_expected(three):
    assert three("alias split app@prod 1=99 2=1 --expect 2").code == 4
    assert three("alias split app@prod 1=99 2=1 --expect none").code == 4
    after = json.loads(three("alias split app@prod 1=99.9 2=.1 --expect 1 -m why --json").stdout)
    assert (after["by"], after["message"]) == ("tester", "why")
    assert [(c["version"], c["basis_points"]) for c in after["split"]] == [("2", 10)]


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ("1=89 2=10", "error: the weights add up to 99%, not to 100%\n"),
        ("1=50 2=50 1=50", "error: version 1 is given twice.\n"),
        ("1=50 01=50", "error: version 1 is given twice.\n"),
        ("1=100 2=0", "error: '0' is not a weight\n"),
        ("1=99.999 2=0.001", "error: '99.999' is not a weight\n"),
        ("1=much", "error: 'much' is not a weight\n"),
        ("1=50%% 2=50", "error: '50%' is not a weight\n"),
        ("1 2", "error: Invalid value for 'VERSION=PERCENT...': '1' is not of the form"),
        ("x=100", "error: 'x' is not a version\n"),
        ("", "error: Missing argument 'VERSION=PERCENT...'.\n"),
        (" ".join(f"{n}=10" for n in range(1, 12)), "error: a split among 11\n"),
    ],
)
def test_weights_that_can_not_be_meant_are_one_clear_error(app, weights, told):
    before = app("history app@prod --json").stdout
    ran = app(f"alias split app@prod {weights}")
    assert ran.code == 2
    assert ran.stderr.startswith(told)
    assert ran.stderr.count("\n") == 2
    assert app("history app@prod --json").stdout == before


class TestTime:
    """`NAME@ALIAS@TIME`: reading commands look back, others refuse."""

    @pytest.fixture
    def moved(self, app):
        """The moment at which prod was at 1; now it is at 2."""
        app("alias put app@prod 2")
        return json.loads(app("history app@prod --json").raw)[1]["at"]

    def test_get_gives_what_it_was(self, app, moved):
        ran = app(f"get app@prod@{moved} -o out")
        assert ran.stdout.startswith("out: app@1, 4 B")
        assert Path("out").read_text() == "one\n"
        assert app(f"get app@prod@{moved} -o out").stdout.endswith(", unchanged\n")
        assert app(f"get app@prod@{moved} -o -").raw == b"one\n"

    def test_show_shows_what_it_was(self, app, moved):
        shown = app(f"show app@prod@{moved}").stdout
        assert "points at  1\n" in shown
        assert "message    first\n" in shown
        assert json.loads(app(f"show app@prod@{moved} --json").stdout)["alias"]["version"] == "1"

    def test_show_tells_of_a_version_that_is_gone(self, app, moved):
        app("rm app@1 --yes")
        shown = app(f"show app@prod@{moved}")
        assert (shown.code, shown.stdout.splitlines()[-1]) == (0, "app@1 is not there any more")
        ran = app(f"get app@prod@{moved} -o out")
        assert ran.code == 3
        assert "was version 1, which is not there any more" in ran.stderr

    def test_route_routes_as_it_was(self, app, moved):
        app(f"route app@prod@{moved} user-1").said("1\n")
        app("route app@prod user-1").said("2\n")

    def test_verify_reads_what_it_was(self, app, moved):
        assert "read 1 of 1 version (4 B)" in app(f"verify app@prod@{moved}").stdout

    def test_before_there_was_one_it_says_since_when_there_is(self, app):
        ran = app("get app@prod@2001-01-01")
        assert ran.code == 3
        assert ran.stderr.startswith(
            "error: there was no app@prod at 2001-01-01T00:00:00Z: its history begins at 20"
        )

    def test_the_future_is_refused(self, app):
        ran = app("show app@prod@2199-01-01")
        assert (ran.code, "is still to come" in ran.stderr) == (2, True)

    @pytest.mark.parametrize(
        "line",
        [
            "alias put {} 1", "alias split {} 1=100", "alias rm {} --yes", "rollback {}",
            "history {}",
        ],
    )  # fmt: skip
    def test_what_is_past_is_not_written(self, app, line):
        before = app("history app@prod --json").stdout
        ran = app(line.format("app@prod@2026-03-01"))
        assert ran.code == 2
        assert "takes none: the past can only be read" in ran.stderr
        assert app("history app@prod --json").stdout == before


def test_alias_rm_shows_the_plan_and_needs_yes(app):
    app("alias rm app@prod").said(
        "to delete: app@prod, which points at 1\n",
        """\
        not done: this is the plan, nothing was changed
        hint: repeat with --yes to carry it out
        """,
        8,
    )
    app("alias rm app@prod --yes -m gone").said("deleted app@prod, which points at 1\n")
    assert app("alias rm app@prod --yes").code == 3
    assert app("history app@prod -q").stdout == "deleted\n1\n"


def test_alias_rm_keeps_to_what_is_expected(app):
    assert app("alias rm app@prod --expect 2 --yes").code == 4
    assert app("alias rm app@prod --expect 1 --yes").code == 0


def test_route_is_the_same_for_everybody(app):
    app("alias put app@prod 1 --canary 2 --weight 50")
    app("route app@prod user-1 -q").said(app("route app@prod user-1").stdout)
    routed = json.loads(app("route app@prod user-1 --json").stdout)
    assert (routed["name"], routed["alias"], routed["key"]) == ("app", "prod", "user-1")
    assert routed["version"] == ("2" if routed["bucket"] < 5000 else "1")
    assert routed["shares"] == [["1", 5000], ["2", 5000]]
    assert {app(f"route app@prod {n}").stdout for n in range(20)} == {"1\n", "2\n"}


def test_history_shows_the_newest_first(app):
    app("alias put app@prod 2 -m second")
    app("alias rm app@prod --yes -m gone")
    app("history app@prod").said("""\
        POINTED AT  WHEN                  AGE  BY      MESSAGE
        deleted     2026-01-01 00:00:00Z  now  tester  gone
        2           2026-01-01 00:00:00Z  now  tester  second
        1           2026-01-01 00:00:00Z  now  tester  first
        """)
    app("history app@prod --limit 1 -q").said("deleted\n")
    entries = json.loads(app("history app@prod --json").stdout)
    assert [entry["message"] for entry in entries] == ["gone", "second", "first"]


def test_history_says_how_a_change_was_made_that_was_no_plain_write(app):
    app("alias put app@prod 2 -m second")
    app("rollback app@prod -m back")
    app("history app@prod").said("""\
        POINTED AT  HOW       WHEN                  AGE  BY      MESSAGE
        1           rollback  2026-01-01 00:00:00Z  now  tester  back
        2           -         2026-01-01 00:00:00Z  now  tester  second
        1           -         2026-01-01 00:00:00Z  now  tester  first
        """)


def test_history_says_which_gates_were_overridden():
    assert cause_words(Cause("promote")) == "promote"
    forced = Cause("promote", overrides=("soak", "integration"))
    assert cause_words(forced) == "promote (forced past soak, integration)"


def test_history_of_nothing(app):
    hint = "hint: versioned alias ls app shows what has\n"
    app("history app@never").said("", "error: app@never has no history\n" + hint, 3)


def test_rollback_in_one_word(app):
    app("alias put app@prod 2")
    app("rollback app@prod -m 'it broke'").said("app@prod is now 1, was 2\n")
    assert json.loads(app("history app@prod --json").stdout)[0]["message"] == "it broke"


def test_rollback_to_a_version(app):
    app("rollback app@prod --to 2 -q").said("2\n")


def test_rollback_without_a_way_back(app):
    ran = app("rollback app@prod")
    assert ran.code == 2
    assert "no earlier version" in ran.stderr
