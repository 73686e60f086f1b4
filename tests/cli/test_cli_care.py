import json
from pathlib import Path

import pytest

from versioned.repository import Repository


def damage(home, number):
    """Change a byte of every blob with the text of that version."""
    for blob in (home / ".versioned/blobs").rglob("*"):
        if blob.is_file() and blob.read_bytes() == {1: b"one\n", 2: b"two\n"}[number]:
            blob.chmod(0o644)
            blob.write_bytes(b"bad\n")


def test_verify_reads_everything(app):
    app("verify").said("read 3 of 3 versions (12 B): all intact\n")
    app("verify app@1").said("read 1 of 1 version (4 B): all intact\n")
    app("alias put app@prod 1 --canary 2 --weight 1")
    app("verify app@prod").said("read 2 of 2 versions (8 B): all intact\n")
    app("verify app --sample 1%").said("read 1 of 3 versions (4 B): all intact\n")
    app("verify -q").said("")


def test_verify_ends_with_5_where_bytes_are_damaged(app, home):
    damage(home, 1)
    ran = app("verify")
    assert ran.code == 5
    assert "app@1    'app/versions/999999_000001' reads as sha256" in ran.stdout
    assert ran.stdout.endswith("read 3 of 3 versions (12 B): 1 damaged\n")
    assert ran.stderr.startswith("error: 1 version damaged\n")
    app("verify -q").said("app@1\n", app("verify -q").stderr, 5)
    report = json.loads(app("verify --json").stdout)
    assert report["ok"] is False
    assert report["total"] == 3


def test_damaged_bytes_are_never_left_behind(app, home):
    damage(home, 1)
    assert app("get app@prod -o out").code == 5
    assert not Path("out").exists()


class TestLedger:
    """`verify --ledger`."""

    @pytest.fixture
    def moved(self, app):
        app("alias put app@prod 2")
        app("alias put app@prod 1")
        app("alias put app@dev 2")
        return app

    def test_it_proves_histories(self, moved):
        anchor = moved("verify --ledger -q").stdout.split()[2]
        moved("verify --ledger").said(f"""\
            HISTORY   ENTRIES  NEWEST        STATE
            app@dev         0  -             whole
            app@prod        2  {anchor[:12]}  whole
            read 2 entries of 2 histories: all whole
            """)
        moved("verify --ledger app@dev").said("""\
            HISTORY  ENTRIES  NEWEST  STATE
            app@dev        0  -       whole
            read 0 entries of 1 history: all whole
            """)
        assert moved("verify --ledger app -q").stdout == f"app@prod 2 {anchor}\n"
        report = json.loads(moved("verify --ledger app@prod --json").stdout)
        assert (report["ok"], report["ledgers"][0]["tip"]) == (True, anchor)

    def test_it_ends_with_5_where_an_entry_was_changed(self, moved):
        context = Repository.open(".versioned").context
        key = "app/ledger/prod/99999999_00000001.json"
        context.write(key, context.read(key)[1].replace(b"tester", b"nobody"))
        ran = moved("verify --ledger app@prod")
        assert ran.code == 5
        assert "  broken\n" in ran.stdout
        assert "app@prod: 'app/ledger/prod/99999998_00000002.json' does not follow" in ran.stdout
        assert ran.stdout.endswith("\nread 2 entries of 1 history: 1 broken\n")
        assert ran.stderr == (
            "error: 1 history broken, 0 foreign objects\n"
            "hint: compare with a backup, and see who may write below ledger/\n"
        )
        moved("verify --ledger -q").said("", ran.stderr, 5)
        assert json.loads(moved("verify --ledger --json").stdout)["ok"] is False

    def test_anchors_tell_of_a_history_that_was_forged_whole(self, moved):
        Path("anchors").write_text(moved("verify --ledger -q").stdout + "\n")
        moved("alias put app@prod 2")
        assert moved("verify --ledger --anchors anchors").code == 0
        moved("purge app --everything --yes")
        moved("put other -", stdin="other")
        ran = moved("verify --ledger --anchors anchors")
        assert ran.code == 5
        assert "was kept as an anchor, and is not there" in ran.stdout

    @pytest.mark.parametrize(
        ("line", "told"),
        [
            ("--ledger app@1", "--ledger is for NAME or NAME@ALIAS"),
            ("--ledger app@prod@2026-03-01", "--ledger is for NAME or NAME@ALIAS"),
            ("--ledger --sample 10%", "--sample is for versions"),
            ("app --anchors -", "--anchors are for --ledger"),
            ("--ledger --anchors -", "'nonsense' is not an anchor"),
            ("--ledger --anchors nowhere", "nowhere"),
        ],
    )
    def test_what_can_not_be_meant(self, moved, line, told):
        ran = moved(f"verify {line}", stdin="nonsense\n")
        assert ran.code == 2
        assert told in ran.stderr

    def test_what_there_is_not(self, moved):
        assert moved("verify --ledger app@never").code == 3
        assert moved("verify --ledger nothing").code == 3


@pytest.mark.parametrize("share", ["0", "0%", "101%", "2", "much", "nan"])
def test_what_is_no_share(app, share):
    assert app(f"verify --sample {share}").code == 2


def test_doctor_finds_nothing(app):
    app("doctor").said("all is well\n")
    app("doctor --json").said("[]\n")


def test_doctor_ends_with_9_until_it_is_mended(app):
    Repository.open(".versioned").context.write("app/aliases/prod.json", b"{}")
    ran = app("doctor")
    assert "app       broken-alias  can be mended" in ran.stdout
    assert ran.stderr == "error: 1 finding not mended\nhint: versioned doctor --mend\n"
    assert ran.code == 9
    app("doctor -q").said("broken-alias\n", ran.stderr, 9)
    mended = app("doctor app --mend --json")
    assert (mended.code, json.loads(mended.stdout)[0]["mended"]) == (0, True)
    assert app("doctor").code == 0


def test_an_index_that_is_behind_is_shown_and_is_no_failure(app):
    Repository.open(".versioned").context.write("app/index.json", b"no index")
    app("doctor").said(
        """\
        ARTIFACT  FINDING      STATE          WHAT
        app       stale-index  can be mended  the index is out of date
        1 finding, 0 mended
        """
    )


def test_doctor_says_what_only_a_person_can_mend(app):
    app("rm app@1 --force --yes")
    ran = app("doctor --mend --older-than 0")
    assert ran.code == 9
    assert "dangling-alias  needs you" in ran.stdout
    assert ran.stderr.endswith("hint: versioned doctor --json names the objects\n")


def test_an_artifact_that_can_not_be_listed_is_no_success(app, home):
    repository = Repository.open(str(home / ".versioned"))
    repository.context.write("other/versions/readme.txt", b"foreign")
    repository.context.store.close()
    shown = app("verify")
    assert shown.code == 5
    assert "other/versions/readme.txt" in shown.stdout
    assert "1 artifact can't be listed" in shown.stderr
