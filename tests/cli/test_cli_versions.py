import hashlib
import io
import json
import os
import threading
from pathlib import Path

import pytest

from versioned.repository import Repository
from versioned.stores.local import LocalStore

ONE, TWO = (hashlib.sha256(text).hexdigest() for text in (b"one\n", b"two\n"))


def test_init_shows_what_the_store_enforces(run):
    run("init").said("""\
        repository file:///work/.versioned is ready; its store enforces
        create only           yes
        compare and set       yes
        conditional copy      yes
        conditional delete    yes
        conditional complete  yes
        """)


def test_init_with_a_url_names_it_in_a_config_file(run, home):
    assert run("init ./store").stderr == (
        ".versioned.toml names it for this directory and those below\n"
    )
    assert (home / ".versioned.toml").read_text() == 'repository = "./store"\n'
    assert run("init ./store").stderr == ""
    assert run("put app -", stdin="x").code == 0


def test_init_says_the_url_once(run):
    assert run("init ./a --repo ./b").code == 2


def test_put_stores_a_file_as_latest(versioned, home):
    (home / "file.txt").write_text("one\n")
    versioned("put app file.txt").said("stored app@LATEST (4 B, sha256 2c8b08da5ce6)\n")


def test_put_says_when_nothing_had_to_be_stored(versioned):
    versioned("put app -", stdin="one\n")
    versioned("put app -", stdin="one\n").said("unchanged: app@LATEST (4 B, sha256 2c8b08da5ce6)\n")


def test_put_warns_when_metadata_is_not_stored(versioned):
    versioned("put app -", stdin="one\n")
    again = versioned("put app - --metadata commit=abc", stdin="one\n")
    assert again.stderr == (
        "warning: the bytes are those of LATEST, so metadata and tags were left alone\n"
    )
    assert again.code == 0


def test_put_quietly_prints_the_sha256(versioned):
    versioned("put app - -q", stdin="one\n").said(f"{ONE}\n")


def test_put_in_json_is_the_artifact_and_whether_it_is_new(versioned):
    put = json.loads(versioned("put app - --json", stdin="one\n").stdout)
    assert put["version"] == "LATEST"
    assert put["sha256"] == ONE
    assert put["new"] is True
    assert json.loads(versioned("put app - --json", stdin="one\n").stdout)["new"] is False


def test_put_reads_what_can_be_read_only_once(versioned, home):
    os.mkfifo(home / "pipe")
    writer = threading.Thread(target=lambda: (home / "pipe").write_bytes(b"one\n"))
    writer.start()
    versioned("put app pipe -q").said(f"{ONE}\n")
    writer.join()


def test_put_and_publish_in_one_step(versioned):
    versioned("put app - --publish", stdin="one\n").said(
        "published app@1 (4 B, sha256 2c8b08da5ce6)\n"
    )
    versioned("put app - --publish -q", stdin="two\n").said("2\n")


def test_put_and_publish_tells_when_somebody_else_was_between(versioned, monkeypatch):
    publish = Repository.publish_artifact_version

    def late(self, name):
        self.put_artifact(name, io.BytesIO(b"theirs"))
        return publish(self, name)

    monkeypatch.setattr(Repository, "publish_artifact_version", late)
    ran = versioned("put app - --publish", stdin="mine")
    assert ran.code == 4
    assert "somebody else put 'app' meanwhile, and version 1 holds their bytes" in ran.stderr


def test_publish_tells_a_new_version_from_one_that_was_there(app):
    app("publish app").said(
        "unchanged: app@2 holds these bytes already (4 B, sha256 27dd8ed44a83)\n"
    )
    app("put app -", stdin="three\n")
    app("publish app").said("published app@3 (6 B, sha256 f69369121844)\n")
    assert json.loads(app("publish app --json").stdout)["new"] is False


def test_ls_lists_artifacts_with_their_newest_version_and_aliases(app):
    app("put other -", stdin="x")
    app("alias put app@canary 1 --canary 2 --weight 10")
    app("ls").said("""\
        NAME   NEWEST  ALIASES
        app         2  canary=1+2, prod=1
        other       -  -
        """)
    app("ls -q").said("app\nother\n")
    assert json.loads(app("ls --json").stdout) == [
        {"name": "app", "newest": "2", "aliases": ["canary", "prod"]},
        {"name": "other", "newest": None, "aliases": []},
    ]


def test_ls_of_nothing_says_what_to_do(versioned):
    versioned("ls").said("", "no artifacts yet: versioned put NAME FILE\n")
    versioned("ls --json").said("[]\n")


def test_ls_shows_the_others_where_one_artifact_is_damaged(app):
    app("put bad -", stdin="x")
    Repository.open(".versioned").context.write("bad/aliases/prod.json", b"no json")
    ran = app("ls")
    assert "app        2  prod=1" in ran.stdout
    assert ran.stderr.startswith("warning: ")


def test_ls_of_an_artifact_shows_aliases_beside_their_versions(app):
    app("alias put app@canary 1 --canary 2 --weight 10")
    app("ls app").said("""\
        VERSION  ALIASES           SIZE  AGE  SHA256
        LATEST   -                  4 B  now  27dd8ed44a83
        2        canary 10%         4 B  now  27dd8ed44a83
        1        canary 90%, prod   4 B  now  2c8b08da5ce6
        """)
    app("ls app -q").said("LATEST\n2\n1\n")
    listed = json.loads(app("ls app --json").stdout)
    assert [one["version"] for one in listed["versions"]] == ["LATEST", "2", "1"]
    assert [alias["alias"] for alias in listed["aliases"]] == ["canary", "prod"]


def test_ls_of_names_costs_one_request_when_quiet(app, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("only the folders are needed")

    for operation in ("get", "head", "list_objects"):
        monkeypatch.setattr(LocalStore, operation, refuse)
    app("ls -q").said("app\n")


def test_show_a_version(versioned):
    versioned(
        "put app - --metadata commit=4f2a --tag team=web --content-type text/x", stdin="one\n"
    )
    versioned("publish app")
    versioned("show app@1").said(f"""\
        version          app@1
        sha256           {ONE}
        size             4 B (4 bytes)
        type             text/x
        written          2026-01-01 00:00:00Z (now)
        uri              file:///work/.versioned#app/versions/999999_000001
        metadata commit  4f2a
        tag team         web
        """)
    shown = json.loads(versioned("show app@1 --json").stdout)
    assert shown["metadata"] == {"commit": "4f2a"}
    assert shown["tags"] == {"team": "web"}


def test_show_an_alias_and_what_it_points_at(app):
    app("alias put app@prod 1 --canary 2 --weight 10 -m half")
    shown = app("show app@prod").stdout
    assert shown.startswith(
        "alias        app@prod\n"
        "points at 1  90% of the keys\n"
        "points at 2  10% of the keys\n"
        "moved        2026-01-01 00:00:00Z (now)\n"
        "by           tester\n"
        "message      half\n\n"
        "version  app@1\n"
    ), shown
    document = json.loads(app("show app@prod --json").stdout)
    assert document["alias"]["secondary_version_weight"] == 10
    assert [one["artifact"]["version"] for one in document["versions"]] == ["1", "2"]


def test_get_names_the_file_after_the_artifact(app, home):
    app("get app@prod").said("app: app@1, 4 B, sha256 2c8b08da5ce6, downloaded\n")
    assert (home / "app").read_text() == "one\n"


def test_get_adds_the_suffix_of_the_repository(run, home):
    run("init './store?suffix=.bin'")
    run("put app -", stdin="x")
    run("get app -q").said("app.bin\n")


@pytest.mark.parametrize("output", ["out", "out/", "out/app"])
def test_get_into_a_directory(app, home, output):
    (home / "out").mkdir()
    app(f"get app@1 -q -o {output}").said("out/app\n")


def test_get_refuses_a_directory_that_is_not_there(app):
    app("get app -o nowhere/x").said(
        "", "error: there is no directory 'nowhere'\nhint: mkdir -p nowhere\n", 2
    )


def test_get_again_reads_nothing(app):
    app("get app@prod")
    app("get app@prod").said("app: app@1, 4 B, sha256 2c8b08da5ce6, unchanged\n")


def test_get_refuses_to_overwrite_another_file(app, home):
    (home / "app").write_text("mine")
    app("get app@prod").said(
        "",
        """\
        error: 'app' is there and is not app@1
        hint: name another file with -o, or add --force to overwrite it
        """,
        4,
    )
    assert (home / "app").read_text() == "mine"
    assert app("get app@prod --force").code == 0
    assert (home / "app").read_text() == "one\n"


def test_get_to_standard_output_gives_the_bytes_and_nothing_else(app):
    ran = app("get app@2 -o -")
    assert (ran.raw, ran.stderr) == (b"two\n", "")
    assert app("get app@2 -o - --json").code == 2


def test_get_writes_to_a_device_and_does_not_replace_it(app):
    assert app("get app@2 -o /dev/null").code == 0
    assert not Path("/dev/null").is_file()


def test_get_routes_a_key(app):
    app("alias put app@prod 1 --canary 2 --weight 50")
    for key in ("a", "b", "c", "d", "e"):
        version = app(f"route app@prod {key}").stdout.strip()
        got = json.loads(app(f"get app@prod --key {key} --force --json").stdout)
        assert got["version"] == version
