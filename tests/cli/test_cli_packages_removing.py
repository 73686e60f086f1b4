"""`versioned packages`: removing, retention, care, tokens."""

import json
import sqlite3
from contextlib import closing

import pytest
from package_making import open_packages, publish, publish_builds, sdist, sha256, wheel
from package_words import DEV, DOMAIN, LongAgo, name_of, packages_of, short

from versioned.packages import Packages
from versioned.packages.layout import simple_folder
from versioned.packages.tokens import Scope
from versioned.stores.local import LocalStore

pytest_plugins = ("packages_fixtures",)

PLAN = "not done: this is the plan, nothing was changed\nhint: repeat with --yes to carry it out\n"


class TestRemoving:
    def test_an_asset(self, packages):
        table = f"""\
            ASSET                           SET  STATE        SIZE  SHA256
            {name_of("9")}  9    superseded  782 B  {short("9")}
            """
        packages(f"rm {DEV} --asset {name_of('9')}").said(
            f"{table}to delete: {DEV}: 1 asset (782 B)\n            ", PLAN, 8
        )
        packages(f"rm {DEV} --asset {name_of('9')} --yes").said(
            f"{table}deleted {DEV}: 1 asset (782 B), revision 4-0123456789abcdef\n            "
        )
        assert name_of("9") not in packages(f"assets {DEV}").stdout

    def test_a_version(self, packages, dist):
        ran = packages(f"rm {DEV}")
        assert (ran.stdout.splitlines()[-1], ran.code) == (
            f"to delete: {DEV}: 4 assets (2.5 KiB)",
            8,
        )
        packages(f"rm {DEV} --yes -m mistake -q").said(
            f"{name_of('23')}\n{name_of('24')}\n".join(
                [f"pyabc-1.0.0.tar.gz\n{name_of('9')}\n", ""]
            )
        )
        packages("ls AbcDev/pypi/pyabc").said(
            "", "all versions of AbcDev/pypi/pyabc were deleted\n"
        )
        assert packages(f"rm {DEV} --yes").code == 3
        other = dist(wheel(build="24", body="other"))
        assert packages(f"publish AbcDev {other}").code == 4

    def test_a_version_that_somebody_changed_is_left_alone(self, packages, run):
        seen = run(f"packages history {DEV} -q").stdout.split()[0]
        packages(f"yank {DEV}")
        assert packages(f"rm {DEV} --expect {seen} --yes").code == 4
        assert packages(f"assets {DEV}").code == 0

    def test_the_active_set_keeps_its_last_asset(self, packages):
        packages(f"rm {DEV} --asset {name_of('24')} --yes").said(
            "",
            """\
            error: the asset set '24' is active
            hint: activate another one first: versioned packages sets REF --activate NAME
            """,
            4,
        )

    def test_disposing_of_a_version(self, packages):
        ran = packages(f"status {DEV} Disposed")
        assert ran.stdout.endswith(f"\nto dispose of: {DEV}: 4 assets (2.5 KiB)\n")
        assert (ran.stderr, ran.code) == (PLAN, 8)
        ran = packages(f"status {DEV} Disposed --yes")
        assert ran.stdout.endswith(
            f"disposed of {DEV}: 4 assets (2.5 KiB), revision 4-0123456789abcdef\n"
        )
        packages(f"status {DEV} Disposed").said(f"unchanged: {DEV} is Disposed already\n")
        packages(f"assets {DEV}").said(
            f"{DEV} is Disposed, revision 4-0123456789abcdef\n", "it has no assets\n"
        )
        packages(f"rm {DEV} --yes").said(f"deleted {DEV}, revision 5-0123456789abcdef\n")

    def test_for_programs(self, packages):
        found = json.loads(packages(f"rm {DEV} --json").stdout)
        assert (found["applied"], len(found["assets"])) == (False, 4)


@pytest.fixture
def old(call, home):
    """`call` in a domain where `pyabc` 1.0.0 has builds 9, 23 and 24 from 40 days ago, and 0.9
    has one."""
    packages = open_packages(LongAgo(home / DOMAIN), actor="tester")
    publish_builds(packages, "1", version="0.9")
    publish(packages, sdist(), wheel(build="9"))
    publish_builds(packages, "23", "24")
    packages.context.store.close()
    return call


class TestPurging:
    def test_old_sets(self, old):
        plan = """\
            PACKAGE     VERSION  SET  PLAN    ASSETS   SIZE  AGE  REASON
            pypi/pyabc  1.0.0    9    remove       1  782 B  40d  2 sets are newer
            remove 1 set (782 B), keep 3
              keep 2: active
              keep 1: one of the newest 2
            """
        old("purge AbcDev --keep-sets 2").said(plan, PLAN, 8)
        old("purge AbcDev --keep-sets 2 --dry-run -q").said(f"{DEV} 9\n")
        old("purge AbcDev/pypi/pyabc --keep-sets 2 --yes").said(
            f"{plan}deleted 1 set (782 B)\n            "
        )
        assert old(f"sets {DEV} -q").stdout == "23\n24\n"

    def test_old_versions(self, old):
        ran = old("purge AbcDev --keep-versions 1 --yes")
        assert ran.stdout.splitlines()[1:3] == [
            "pypi/pyabc  0.9      1    remove       1  762 B  40d  1 version is newer",
            "remove 1 set (762 B), keep 3",
        ]
        assert old("ls AbcDev/pypi/pyabc -q").stdout == f"{DEV}\n"

    def test_every_decision(self, old):
        old("purge AbcDev --older-than 60d --keep-sets 0 --all-decisions").said(
            """\
            PACKAGE     VERSION  SET  PLAN  ASSETS   SIZE  AGE  REASON
            pypi/pyabc  1.0.0    24   keep       1  783 B  40d  active
            pypi/pyabc  1.0.0    23   keep       1  783 B  40d  younger than 60 days
            pypi/pyabc  1.0.0    9    keep       1  782 B  40d  younger than 60 days
            pypi/pyabc  0.9      1    keep       1  762 B  40d  active
            remove none, keep 4
            """
        )

    def test_what_is_young_is_kept_for_an_hour_in_any_case(self, packages):
        packages("purge AbcDev --older-than 0 --keep-sets 0").said(
            """\
            remove none, keep 3
              keep 1: active
              keep 2: younger than an hour
            """
        )

    def test_for_programs(self, old):
        found = json.loads(old("purge AbcDev --keep-sets 1 --yes --json").stdout)
        assert [one["asset_set"] for one in found["result"]["removed"]] == ["23", "9"]
        assert (found["applied"], found["result"]["freed"]) == (True, 1565)

    @pytest.mark.parametrize(
        "line", ["AbcDev/pypi", "AbcDev --dry-run --yes", "AbcDev --keep-sets x"]
    )
    def test_what_can_not_be_meant(self, packages, line):
        assert packages(f"purge {line}").code == 2


def spoil_a_page(home):
    """As if its writer had been killed."""
    context = packages_of(home).context
    context.write(f"{simple_folder('AbcDev')}pyabc/index.html", b"old")


def leave_bytes_behind(home):
    """As if an upload had been killed 40 days ago."""
    key = f"AbcDev/pypi/files/pyabc/1.0.0/0-{'0' * 64}/left.whl"
    packages_of(home).context.write(key, b"left")
    with closing(sqlite3.connect(home / DOMAIN / "versioned.db", isolation_level=None)) as database:
        day = 24 * 60 * 60 * 1_000_000
        database.execute(
            "UPDATE objects SET modified = modified - ? WHERE key = ?", (40 * day, key)
        )
    return key


class TestCare:
    def test_all_is_well(self, packages):
        packages("doctor").said("all is well\n")
        packages("doctor AbcDev --json").said("[]\n")
        packages("reindex AbcDev").said("all pages of AbcDev are as they should be\n")

    def test_a_page_that_is_behind(self, packages, home):
        spoil_a_page(home)
        packages("doctor").said(
            """\
            REPOSITORY  FINDING     STATE          WHAT
            AbcDev      stale-page  can be mended  AbcDev/pypi/pyabc
            1 finding, 0 mended
            """,
            "error: 1 finding not mended\nhint: versioned packages doctor --mend\n",
            9,
        )
        packages("reindex AbcDev/pypi/pyabc").said("wrote AbcDev/pypi/pyabc\n")
        packages("doctor -q").said("")

    def test_bytes_that_no_version_has(self, packages, home):
        key = leave_bytes_behind(home)
        packages("doctor AbcProd").said("all is well\n")
        packages("doctor AbcDev -q").said(
            f"{key}\n", "error: 1 finding not mended\nhint: versioned packages doctor --mend\n", 9
        )
        ran = packages("doctor --mend")
        assert (ran.stdout.splitlines()[-1], ran.code) == ("1 finding, 1 mended", 0)
        packages("doctor").said("all is well\n")
        assert packages(f"get {DEV} -q").code == 0

    def test_nothing_is_written_without_mend(self, packages, home):
        spoil_a_page(home)
        store = LocalStore(home / DOMAIN)
        before = [(one.key, one.etag) for one in store.list_objects("")]
        assert packages("doctor").code == 9
        assert [(one.key, one.etag) for one in store.list_objects("")] == before

    @pytest.mark.parametrize(("line", "code"), [("doctor Nope", 3), ("reindex AbcDev/pypi", 2)])
    def test_what_is_not_there(self, packages, line, code):
        assert packages(line).code == code


class TestTokens:
    def test_the_secret_is_printed_once(self, packages, run):
        ran = packages("tokens create ci --scope AbcDev:read,publish --expires 90d")
        assert ran.stdout == "SECRET\n"
        assert ran.stderr == (
            "token HEX for ci: AbcDev:read,publish, until 2026-01-01 00:00:00Z; "
            "keep it, it is not shown again\n"
        )
        secret = run("packages tokens create me --scope '*:admin' -q").stdout.strip()
        listed = run("packages tokens ls --json").stdout
        assert secret.split("-")[1] in listed
        assert secret.split("-")[2] not in listed
        assert sha256(secret.split("-")[2].encode()) not in listed

    def test_listed_revoked_and_removed(self, packages, run):
        secret = run("packages tokens create ci --scope AbcDev:read -q").stdout
        identity = secret.split("-")[1]
        packages("tokens ls").said(
            f"""\
            TOKEN             NAME  STATE  ALLOWS       ENDS  AGE  BY
            {identity}  ci    valid  AbcDev:read  -     now  tester
            """
        )
        packages(f"tokens revoke {identity}").said("token HEX for ci is revoked\n")
        assert "revoked" in packages("tokens ls").stdout
        packages("tokens prune").said("removed 1 token\n")
        packages("tokens ls").said(
            "", "no tokens: versioned packages tokens create NAME --scope AbcDev:read\n"
        )

    def test_several_are_revoked_at_once_and_those_made_from_them_are_seen_to_end(
        self, packages, run, home
    ):
        with closing(LocalStore(home / DOMAIN)) as store:
            made = Packages(store)
            parent = made.create_token("login", {"AbcDev": [Scope.READ]}).token
            made.create_token("login", {"AbcDev": [Scope.READ]}, parent=parent)
        other = run("packages tokens create ci --scope AbcDev:read -q").stdout.split("-")[1]
        answer = packages(f"tokens revoke {parent.identity} {other}")
        assert answer.stdout.count("is revoked") == 2
        assert "ended with its parent" in packages("tokens ls").stdout
        packages("tokens prune").said("removed 3 tokens\n")

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ("create ci", 2),
            ("create ci --scope AbcDev", 2),
            ("create ci --scope AbcDev:write", 2),
            ("create ci --scope Nope:read", 3),
            ("create ci --scope '*:read' --expires 99999d", 2),
            ("revoke 0123456789abcdef", 3),
        ],
    )
    def test_what_can_not_be_meant(self, packages, line, code):
        assert packages(f"tokens {line}").code == code
