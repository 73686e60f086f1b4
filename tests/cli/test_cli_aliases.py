import json


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
    assert routed == {"name": "app", "alias": "prod", "key": "user-1", "version": routed["version"]}
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
