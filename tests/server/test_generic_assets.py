"""Plain PUT and GET, as curl speaks it, with asset sets."""

import pytest
from package_making import sha256, unchanged

from versioned.packages import Package

VERSION = "/generic/AbcDev/team/scripts/7"
SCRIPTS = Package.of("generic", "scripts", "team")


def put(server, name, data, query="", **headers):
    return server.put(f"{VERSION}/{name}{query}", data, headers=headers)


def test_an_asset_is_put_and_got(anywhere):
    answer = put(anywhere, "a.sh", b"one")
    assert answer.status_code == 201
    assert answer.json()["assets"] == [
        {"name": "a.sh", "set": "1", "size": 3, "sha256": sha256(b"one")}
    ]
    assert anywhere.get(f"{VERSION}/a.sh").status_code in {200, 302}
    assert put(anywhere, "a.sh", b"one").status_code == 200


def test_a_set_is_shown_once_it_is_finished(server):
    put(server, "a.sh", b"one")
    put(server, "a.sh", b"two", "?unfinished=true")
    assert server.get(f"{VERSION}/a.sh").content == b"one"
    put(server, "b.sh", b"three")
    assert server.get(f"{VERSION}/a.sh").content == b"two"
    assert server.get(f"{VERSION}/a.sh?asset-set=1").content == b"one"
    assert server.get(VERSION).json()["active"] == "2"


def test_a_version_that_was_never_finished_says_so(server):
    put(server, "a.sh", b"one", "?unfinished=1")
    assert server.get(VERSION).json()["status"] == "Unfinished"
    assert server.get(f"{VERSION}/a.sh").status_code == 404


def test_what_is_active_changes_so_nobody_may_keep_it(server):
    put(server, "a.sh", b"one")
    known = server.get(f"{VERSION}/a.sh")
    assert known.headers["Cache-Control"] == "private, no-cache"
    put(server, "a.sh", b"two", "?asset-set=later")
    again = server.get(f"{VERSION}/a.sh", headers={"If-None-Match": known.headers["ETag"]})
    assert (again.status_code, again.content) == (200, b"two")


def test_what_another_server_published_is_active_at_once(local_packages, asking_of, server):
    put(server, "a.sh", b"one")
    other = asking_of(local_packages)
    other.token = server.token
    assert other.get(f"{VERSION}/a.sh").content == b"one"
    put(server, "a.sh", b"two", "?asset-set=later")
    assert other.get(f"{VERSION}/a.sh").content == b"two"
    assert other.get(VERSION).json()["active"] == "later"


def test_other_bytes_in_a_finished_version_are_a_conflict(server):
    put(server, "a.sh", b"one")
    assert put(server, "a.sh", b"two").status_code == 409


BAD = {
    "a wrong digest": ("a.sh", "", {"X-Checksum-Sha256": "0" * 64}, 400),
    "a digest that is none": ("a.sh", "", {"X-Checksum-Sha256": "none"}, 400),
    "a flag that is none": ("a.sh", "?unfinished=perhaps", {}, 400),
    "a set that can't be named so": ("a.sh", "?asset-set=../1", {}, 400),
    "a path": ("..%2f..%2fa.sh", "", {}, 404),
    "dots": ("%2e%2e", "", {}, 400),
    "a backslash": ("a%5cb", "", {}, 400),
    "a control character": ("a%0ab", "", {}, 400),
    "a long name": ("a" * 300, "", {}, 400),
    "a name that is no text": ("%ff", "", {}, None),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_put_is_refused_whole(what, shared):
    name, query, headers, status = BAD[what]
    if status is None:
        assert put(shared, name, b"one", query, **headers).status_code < 500
        return
    with unchanged(shared.packages.context.store):
        assert put(shared, name, b"one", query, **headers).status_code == status


@pytest.mark.parametrize(
    "path",
    ["/generic/AbcDev/team/scripts/8/a.sh", "/generic/AbcDev/team/other/7", "/generic/AbcDev/team"],
)
def test_what_is_not_there_is_not_found(path, server):
    put(server, "a.sh", b"one")
    assert server.get(path).status_code == 404


def test_an_empty_asset_is_an_asset(server):
    put(server, "empty", b"")
    answer = server.get(f"{VERSION}/empty")
    assert (answer.status_code, answer.content) == (200, b"")
    assert server.get(f"{VERSION}/empty", headers={"Range": "bytes=0-"}).status_code in {200, 416}


def test_other_bytes_in_a_set_that_is_being_filled_are_a_conflict(server):
    put(server, "a.sh", b"one", "?unfinished=true")
    assert put(server, "a.sh", b"two", "?unfinished=true").status_code == 409
