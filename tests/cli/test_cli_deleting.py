import json

import pytest

from versioned.errors import DeletionInProgressError
from versioned.repository import Repository

PLAN_ONLY = """\
not done: this is the plan, nothing was changed
hint: repeat with --yes to carry it out
"""


@pytest.fixture
def many(app):
    """`app` with the versions 1 (prod) to 5."""
    for text in ("three\n", "four\n", "five\n"):
        app("put app - --publish", stdin=text)
    return app


def test_rm_shows_the_plan_and_needs_yes(app):
    app("rm app@2").said("to delete: app@2 (4 B, sha256 27dd8ed44a83)\n", PLAN_ONLY, 8)
    app("ls app -q").said("LATEST\n2\n1\n")
    app("rm app@2 --yes").said("deleted app@2 (4 B, sha256 27dd8ed44a83)\n")
    app("ls app -q").said("LATEST\n1\n")


@pytest.mark.parametrize("yes", ["", "--yes"])
def test_rm_refuses_what_an_alias_uses(app, yes):
    ran = app(f"rm app@1 {yes}")
    assert (ran.code, ran.stdout) == (4, "")
    assert ran.stderr.startswith("error: version 1 of 'app' is used by prod\n")


def test_rm_by_force(app):
    app("rm app@1 --force").said(
        "to delete: app@1 (4 B, sha256 2c8b08da5ce6, used by prod)\n", PLAN_ONLY, 8
    )
    assert app("rm app@1 --force --yes").code == 0


def test_rm_needs_a_version(app):
    assert app("rm app@prod --yes").code == 2
    assert app("rm app --yes").code == 2
    assert app("rm app@LATEST --yes").code == 2
    assert app("rm app@9 --yes").code == 3


def test_rm_in_json(app):
    ran = app("rm app@2 --json")
    document = json.loads(ran.stdout)
    assert (document["artifact"]["version"], document["applied"]) == ("2", False)
    assert json.loads(ran.stderr)["error"] == "needs-yes"


def test_purge_shows_the_plan_first(many):
    many("purge app --keep-last 2 --older-than 0").said(
        """\
        VERSION  PLAN    SIZE  AGE  REASON
        3        remove   6 B  now  not among the newest 2, older than 0 seconds, not referenced
        2        remove   4 B  now  not among the newest 2, older than 0 seconds, not referenced
        remove 2 versions (10 B), keep 4
          keep 1: LATEST is always kept
          keep 2: among the newest 2
          keep 1: referenced by prod
        """,
        PLAN_ONLY,
        8,
    )
    many("ls app -q").said("LATEST\n5\n4\n3\n2\n1\n")


def test_purge_applies_the_plan_with_yes(many):
    ran = many("purge app --keep-last 2 --older-than 0 --yes")
    assert ran.code == 0
    assert ran.stdout.endswith("deleted 2 versions (10 B)\n")
    many("ls app -q").said("LATEST\n5\n4\n1\n")


def test_purge_of_nothing_needs_no_yes(many):
    many("purge app").said("""\
        remove none, keep 6
          keep 1: LATEST is always kept
          keep 4: among the newest 10
          keep 1: referenced by prod
        """)


@pytest.mark.parametrize("option", ["--dry-run", "--plan-only"])
def test_a_dry_run_is_a_success(many, option):
    assert many(f"purge app --keep-last 0 --older-than 0 {option}").code == 0
    assert many(f"purge app {option} --yes").code == 2


def test_purge_shows_every_decision_when_asked(many):
    ran = many("purge app --keep-last 3 --older-than 0 --all-decisions")
    assert "LATEST   keep     5 B  now  LATEST is always kept\n" in ran.stdout
    assert ran.stdout.endswith("remove 1 version (4 B), keep 5\n")


def test_purge_in_json_is_the_whole_plan(many):
    ran = many("purge app --keep-last 2 --older-than 0 --json")
    document = json.loads(ran.stdout)
    assert (document["applied"], document["results"]) == (False, [])
    kept = {d["artifact"]["version"]: d["keep"] for d in document["plans"][0]["decisions"]}
    assert kept == {"LATEST": True, "5": True, "4": True, "3": False, "2": False, "1": True}
    assert (ran.code, json.loads(ran.stderr)["error"]) == (8, "needs-yes")
    applied = json.loads(many("purge app --keep-last 2 --older-than 0 --json --yes").stdout)
    assert [one["version"] for one in applied["results"][0]["deleted"]] == ["3", "2"]


def test_purge_quietly_names_what_goes(many):
    ran = many("purge app --keep-last 3 --older-than 0 -q --yes")
    assert ran.stdout == "app@2\n"


def test_purge_of_many_artifacts(many):
    many("put app-two - --publish", stdin="x")
    many("put app-two - --publish", stdin="y")
    many("put other - --publish", stdin="z")
    many("purge --match 'app*' --keep-last 1 --older-than 0 -q --dry-run").said(
        "app@4\napp@3\napp@2\napp-two@1\n"
    )
    table = many("purge --match 'app*' --keep-last 1 --older-than 0 --yes").stdout
    assert "app-two@1  remove" in table
    assert many("purge --match 'nothing*'").code == 3


def test_purge_passes_over_artifacts_whose_versions_are_gone(app):
    app("put husk - --publish", stdin="x")
    app("rm husk@1 --yes")
    Repository.open(".versioned").context.store.delete("husk/versions/000000_LATEST")
    assert app("purge --match '*' --dry-run").code == 0
    assert app("purge husk").code == 3
    assert app("purge husk --everything --yes").code == 0
    app("ls -q").said("app\n")


def test_purge_goes_on_after_a_failure_and_reports_it(many, monkeypatch):
    apply = Repository.apply_retention

    def fail_for_app(self, plan, **options):
        if plan.name == "app":
            raise DeletionInProgressError("busy")
        return apply(self, plan, **options)

    monkeypatch.setattr(Repository, "apply_retention", fail_for_app)
    for text in ("x", "y"):
        many("put zed - --publish", stdin=text)
    ran = many("purge --match '*' --keep-last 1 --older-than 0 --yes -q")
    ran.said("zed@1\n", "error: busy\n", 4)


def test_purge_tells_what_it_spared(many, monkeypatch):
    apply = Repository.apply_retention

    def alias_first(self, plan, **options):
        self.put_alias("app", "late", 3)
        return apply(self, plan, **options)

    monkeypatch.setattr(Repository, "apply_retention", alias_first)
    ran = many("purge app --keep-last 2 --older-than 0 --yes")
    assert ran.stdout.endswith("deleted 1 version (4 B)\n  spared app@3: referenced by late\n")


def test_the_end_of_a_whole_artifact(app):
    app("purge app --everything").said(
        """\
        ALIAS     POINTS AT
        app@prod  1
        to delete: app: 3 versions (12 B), 1 alias, its history and its numbers
        """,
        PLAN_ONLY,
        8,
    )
    assert app("purge app --everything --yes").code == 0
    app("ls -q").said("")
    assert app("purge app --everything --yes").code == 3


@pytest.mark.parametrize(
    "line",
    [
        "purge",
        "purge app --match x",
        "purge --match x --everything",
        "purge app --everything --keep-last 3",
        "purge app --older-than 90",
        "purge app --older-than soon",
        "purge app --keep-last -1",
    ],
)
def test_what_purge_does_not_understand(app, line):
    assert app(line).code == 2


@pytest.mark.parametrize("line", ["rm app@2", "alias rm app@prod", "purge app --everything"])
def test_nothing_asks_even_where_somebody_would_answer(app, line):
    assert app(line, stdin="y\ny\ny\n").code == 8
