"""`versioned packages`: domains, publishing, looking, downloading."""

import json
import os
import subprocess
import sys

import pytest
from package_making import sdist, sha256, wheel
from package_words import DEV, DOMAIN, name_of, short

pytest_plugins = ("packages_fixtures",)


class TestDomains:
    def test_one_is_made_here(self, call, home):
        call("init AbcDev AbcProd --name abc").said(
            "the domain abc is ready in file:///work/.versioned-packages; "
            "repositories: AbcDev, AbcProd\n"
        )
        call("ls -q").said("AbcDev\nAbcProd\n")
        assert not (home / ".versioned.toml").exists()

    def test_without_a_name_it_has_one_and_keeps_what_it_has(self, call):
        assert call("init").stdout.startswith("the domain packages is ready")
        call("init AbcDev --name other").said(
            "",
            """\
            error: file:///work/.versioned-packages is the domain 'packages', not 'other'
            hint: use that name, or another place
            """,
            4,
        )
        assert "AbcDev" in call("init AbcDev").stdout

    @pytest.mark.parametrize("place", ["./.versioned", "./.versioned/packages", "."])
    def test_none_is_made_where_artifacts_are_kept(self, call, run, home, place):
        run("init -q")
        before = sorted(home.iterdir())
        ran = call(f"init AbcDev --domain {place}")
        assert (ran.stdout, ran.code) == ("", 2)
        assert ran.stderr.splitlines()[1] == (
            "hint: packages need a place of their own: --domain URL"
        )
        assert sorted(home.iterdir()) == before
        assert call("init AbcDev").code == 0

    def test_the_config_names_it_from_then_on(self, call, home, monkeypatch):
        (home / ".versioned.toml").write_text(
            'repository = "./here"\n\n[packages] # ours\n\n[images]\nregistry = "r"\n'
        )
        call("init AbcDev --domain ./kept").said(
            "the domain packages is ready in file:///work/kept; repositories: AbcDev\n",
            ".versioned.toml names it for this directory and those below\n",
        )
        assert (home / ".versioned.toml").read_text() == (
            'repository = "./here"\n\n[packages] # ours\ndomain = "./kept"\n\n'
            '[images]\nregistry = "r"\n'
        )
        (home / "below").mkdir()
        monkeypatch.chdir(home / "below")
        call("ls -q").said("AbcDev\n")

    def test_the_config_is_changed_once_and_then_left_alone(self, call, home):
        call("init --domain ./one")
        assert (home / ".versioned.toml").read_text() == '[packages]\ndomain = "./one"\n'
        assert "names it" not in call("init --domain ./one").stderr
        call("init --domain ./two")
        assert (home / ".versioned.toml").read_text() == '[packages]\ndomain = "./two"\n'

    def test_a_config_that_is_written_otherwise_is_not_spoilt(self, call, home):
        (home / ".versioned.toml").write_text("packages = {}\n")
        assert call("init --domain ./one").code == 2
        assert (home / ".versioned.toml").read_text() == "packages = {}\n"

    def test_which_one_is_meant(self, call, home, monkeypatch):
        for name in ("option", "variable", "file"):
            call(f"init {name} --domain ./{name}")
        call("init default --domain ./.versioned-packages")
        (home / ".versioned.toml").write_text('[packages]\ndomain = "file"\n')
        monkeypatch.setenv("VERSIONED_PACKAGES", "variable")
        assert call("ls -q --domain option").stdout == "option\n"
        assert call("--domain option ls -q").stdout == "option\n"
        assert call("ls -q").stdout == "variable\n"
        monkeypatch.delenv("VERSIONED_PACKAGES")
        assert call("ls -q").stdout == "file\n"
        (home / ".versioned.toml").unlink()
        assert call("ls -q").stdout == "default\n"

    def test_without_one_the_way_to_one_is_said(self, call):
        call("ls").said(
            "",
            """\
            error: no domain of packages is named by --domain, VERSIONED_PACKAGES or .versioned.toml, and there is no ./.versioned-packages
            hint: run versioned packages init to make one here
            """,
            3,
        )
        ran = call("ls --domain ./nowhere")
        assert (ran.code, ran.stderr.splitlines()[1]) == (
            3,
            "hint: versioned packages init makes a domain there",
        )

    @pytest.mark.parametrize("line", ["domain = 1", "domian = 'x'"])
    def test_a_table_that_is_not_understood_is_refused(self, call, home, line):
        (home / ".versioned.toml").write_text(f"[packages]\n{line}\n")
        ran = call("ls")
        assert (ran.code, ran.stdout) == (2, "")
        assert ran.stderr.startswith("error: the table [packages] has dom")

    def test_what_a_repository_requires(self, packages):
        packages("create AbcProd --require uat --require scan --description 'for customers'").said(
            "the repository AbcProd is changed; promoting into it needs scan, uat\n"
        )
        packages("create AbcProd -q").said("AbcProd\n")
        packages("ls").said(
            """\
            REPOSITORY  REQUIRES   DESCRIPTION
            AbcDev      -          -
            AbcProd     scan, uat  for customers
            AbcStaging  -          -
            """
        )

    def test_a_check_more_takes_none_away(self, packages):
        packages("create New").said("the repository New is made\n")
        packages("create New").said("the repository New is there\n")
        packages("create New --require uat").said(
            "the repository New is changed; promoting into it needs uat\n"
        )
        packages("create New --require scan").said(
            "the repository New is changed; promoting into it needs scan, uat\n"
        )
        packages("create New --no-require uat").said(
            "the repository New is changed; promoting into it needs scan\n"
        )
        packages("create New --no-require uat").said(
            "", "error: New does not require 'uat'\nhint: it requires scan\n", 2
        )
        assert packages("create New --require x --no-require x").code == 2

    def test_from_where_a_repository_takes_what_it_has(self, packages):
        packages("create AbcProd --from AbcStaging --require uat").said(
            "the repository AbcProd is changed; promoting into it needs uat; promoted from AbcStaging only\n"
        )
        packages("create AbcProd --from AbcDev").said(
            "the repository AbcProd is changed; promoting into it needs uat; "
            "promoted from AbcDev or AbcStaging only\n"
        )
        packages("ls").said(
            """\
            REPOSITORY  REQUIRES  FROM
            AbcDev      -         -
            AbcProd     uat       AbcDev, AbcStaging
            AbcStaging  -         -
            """
        )
        packages("create AbcProd --no-from AbcDev -q").said("AbcProd\n")
        packages("create AbcProd --no-from AbcDev").said(
            "", "error: AbcProd has no source 'AbcDev'\nhint: it has AbcStaging\n", 2
        )
        packages("create AbcProd --no-from AbcStaging").said(
            "the repository AbcProd is changed; promoting into it needs uat; "
            "whoever may publish can publish into it again\n"
        )
        assert packages("create AbcProd --from AbcDev --no-from AbcDev").code == 2
        assert packages("create AbcProd --from AbcProd").code == 2
        assert packages("create AbcProd --from Nowhere").code == 3

    def test_nothing_is_published_where_promotions_are_taken_only(self, packages, home):
        packages("create AbcProd --from AbcStaging")
        (home / "a.sh").write_text("a")
        packages("publish AbcProd/generic/team/scripts@7 a.sh").said(
            "",
            """\
            error: nothing is published into AbcProd: it takes promotions from AbcStaging only
            hint: publish it where it is built, then promote it: versioned packages promote AbcStaging/... --to AbcProd
            """,
            10,
        )

    def test_the_help_loads_neither_stores_nor_servers(self):
        script = (
            "import sys\nfrom versioned.cli.main import program\n"
            "program.main(['packages', '--help'], standalone_mode=False)\n"
            "heavy = {'boto3', 'botocore', 'starlette', 'uvicorn', 'rich', 'sqlite3'}\n"
            "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        )
        subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)


class TestPublishing:
    def test_a_wheel(self, packages, dist):
        packages(f"publish AbcDev {dist(wheel(build='25'))}").said(
            f"published {DEV}: {name_of('25')}, revision 4-0123456789abcdef, build 25 active\n"
        )

    def test_the_same_again_changes_nothing(self, packages, dist):
        packages(f"publish AbcDev {dist(wheel(build='24'))}").said(
            f"unchanged: {DEV}, revision 3-0123456789abcdef, build 24 active\n"
        )

    def test_a_late_older_build_is_told_not_to_be_active(self, packages, dist):
        packages(f"publish AbcDev {dist(wheel(build='10'))}").said(
            f"published {DEV}: {name_of('10')}, revision 4-0123456789abcdef, build 24 active\n"
        )

    def test_a_directory_one_moment_a_version(self, packages, dist, home):
        dist(wheel(version="2.0"), sdist(version="2.0"), wheel(version="1.9"), ("notes.txt", b""))
        (home / "dist" / ".gitignore").write_text("*")
        packages("publish AbcDev dist/ -m 'both'").said(
            """\
            published AbcDev/pypi/pyabc@1.9: PyABC-1.9-py3-none-any.whl, revision 1-0123456789abcdef
            published AbcDev/pypi/pyabc@2.0: 2 assets, revision 1-0123456789abcdef
            """,
            "1 other file in dist left alone\n",
        )
        (found,) = json.loads(packages("history AbcDev/pypi/pyabc@2.0 --json").stdout)
        assert (found["message"], len(found["assets"])) == ("both", 2)

    def test_nothing_is_published_where_a_file_is_not_what_it_says(self, packages, dist):
        dist(wheel(version="1.9"), ("PyABC-2.0-py3-none-any.whl", wheel()[1]))
        packages("publish AbcDev dist/").said(
            "",
            """\
            error: 'PyABC-2.0-py3-none-any.whl' holds 'PyABC-1.0.0'.dist-info
            hint: build it again; it was renamed
            """,
            2,
        )
        packages("ls AbcDev/pypi/pyabc -q").said(f"{DEV}\n")

    def test_what_was_published_before_a_failure_is_told(self, packages, dist):
        dist(wheel(version="0.9"), wheel(build="24", body="other"))
        packages("publish AbcDev dist/").said(
            "published AbcDev/pypi/pyabc@0.9: PyABC-0.9-py3-none-any.whl, revision 1-0123456789abcdef\n",
            f"""\
            error: '{name_of("24")}' is there with other bytes: sha256 {short("24")}, not {sha256(wheel(build="24", body="other")[1])[:12]}
            hint: a name is never given to other bytes; use another build tag or version
            """,
            4,
        )

    def test_generic_assets(self, packages, dist):
        two = dist(("deploy.sh", b"1"), ("rollback.sh", b"2"))
        ref = "AbcDev/generic/team/scripts@7"
        packages(f"publish {ref} {two}").said(
            f"published {ref}: 2 assets, revision 1-0123456789abcdef, set 1 active\n"
        )
        packages(f"publish {ref} dist/").said(
            f"unchanged: {ref}, revision 1-0123456789abcdef, set 1 active\n"
        )
        dist(("deploy.sh", b"3"))
        packages(f"publish {ref} {two} --set blue -q").said("2-0123456789abcdef\n")

    def test_a_set_is_filled_step_by_step(self, packages, dist):
        dist(("a", b"1"), ("b", b"2"))
        ref = "AbcDev/generic/team/scripts@8"
        packages(f"publish {ref} dist/a --unfinished").said(
            f"published {ref}: a, revision 1-0123456789abcdef, set 1 unfinished\n"
        )
        packages(f"publish {ref} dist/b").said(
            f"published {ref}: b, revision 2-0123456789abcdef, set 1 active\n"
        )

    def test_for_programs(self, packages, dist):
        (found,) = json.loads(packages(f"publish AbcDev {dist(wheel(build='25'))} --json").stdout)
        assert (found["changed"], found["active"], found["position"]) == (True, "25", 4)

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("AbcDev dist/x.sh", "'x.sh' is no wheel, source distribution or npm tarball"),
            ("AbcDev empty", "there are no wheels, source distributions or npm tarballs in 'emp"),
            ("AbcDev/pypi/pyabc dist/x.sh", "AbcDev/pypi/pyabc names a package without a version"),
            (f"{DEV} dist/x.sh", "files of pypi say themselves which version they are of"),
            ("AbcDev/generic/team/x@1 empty", "there are no files to publish"),
            ("AbcDev dist/x.sh --unfinished", "--unfinished is for other files than wheels"),
            ("AbcDev dist/nope", "Invalid value for 'FILE...': Path 'dist/nope' does not exist."),
        ],
    )
    def test_what_can_not_be_meant(self, packages, dist, home, line, message):
        dist(("x.sh", b""))
        (home / "empty").mkdir()
        ran = packages(f"publish {line}")
        assert (ran.code, ran.stdout) == (2, "")
        assert ran.stderr.startswith(f"error: {message}")


class TestLooking:
    def test_packages(self, packages, dist):
        packages(f"publish AbcDev/generic/team/scripts@7 {dist(('a', b''))}")
        packages("ls AbcDev").said("PACKAGE\nAbcDev/pypi/pyabc\nAbcDev/generic/team/scripts\n")
        packages("ls AbcDev/pypi -q").said("AbcDev/pypi/pyabc\n")
        packages("ls AbcProd/").said("", "no packages in AbcProd\n")
        found = json.loads(packages("ls AbcDev/generic --json").stdout)
        assert found == [
            {
                "format": "generic",
                "namespace": "team",
                "package": "scripts",
                "name": "AbcDev/generic/team/scripts",
            }
        ]

    def test_versions_the_newest_first(self, packages, dist):
        dist(wheel(version="1.10.0"), wheel(version="1.9.0"))
        packages("publish AbcDev dist")
        packages("yank AbcDev/pypi/pyabc@1.9.0")
        packages("ls AbcDev/pypi/pyabc").said(
            """\
            VERSION  STATUS              ACTIVE    ASSETS  REVISION            AGE  BY
            1.10.0   Published           no build       1  1-0123456789abcdef  now  tester
            1.9.0    Published (yanked)  no build       1  2-0123456789abcdef  now  tester
            1.0.0    Published           24             4  3-0123456789abcdef  now  tester
            """
        )

    def test_versions_of_others_in_the_order_of_their_numbers(self, packages, dist):
        dist(("a", b""))
        for version in ("9", "10", "9b"):
            packages(f"publish AbcDev/generic/team/x@{version} dist/a")
        ran = packages("ls AbcDev/generic/team/x -q")
        assert [line[-2:] for line in ran.stdout.split()] == ["10", "9b", "@9"]

    def test_assets_the_newest_build_last(self, packages):
        packages(f"assets {DEV}").said(
            f"""\
            {DEV} is Published, revision 3-0123456789abcdef
            ASSET                            SET    STATE        SIZE  SHA256        AGE
            pyabc-1.0.0.tar.gz               every  active      181 B  {sha256(sdist()[1])[:12]}  now
            {name_of("9")}   9      superseded  782 B  {short("9")}  now
            {name_of("23")}  23     superseded  783 B  {short("23")}  now
            {name_of("24")}  24     active      783 B  {short("24")}  now
            """
        )
        assert packages(f"assets {DEV} -q").stdout.split()[-1] == name_of("24")

    def test_assets_of_a_set_and_as_they_were(self, packages):
        packages(f"assets {DEV} --set 23 -q").said(f"pyabc-1.0.0.tar.gz\n{name_of('23')}\n")
        revision = json.loads(packages(f"history {DEV} --json").stdout)[-1]["revision"]
        assert packages(f"assets {DEV} --set x").code == 3
        found = json.loads(packages(f"assets {DEV} --json").stdout)
        assert (found["active"], len(found["assets"][-1]["sha256"])) == ("24", 64)
        assert revision == "1-0123456789abcdef"

    def test_a_former_revision(self, packages, run):
        first = json.loads(run(f"packages history {DEV} --json").stdout)[-1]["revision"]
        packages(f"assets {DEV} --revision {first} -q").said(
            f"pyabc-1.0.0.tar.gz\n{name_of('9')}\n"
        )
        assert packages(f"assets {DEV} --revision 1-{'0' * 16}").code == 3

    def test_sets(self, packages):
        packages(f"sets {DEV}").said(
            """\
            SET  STATE       ASSETS   SIZE  AGE
            9    superseded       1  782 B  now
            23   superseded       1  783 B  now
            24   active           1  783 B  now
            """
        )
        packages(f"sets {DEV} -q").said("9\n23\n24\n")
        found = json.loads(packages(f"sets {DEV} --json").stdout)
        assert [(one["name"], one["assets"]) for one in found][-1] == ("24", [name_of("24")])

    def test_history(self, packages):
        packages(f"history {DEV}").said(
            f"""\
            REVISION            WHAT                                                      WHEN                  AGE  BY      MESSAGE
            3-0123456789abcdef  publish {name_of("24")}, build 24 active  2026-01-01 00:00:00Z  now  tester  -
            2-0123456789abcdef  publish {name_of("23")}, build 23 active  2026-01-01 00:00:00Z  now  tester  -
            1-0123456789abcdef  publish 2 assets, build 9 active                          2026-01-01 00:00:00Z  now  tester  first
            """
        )

    @pytest.mark.parametrize(
        ("line", "code", "message"),
        [
            ("ls Nope", 3, "the domain 'abc' has no repository 'Nope'"),
            ("ls AbcDev/pypi/nope", 3, "AbcDev has no package nope"),
            ("ls AbcDev/cargo", 2, "'cargo' is no format of packages"),
            (f"ls {DEV}", 2, f"'{DEV}' names a version, and no single one is meant here"),
            ("assets AbcDev/pypi/pyabc@9", 3, "AbcDev has no version 9 of pyabc"),
            ("assets AbcDev/pypi/pyabc", 2, "'AbcDev/pypi/pyabc' does not name a version of a"),
            ("assets AbcDev/npm/@a/b", 2, "'AbcDev/npm/@a/b' does not name a version of a pack"),
            ("assets AbcDev/pypi/pyabc@x", 2, "'x' is no version as PEP 440 has it"),
            ("assets AbcDev/npm/@a/b@1.0.0", 3, "AbcDev has no version 1.0.0 of @a/b"),
            ("history AbcDev/pypi/nope@1", 3, "AbcDev has no version 1 of nope"),
        ],
    )
    def test_what_is_not_there_or_not_named(self, packages, line, code, message):
        ran = packages(line)
        assert (ran.stdout, ran.code) == ("", code)
        assert ran.stderr.startswith(f"error: {message}")


class TestGetting:
    def test_the_active_set(self, packages, home):
        packages(f"get {DEV} -o wheels").said(
            f"""\
            wheels/pyabc-1.0.0.tar.gz: 181 B, sha256 {sha256(sdist()[1])[:12]}, downloaded
            wheels/{name_of("24")}: 783 B, sha256 {short("24")}, downloaded
            """
        )
        assert (home / "wheels" / name_of("24")).read_bytes() == wheel(build="24")[1]
        assert packages(f"get {DEV} -o wheels").stdout.count("unchanged") == 2

    def test_an_asset_of_any_set(self, packages, home):
        packages(f"get {DEV} {name_of('9')} -q").said(f"{name_of('9')}\n")
        packages(f"get {DEV} {name_of('23')} -o x.whl -q").said("x.whl\n")
        assert (home / "x.whl").read_bytes() == wheel(build="23")[1]

    def test_the_set_without_a_build_is_named_by_nothing(self, packages, dist):
        packages(f"publish AbcDev {dist(wheel())}")
        packages(f"get {DEV} --set '' -q").said(
            "pyabc-1.0.0.tar.gz\nPyABC-1.0.0-py3-none-any.whl\n"
        )
        assert packages(f"get {DEV} {name_of('24')} --set ''").code == 3

    def test_to_standard_output(self, packages):
        ran = packages(f"get {DEV} {name_of('24')} -o -")
        assert (ran.raw, ran.stderr) == (wheel(build="24")[1], "")
        assert packages(f"get {DEV} -o -").code == 2

    def test_one_name_in_several_sets(self, packages, dist, home):
        ref = "AbcDev/generic/team/x@1"
        for content in (b"one", b"two"):
            packages(f"publish {ref} {dist(('a', content))}")
        packages(f"get {ref} a")
        assert (home / "a").read_bytes() == b"two"
        packages(f"get {ref} a --set 1 -o old/").said(
            f"old/a: 3 B, sha256 {sha256(b'one')[:12]}, downloaded\n"
        )

    def test_a_file_that_holds_something_else_is_kept(self, packages, home):
        (home / "x.whl").write_text("mine")
        packages(f"get {DEV} {name_of('24')} -o x.whl").said(
            "",
            f"""\
            error: 'x.whl' is there and is not {name_of("24")} of pyabc 1.0.0 in AbcDev
            hint: name another place with -o, or add --force to overwrite it
            """,
            4,
        )
        assert packages(f"get {DEV} {name_of('24')} -o x.whl --force").code == 0
        assert (home / "x.whl").read_bytes() == wheel(build="24")[1]

    def test_what_is_archived_is_refused_also_where_the_file_is_there(self, packages):
        packages(f"get {DEV} -o wheels")
        packages(f"status {DEV} Archived")
        ran = packages(f"get {DEV} -o wheels")
        assert (ran.stdout, ran.code) == ("", 4)
        assert ran.stderr.startswith("error: pyabc 1.0.0 is Archived in AbcDev")

    def test_damaged_bytes_leave_no_file(self, packages, home):
        digest = sha256(wheel(build="24")[1])
        blob = home / DOMAIN / "blobs" / digest[:2] / digest
        blob.chmod(0o644)
        blob.write_bytes(blob.read_bytes().replace(b"BUILD", b"build"))
        ran = packages(f"get {DEV} {name_of('24')} -o x.whl")
        assert (ran.code, ran.stdout) == (5, "")
        assert not (home / "x.whl").exists()

    @pytest.mark.parametrize(
        ("line", "code"),
        [(f"{DEV} nope", 3), (f"{DEV} --set 99", 3), (f"{DEV} {name_of('24')} -o no/such/x", 2)],
    )
    def test_what_is_not_there(self, packages, line, code):
        assert packages(f"get {line}").code == code

    def test_for_programs(self, packages):
        found = json.loads(packages(f"get {DEV} --set 23 --json").stdout)
        assert found["reference"] == DEV
        assert [one["name"] for one in found["assets"]] == ["pyabc-1.0.0.tar.gz", name_of("23")]
        assert all(one["downloaded"] for one in found["assets"])


class TestCompletion:
    def complete(self, words):
        ran = subprocess.run(
            [sys.executable, "-c", "from versioned.cli.main import main; main()"],
            env=os.environ
            | {
                "_VERSIONED_COMPLETE": "bash_complete",
                "COMP_WORDS": f"versioned packages {words}",
                "COMP_CWORD": str(len(words.split()) + 1),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stderr == ""
        return [line.partition(",")[2] for line in ran.stdout.splitlines() if line]

    @pytest.mark.usefixtures("packages")
    def test_repositories_packages_and_versions(self):
        assert self.complete("ls AbcP") == ["AbcProd"]
        assert self.complete("ls AbcD") == ["AbcDev", "AbcDev/pypi/pyabc"]
        assert self.complete("assets AbcDev/p") == ["AbcDev/pypi/pyabc", DEV]
        assert self.complete(f"assets {DEV[:-3]}") == [DEV]
        assert self.complete("assets AbcDev@") == []

    def test_it_is_silent_without_a_domain_and_never_asks_the_network(self, home):
        assert self.complete("ls A") == []
        (home / ".versioned.toml").write_text('[packages]\ndomain = "s3://bucket/x"\n')
        assert self.complete("assets AbcDev/pypi/pyabc@") == []
