"""The command s3promote, run as a command; and in this process where only its words matter."""

import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from s3pipeline import command
from s3pipeline.lines import line, one_line

pytestmark = pytest.mark.only_stores("moto", "ceph")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def session():
    """Kept, because a new one reads all of boto3's files again."""
    return boto3.Session()


@pytest.fixture
def say(bucket, store_kind, connection_of, session, monkeypatch, capsys):
    """Run the command in this process: exit code, standard output and errors."""
    monkeypatch.setattr(boto3, "Session", lambda: session)
    connection = connection_of(store_kind)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", connection["endpoint_url"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", connection["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", connection["aws_secret_access_key"])
    monkeypatch.setenv("AWS_S3_BUCKET", bucket.name)
    monkeypatch.setenv("AWS_S3_RANKS", "qa, staging, production")

    def say(*arguments):
        try:
            code = command.main(arguments)
        except SystemExit as ended:
            code = ended.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return say


def test_the_commands_give_their_lines(run, write, held):
    write("my.tar.gz")
    skipped = run("rev2.tar.gz", "staging")
    assert (skipped.code, skipped.stdout) == (3, "")
    assert skipped.stderr == 'error="could not promote, trying to skip rank?"\n'
    for rank in ("qa", "staging", "production"):
        done = run("my.tar.gz", rank)
        assert done.stdout == f'success="promoted my.tar.gz to {rank}"\n'
        assert (done.code, done.stderr) == (0, "")
    assert len(held()) == 3


def test_the_script_of_a_clone_is_the_same_command(run, write):
    write("my.tar.gz")
    done = run("my.tar.gz", "qa", command=(sys.executable, ROOT / "s3promote.py"))
    assert (done.code, done.stdout) == (0, 'success="promoted my.tar.gz to qa"\n')


def test_it_starts_without_what_it_does_not_need():
    program = "import sys, s3pipeline.command; print(sorted({'boto3', 'click'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_a_version_is_given_and_asked_for(say, write):
    write("my.tar.gz")
    assert say("my.tar.gz", "qa", "--version=839de03f972e8182")[0] == 0
    assert say("my.tar.gz", "qa", "--get-version") == (0, "839de03f972e8182\n", "")


def test_a_version_that_was_not_tested_is_refused(say, write):
    write("my.tar.gz")
    say("my.tar.gz", "qa", "--version", "2")
    code, out, err = say("my.tar.gz", "staging", "--version", "1")
    assert (code, out) == (4, "")
    assert err.startswith("error=\"qa holds version '2' of 'my.tar.gz', not '1' (")


@pytest.mark.parametrize("mode", [["--get-version"], ["--download", "."]])
def test_looking_at_another_version_is_refused_too(say, write, mode):
    write("my.tar.gz")
    say("my.tar.gz", "qa", "--version", "2")
    assert say("my.tar.gz", "qa", "--version", "2", *mode)[0] == 0
    assert say("my.tar.gz", "qa", "--version", "1", *mode)[0] == 4


def test_a_file_is_downloaded_from_a_rank(say, write, work):
    write("my.tar.gz", b"one")
    say("my.tar.gz", "qa")
    done = say("my.tar.gz", "qa", "--download", "local.tgz")
    assert done == (0, 'success="downloaded my.tar.gz from qa"\n', "")
    assert (work / "local.tgz").read_bytes() == b"one"


def test_a_version_is_downloaded_from_the_archive(say, write, work):
    for version in ("1", "2"):
        say(write("my.tar.gz", version.encode()), "qa", "--version", version)
    done = say("my.tar.gz", "archive", "--version", "1", "--download", ".")
    assert done == (0, 'success="downloaded my.tar.gz from archive"\n', "")
    assert (work / "my.tar.gz").read_bytes() == b"1"
    assert say("my.tar.gz", "archive", "--download", ".")[0] == 2


def test_a_download_that_could_not_be_compared_says_so(say, put):
    put("qa/old.zip", version="1")
    code, out, err = say("old.zip", "qa", "--download", ".")
    assert (code, out) == (0, 'success="downloaded old.zip from qa"\n')
    assert err == 'warning="old.zip has no recorded sha256 to compare with"\n'


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["gone.zip", "qa"], 3, "there is no file 'gone.zip' to promote to qa"),
        (["gone.zip", "qa", "--get-version"], 3, "there is no 'gone.zip' in qa/"),
        (["gone.zip", "qa", "--download", "."], 3, "there is no 'gone.zip' in qa/"),
        (["my.zip", "prod"], 2, "there is no rank 'prod' (the ranks are qa, staging, production)"),
        (["my.zip", "archive"], 2, "there is no rank 'archive'"),
        (["my.zip", "qa", "--version="], 2, "'' can't be a version: it is empty"),
        (["my.zip", "qa", "--version=a/b"], 2, "can't be a version: it has a slash"),
        (["my.zip", "qa", "--get-version", "--replace"], 2, "--replace is only for promoting"),
        (["my.zip", "qa", "--download", ""], 2, "there is no path to download to"),
        (["my.zip"], 2, "the following arguments are required: rank"),
        (["my.zip", "qa", "--verbose"], 2, "unrecognized arguments: --verbose"),
        (["my.zip", "qa", "--download", ".", "--get-version"], 2, "not allowed with argument"),
        (["", "qa"], 2, "'' can't name a release"),
        (["folder/", "qa"], 2, "can't name a release"),
    ],
)
def test_a_mistake_is_one_line(say, put, arguments, code, said):
    put("qa/my.zip", version="1")
    found, out, err = say(*arguments)
    assert (found, out) == (code, "")
    assert err.startswith('error="')
    assert err.endswith('"\n')
    assert err.count("\n") == 1
    assert said in err


def test_a_file_that_can_not_be_written_is_one_line(say, write):
    say(write("my.zip"), "qa")
    code, _, err = say("my.zip", "qa", "--download", "no/such/folder/my.zip")
    assert code == 1
    assert err.startswith('error="No such file or directory: no/such/folder/my.zip.')


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AWS_S3_BUCKET", "", "AWS_S3_BUCKET is not set"),
        ("AWS_S3_RANKS", "", "AWS_S3_RANKS is not set"),
        ("AWS_S3_RANKS", "qa, qa", "'qa' can't be a rank: it is there twice"),
        ("AWS_S3_BUCKET", "no bucket", "is not the name of a bucket"),
        ("AWS_S3_BUCKET", "no-such-bucket-here", "there is no bucket 'no-such-bucket-here'"),
    ],
)
def test_a_wrong_environment_is_one_line(say, write, monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    code, out, err = say(write("my.zip"), "qa")
    assert code in {2, 3}
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


def test_a_profile_that_is_not_there_is_one_line(run, write):
    done = run(write("my.zip"), "qa", AWS_PROFILE="nobody")
    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.startswith('error="no client for the bucket')


def test_nothing_of_a_secret_is_printed(run, write):
    write("my.zip")
    settings = {"AWS_ENDPOINT_URL_S3": "http://ann:hidden@127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}
    done = run("my.zip", "qa", AWS_SECRET_ACCESS_KEY="very-secret", **settings)
    assert done.code == 6
    assert done.stderr.startswith('error="')
    assert "very-secret" not in done.stderr
    assert "hidden" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_can_not_forge_a_line(say, write):
    forged = 'x"\nsuccess="promoted my.zip to qa.zip'
    code, out, err = say(forged, "qa")
    assert (code, out, err.count("\n")) == (2, "", 1)
    quoted = write('a".zip')
    assert say(quoted, "qa")[1] == 'success="promoted a\\".zip to qa"\n'


@pytest.mark.only_stores("moto")  # Ceph has no tabs in metadata
def test_a_version_of_another_tool_can_not_forge_a_line(say, put):
    put("qa/a.zip", version="1\tsuccess")
    code, out, _ = say("a.zip", "qa", "--get-version")
    assert (code, out.count("\n"), out.count("\t")) == (0, 1, 0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ('"', '\\"'),
        ("\\", "\\\\"),
        ("a\nb\r\t\x00", "a\\nb\\r\\t\\x00"),
        ("\u2028\x85\u202e", "\\u2028\\x85\\u202e"),
        ("\udcff", "\\udcff"),
        ("ä ö", "ä ö"),
    ],
)
def test_values_are_escaped(value, shown):
    assert line("error", value) == f'error="{shown}"'
    assert one_line(value).count("\n") == 0


def test_the_help_tells_the_arguments(run):
    done = run("-h")
    assert done.code == 0
    for word in ("filepath", "rank", "--version VERSION", "--download PATH", "--get-version"):
        assert word in done.stdout


def test_interrupted_it_says_so(say, write, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_run", interrupt)
    assert say(write("my.zip"), "qa") == (130, "", 'error="interrupted"\n')
