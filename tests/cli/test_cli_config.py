from pathlib import Path

import pytest

from versioned.cli import config
from versioned.cli.session import Session
from versioned.errors import InvalidInputError

NOWHERE = """\
error: no repository is named by --repo, VERSIONED_REPO or .versioned.toml, and there is no \
./.versioned
hint: run versioned init to make one here
"""


@pytest.fixture
def everywhere(run, home, monkeypatch):
    """A repository in each place that can name one, holding an artifact called as the place."""
    (home / "below/deep").mkdir(parents=True)
    user = home.parent / "home/.config/versioned"
    user.mkdir(parents=True)
    places = ("option", "variable", "file", "user", "default")
    for place in places:
        url = ".versioned" if place == "default" else f"stores/{place}"
        run(f"--repo {url} init -q")
        run(f"--repo {url} put {place} -", stdin="x")
    (home / ".versioned.toml").write_text('repository = "stores/file"\n')
    (user / "config.toml").write_text(f'repository = "{home}/stores/user"\n')
    monkeypatch.setenv("VERSIONED_REPO", "stores/variable")
    return run


def test_the_option_comes_first(everywhere):
    everywhere("--repo stores/option ls -q").said("option\n")
    everywhere("ls -q --repo stores/option").said("option\n")


def test_then_the_environment(everywhere):
    everywhere("ls -q").said("variable\n")


def test_then_the_nearest_file_upwards(everywhere, home, monkeypatch):
    monkeypatch.setenv("VERSIONED_REPO", "")
    everywhere("ls -q").said("file\n")
    monkeypatch.chdir(home / "below/deep")
    everywhere("ls -q").said("file\n")


def test_then_the_users_own_file(everywhere, home, monkeypatch):
    monkeypatch.delenv("VERSIONED_REPO")
    (home / ".versioned.toml").unlink()
    everywhere("ls -q").said("user\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home.parent / "home/.config"))
    everywhere("ls -q").said("user\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    everywhere("ls -q").said("default\n")


def test_a_file_that_names_no_repository_is_passed_over(everywhere, home, monkeypatch):
    monkeypatch.delenv("VERSIONED_REPO")
    (home / ".versioned.toml").write_text("")
    everywhere("ls -q").said("user\n")


def test_without_any_the_error_says_what_to_do(run):
    run("ls").said("", NOWHERE, 3)


def test_a_directory_that_is_no_repository(run):
    ran = run("--repo ./nowhere ls")
    assert ran.code == 3
    assert ran.stderr.startswith("error: there is no repository in /work/nowhere\n")


def test_an_empty_option_is_an_error_and_not_the_default(versioned):
    assert versioned("--repo '' ls").code == 2


@pytest.mark.parametrize(
    "text", ["repository = ", "repository = 3", "repo = 'x'", "single_writer = 1", "\xff"]
)
def test_a_broken_file_is_named_in_the_error(run, home, text):
    (home / ".versioned.toml").write_bytes(text.encode("latin-1"))
    ran = run("ls")
    assert ran.code == 2
    assert ran.stderr.startswith("error: /work/.versioned.toml: ")


def test_a_url_is_taken_as_it_is():
    assert config.anchored("s3://b/p?region=x", Path("/base")) == "s3://b/p?region=x"
    assert config.anchored("dir?suffix=.zip", Path("/base")) == "/base/dir?suffix=.zip"
    assert config.anchored("/abs", Path("/base")) == "/abs"
    assert config.anchored("~nobody-at-all/x", Path("/base")) == "/base/~nobody-at-all/x"


def test_a_home_directory_is_meant(monkeypatch):
    monkeypatch.setenv("HOME", "/home/anna")
    assert config.anchored("~/store", Path("/base")) == "/home/anna/store"


def test_init_keeps_the_rest_of_a_config_file(run, home):
    path = home / ".versioned.toml"
    path.write_text('# ours\nrepository = "old"  # gone\nsingle_writer = true\n')
    run("init ./new")
    assert path.read_text() == '# ours\nrepository = "./new"\nsingle_writer = true\n'


@pytest.mark.parametrize("url", ['a"b', "a\\b", "ä", "line\nbreak", "a b"])
def test_any_directory_can_be_named_in_a_config_file(tmp_path, url):
    path = tmp_path / "x.toml"
    assert config.write_repository(path, url)
    assert not config.write_repository(path, url)
    path.rename(tmp_path / ".versioned.toml")
    chosen = config.choose(None, {}, tmp_path)
    assert chosen is not None
    assert chosen.url == str(tmp_path / url)


def test_what_a_config_file_cannot_hold_is_refused(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text('repository = """\nx"""\n')
    with pytest.raises(InvalidInputError):
        config.write_repository(path, "y")
    assert path.read_text() == 'repository = """\nx"""\n'


@pytest.mark.parametrize(
    ("environ", "actor"),
    [
        ({"VERSIONED_ACTOR": "anna", "GITHUB_ACTOR": "bot"}, "anna"),
        ({"VERSIONED_ACTOR": "", "GITHUB_ACTOR": "bot"}, "bot"),
        ({"GITLAB_USER_LOGIN": "ci"}, "ci"),
    ],
)
def test_who_acts(environ, actor):
    assert config.actor(environ) == actor


def test_who_acts_otherwise_is_the_user_on_this_host():
    name, _, host = config.actor({}).partition("@")
    assert name
    assert host


def test_where_downloads_are_kept():
    assert config.cache_directory({"HOME": "/h"}) == Path("/h/.cache/versioned")
    assert config.cache_directory({"XDG_CACHE_HOME": "/c"}) == Path("/c/versioned")


def test_only_remote_repositories_are_cached(run, home, monkeypatch):
    session = Session({"XDG_CACHE_HOME": "/c", "HOME": "/h"})
    local = session.open(config.Chosen("./x", ""), cached=True)
    remote = session.open(config.Chosen("s3://bucket/x?region=eu-west-1", ""), cached=True)
    uncached = session.open(config.Chosen("s3://bucket/x?region=eu-west-1", ""))
    assert [bool(one._cache) for one in (local, remote, uncached)] == [False, True, False]
