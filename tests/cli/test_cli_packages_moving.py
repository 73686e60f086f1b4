"""`versioned packages`: verdicts, promotion, and what a version is made to be afterwards."""

import json

import pytest
from npm_making import tarball
from package_making import wheel
from package_words import DEV, PROD, STAGING, name_of, settled, short

pytest_plugins = ("packages_fixtures",)

BUILD_24 = name_of("24")
TESTED = f"--asset {BUILD_24}"


@pytest.fixture
def staged(packages):
    """`packages` with build 24 in AbcStaging, promoted because it passed."""
    packages(f"verdict {DEV} integration --pass {TESTED}")
    packages(f"promote {DEV} --to AbcStaging {TESTED} --require integration")
    return packages


class TestVerdicts:
    def test_one_of_the_active_set(self, packages):
        packages(f"verdict {DEV} unit --pass --asset {name_of('23')} --asset {BUILD_24}").said(
            f"""\
            unit: pass for {name_of("23")} (sha256 {short("23")})
            unit: pass for {BUILD_24} (sha256 {short("24")})
            """
        )
        ran = packages(f"verdict {DEV} unit --fail -q")
        assert len(ran.stdout.split()) == 2, "the wheel and the source distribution"

    def test_all_of_a_version(self, packages):
        packages(f"verdict {DEV} integration --fail --set 23 -m '3 of 400' --url https://ci/23")
        packages(f"verdict {DEV} integration --pass {TESTED}")
        ran = packages(f"verdicts {DEV}")
        assert ran.stdout.splitlines()[-1] == (
            f"{BUILD_24}  integration  pass     2026-01-01 00:00:00Z  tester  -              -"
        )
        assert packages(f"verdicts {DEV} -q").stdout.splitlines()[-2:] == [
            f"{name_of('23')} integration fail",
            f"{BUILD_24} integration pass",
        ]
        newest = json.loads(packages(f"verdicts {DEV} --json").stdout)[-1]
        assert (newest["asset"], newest["outcome"], newest["by"]) == (BUILD_24, "pass", "tester")

    def test_none_yet(self, packages):
        packages(f"verdicts {DEV}").said(
            "",
            f"no verdicts: versioned packages verdict {DEV} CHECK --pass records one\n",
        )

    def test_a_check_that_no_repository_requires_while_others_are_is_doubted(self, packages):
        packages("create AbcProd --require uat --require integration")
        assert packages(f"verdict {DEV} integration --pass").stderr == ""
        ran = packages(f"verdict {DEV} integraton --pass {TESTED}")
        ran.said(
            f"integraton: pass for {BUILD_24} (sha256 {short('24')})\n",
            "warning: no repository requires integraton, only integration, uat; "
            "did you mean integration?\n",
        )
        assert packages(f"verdict {DEV} lint --pass -q").stderr == (
            "warning: no repository requires lint, only integration, uat\n"
        )
        assert json.loads(packages(f"verdict {DEV} lint --pass --json").stdout)

    @pytest.mark.parametrize("line", ["unit", "unit --pass --fail", "'bad name' --pass"])
    def test_what_can_not_be_meant(self, packages, line):
        assert packages(f"verdict {DEV} {line}").code == 2


class TestPromoting:
    def test_exactly_the_asset_that_passed(self, packages):
        packages(f"verdict {DEV} integration --pass {TESTED}")
        packages(f"promote {DEV} --to AbcStaging {TESTED} --require integration").said(
            f"promoted {DEV} to AbcStaging: {BUILD_24}, "
            "revision 1-0123456789abcdef, build 24 active\n"
        )
        packages(f"assets {STAGING}").said(
            f"""\
            {STAGING} is Published, revision 1-0123456789abcdef
            ASSET                            SET  STATE    SIZE  SHA256        AGE  FROM
            {BUILD_24}  24   active  783 B  {short("24")}  now  AbcDev
            """
        )

    def test_a_former_revision_though_somebody_uploaded_in_between(self, packages, run, dist):
        tested = run(f"packages history {DEV} -q").stdout.split()[0]
        packages(f"publish AbcDev {dist(wheel(build='25'))}")
        packages(f"promote {DEV} --to AbcStaging --revision {tested}").said(
            f"promoted {DEV} to AbcStaging: 2 assets, revision 1-0123456789abcdef, "
            "build 24 active\n"
        )

    def test_the_active_set_a_set_or_bytes(self, packages, run):
        document = json.loads(run(f"packages assets {DEV} --json").stdout)
        sha256 = document["assets"][-1]["sha256"]
        assert "2 assets" in packages(f"promote {DEV} --to AbcProd --set 23").stdout
        assert BUILD_24 in packages(f"promote {DEV} --to AbcStaging --sha256 {sha256}").stdout

    def test_the_build_is_left_out_of_the_name(self, staged):
        staged(f"promote {STAGING} --to AbcProd --strip-build -m 'ABC-7'").said(
            f"promoted {STAGING} to AbcProd: PyABC-1.0.0-py3-none-any.whl, "
            "revision 1-0123456789abcdef\n"
        )
        (found,) = json.loads(staged(f"history {PROD} --json").stdout)
        assert (found["message"], found["assets"][0]["origin"]["asset"]) == ("ABC-7", BUILD_24)

    def test_a_repeat_changes_nothing(self, staged):
        staged(f"promote {DEV} --to AbcStaging {TESTED}").said(
            f"unchanged: {STAGING}, revision 1-0123456789abcdef, build 24 active\n"
        )

    def test_a_gate_that_is_not_met(self, packages):
        packages("create AbcProd --require uat")
        packages(f"promote {DEV} --to AbcProd {TESTED} --require integration").said(
            f"""\
            integration of {BUILD_24}  no verdict
            uat of {BUILD_24}          no verdict
            """,
            f"""\
            error: not met: integration of {BUILD_24}: no verdict; uat of {BUILD_24}: no verdict
            hint: nothing was promoted; versioned packages verdict ... --pass records one
            """,
            10,
        )
        packages(f"verdict {DEV} uat --fail {TESTED}")
        ran = packages(f"promote {DEV} --to AbcProd {TESTED} --json")
        assert json.loads(ran.stdout) == {"unmet": {f"uat of {BUILD_24}": "it failed"}}
        assert json.loads(ran.stderr)["error"] == "verdict-missing"

    def test_a_promotion_without_strip_build_is_told_of_the_one_with_it(self, staged):
        assert staged(f"promote {STAGING} --to AbcProd --strip-build").code == 0
        staged(f"promote {STAGING} --to AbcProd").said(
            "",
            """\
            error: pyabc 1.0.0 in AbcProd is there already, with the same bytes as 'PyABC-1.0.0-py3-none-any.whl'
            hint: repeat it as it was promoted, with --strip-build or without
            """,
            4,
        )

    def test_adding_to_what_is_there_has_to_be_allowed(self, staged):
        staged(f"promote {DEV} --to AbcStaging --set 23").said(
            "",
            """\
            error: pyabc 1.0.0 in AbcStaging is there already, with something else
            hint: with --allow-overwrite what is promoted becomes active, and what is there stays as superseded
            """,
            4,
        )
        assert staged(f"promote {DEV} --to AbcStaging --set 23 --allow-overwrite").code == 0
        staged(f"sets {STAGING}").said(
            """\
            SET  STATE       ASSETS   SIZE  AGE
            23   active           1  783 B  now
            24   superseded       1  783 B  now
            """
        )

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            (f"{DEV} --to AbcDev", 2),
            (f"{DEV} --to Nope", 3),
            (f"{DEV} --to AbcProd --asset nope", 3),
            (f"{DEV} --to AbcProd --asset x --set 24", 2),
            (f"{DEV} --to AbcProd --sha256 {'0' * 64}", 3),
            (f"{DEV} --to AbcProd --revision 1-{'0' * 16}", 3),
            (DEV, 2),
        ],
    )
    def test_what_can_not_be_promoted(self, packages, line, code):
        assert packages(f"promote {line}").code == code


class TestChanging:
    def test_another_set_is_activated(self, packages):
        packages(f"sets {DEV} --activate 23 -m 'build 24 hangs'").said(
            f"changed {DEV}, revision 4-0123456789abcdef, build 23 active\n"
        )
        packages(f"sets {DEV} --activate 23").said(
            f"unchanged: {DEV}, revision 4-0123456789abcdef, build 23 active\n"
        )
        packages(f"sets {DEV} --activate 99").said(
            "",
            """\
            error: there is no finished asset set '99'
            hint: there are '9', '23', '24'
            """,
            3,
        )
        assert packages(f"sets {DEV} -m why").code == 2

    def test_only_if_nobody_changed_it(self, packages, run):
        seen = run(f"packages history {DEV} -q").stdout.split()[0]
        packages(f"sets {DEV} --activate 23 --expect {seen} -q").said("4-0123456789abcdef\n")
        ran = packages(f"status {DEV} Archived --expect {seen}")
        assert (ran.stdout, ran.code) == ("", 4)
        assert ran.stderr == settled(
            f"error: pyabc 1.0.0 in AbcDev is at revision 4-{'0' * 16}, expected was {seen}\n"
            "hint: somebody changed it; look at it again\n"
        )

    def test_a_status(self, staged):
        staged(f"status {STAGING} archived -m 'end of life'").said(
            f"{STAGING} is now Archived, revision 2-0123456789abcdef, build 24 active\n"
        )
        staged(f"get {STAGING}").said(
            "",
            """\
            error: pyabc 1.0.0 is Archived in AbcStaging
            hint: versioned packages status makes an archived version Published again
            """,
            4,
        )
        staged(f"status {STAGING} Published -q").said("3-0123456789abcdef\n")
        assert staged(f"status {STAGING} Gone").code == 2

    def test_a_yank_and_its_end(self, staged):
        staged(f"yank {STAGING} -m 'loses data'").said(
            f"yanked {STAGING}: {BUILD_24}, revision 2-0123456789abcdef, build 24 active\n"
        )
        assert "yanked: loses data" in staged(f"assets {STAGING}").stdout
        staged(f"yank {STAGING} --undo").said(
            f"took back the yank of {STAGING}: {BUILD_24}, "
            "revision 3-0123456789abcdef, build 24 active\n"
        )
        assert staged(f"yank {STAGING} --undo").stdout.startswith("unchanged: ")
        assert [line.split("  ")[1] for line in _history(staged, STAGING)] == [
            f"unyank {BUILD_24}",
            f"yank {BUILD_24}",
            f"promote {BUILD_24} from AbcDev, build 24 active",
        ]

    def test_a_yank_of_one_asset(self, packages):
        packages(f"yank {DEV} --asset {name_of('9')}")
        states = {
            one["name"]: one["state"]
            for one in json.loads(packages(f"assets {DEV} --json").stdout)["assets"]
        }
        assert states[name_of("9")] == "yanked"
        assert states[BUILD_24] == "active"
        assert packages(f"yank {DEV} --asset nope").code == 3

    def test_a_deprecation_and_its_end(self, packages, dist):
        widget = "AbcDev/npm/@acme/widget@1.0.0"
        packages(f"publish AbcDev {dist(tarball())}")
        assert packages(f"deprecate {widget}").code == 2
        packages(f"deprecate {widget} -m 'use 2.0.0'").said(
            f"deprecated {widget}, revision 2-0123456789abcdef, set 1 active\n"
        )
        assert "Published (deprecated)" in packages("ls AbcDev/npm/@acme/widget").stdout
        assert packages(f"deprecate {widget} -m 'use 2.0.0'").stdout.startswith("unchanged: ")
        packages(f"deprecate {widget} --undo").said(
            f"took back the deprecation of {widget}, revision 3-0123456789abcdef, set 1 active\n"
        )

    def test_a_deprecation_that_nobody_would_see_is_refused(self, packages):
        packages(f"deprecate {DEV} -m 'use 2.0.0'").said(
            "",
            f"""\
            error: nobody who installs {DEV} would see it: only npm shows a deprecation
            hint: withdraw it instead: versioned packages yank {DEV} -m WHY
            """,
            2,
        )


def _history(call, ref):
    return call(f"history {ref}").stdout.splitlines()[1:]


WIDGET = "AbcDev/npm/@acme/widget"


class TestTags:
    @pytest.fixture
    def widgets(self, packages, dist):
        dist(*(tarball(version=version) for version in ("1.0.0", "1.1.0", "2.0.0-rc.1")))
        packages("publish AbcDev dist")
        return packages

    def test_npm_tarballs_say_themselves_what_they_are(self, packages, dist):
        packages(f"publish AbcDev {dist(tarball())}").said(
            f"published {WIDGET}@1.0.0: widget-1.0.0.tgz, revision 1-0123456789abcdef, "
            "set 1 active\n"
        )

    def test_versions_in_their_order(self, widgets):
        ran = widgets(f"ls {WIDGET} -q")
        assert [line.rpartition("@")[2] for line in ran.stdout.split()] == [
            "2.0.0-rc.1",
            "1.1.0",
            "1.0.0",
        ]

    def test_latest_is_the_highest_release_unless_somebody_says_so(self, widgets):
        widgets(f"tags {WIDGET}").said("TAG     VERSION\nlatest  1.1.0\n")
        widgets(f"dist-tag {WIDGET}@1.0.0 latest stable -m 'until 1.1 is fixed'").said(
            """\
            TAG     VERSION
            latest  1.0.0
            stable  1.0.0
            """
        )
        widgets(f"tags {WIDGET} --remove latest -q").said("latest 1.1.0\nstable 1.0.0\n")

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            (f"dist-tag {WIDGET}@9.9.9 beta", 3),
            (f"dist-tag {WIDGET}@1.0.0 1.2", 2),
            (f"dist-tag {DEV} beta", 2),
            ("tags AbcDev/npm", 2),
            (f"tags {WIDGET} -m why", 2),
            ("tags AbcDev/npm/nope", 3),
        ],
    )
    def test_what_can_not_be_meant(self, widgets, line, code):
        assert widgets(line).code == code
