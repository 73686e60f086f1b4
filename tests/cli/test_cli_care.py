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
