"""The registry of npm, asked as npm asks."""

import base64
import io
import json
import random
import tracemalloc
from contextlib import closing
from types import SimpleNamespace

import pytest
from asking import token
from npm_making import WIDGET, integrity, publish_npm, publish_versions, shasum, tarball
from package_making import contents, read, unchanged

from versioned.server.npm_documents import SplitDocument
from versioned.server.problems import RequestError

AT = "/npm/AbcDev/"
PACKAGE = f"{AT}@acme%2fwidget"
TAGS = f"{AT}-/package/@acme%2fwidget/dist-tags"
ABBREVIATED = "application/vnd.npm.install-v1+json"


def document(made=None, *, name="@acme/widget", version="1.0.0", tags=None, **changes):
    """What `npm publish` sends; `changes` replace fields, `None` leaves one out."""
    file, data = made or tarball(name, version)
    said = {"name": name, "version": version, "gitHead": "abc", "readme": "# x"}
    said["dist"] = {"shasum": shasum(data), "integrity": integrity(data)}
    attached = {
        "content_type": "application/octet-stream",
        "data": base64.b64encode(data).decode(),
        "length": len(data),
    }
    scope = name.rpartition("/")[0]
    usual = {
        "_id": name,
        "name": name,
        "dist-tags": {"latest": version} if tags is None else tags,
        "versions": {version: said},
        "access": None,
        "_attachments": {f"{scope}/{file}" if scope else file: attached},
    }
    return {key: value for key, value in (usual | changes).items() if value is not None}


def put(server, body, path=PACKAGE, **options):
    return server.ask("PUT", path, json=body, **options)


@pytest.fixture
def stocked(server):
    """A server with one version published through it."""
    assert put(server, document()).status_code == 201
    return server


def test_what_was_published_is_installed_from_the_address_that_the_page_says(anywhere):
    made = tarball(dependencies={"left-pad": "1"})
    assert put(anywhere, document(made)).status_code == 201

    page = anywhere.get(
        PACKAGE, headers={"Accept": f"{ABBREVIATED}; q=1.0, application/json; q=0.8"}
    )
    found = anywhere.get(page.json()["versions"]["1.0.0"]["dist"]["tarball"])

    assert page.headers["content-type"] == ABBREVIATED
    if found.status_code == 302:
        assert "1.0.0" in found.headers["location"]
    else:
        assert found.content == made[1]


def test_the_address_is_that_of_the_server_as_the_client_knows_it(local_packages, asking_of):
    publish_npm(local_packages)
    server = asking_of(local_packages, public_url="https://packages.example.com/x")
    server.token = token(local_packages, "read")

    dist = server.get(PACKAGE).json()["versions"]["1.0.0"]["dist"]

    assert dist["tarball"] == (
        "https://packages.example.com/x/npm/AbcDev/@acme/widget/-/widget-1.0.0.tgz"
    )


def test_the_abbreviated_page_has_what_installers_need_and_no_more(server):
    put(server, document(tarball(scripts={"install": "x"}, bin="x.js", license="MIT")))

    page = server.get(PACKAGE, headers={"Accept": ABBREVIATED}).json()

    assert set(page) == {"name", "modified", "dist-tags", "versions"}
    assert set(page["versions"]["1.0.0"]) == {"name", "version", "bin", "dist", "hasInstallScript"}


def test_the_full_page_tells_nothing_of_how_it_is_kept(stocked):
    page = stocked.get(PACKAGE).json()

    assert page["_id"] == "@acme/widget"
    assert page["versions"]["1.0.0"]["gitHead"] == "abc"
    assert not {"_revisions", "_dist-tags", "readme"} & {*page, *page["versions"]["1.0.0"]}


def test_a_page_that_the_client_has_is_not_sent_again(stocked):
    etag = stocked.get(PACKAGE).headers["etag"]

    assert stocked.get(PACKAGE, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("asked", ["1.0.0", "latest"])
def test_one_version_can_be_asked_for(stocked, asked):
    found = stocked.get(f"{AT}@acme/widget/{asked}").json()

    assert found["version"] == "1.0.0"
    assert found["dist"]["tarball"].startswith("http://server/npm/AbcDev/@acme/widget/-/")


def test_a_package_without_a_scope_has_a_plain_address(server):
    assert put(server, document(name="left-pad"), f"{AT}left-pad").status_code == 201

    assert server.get(f"{AT}left-pad/-/left-pad-1.0.0.tgz").content == tarball("left-pad")[1]


@pytest.mark.parametrize(
    "path", [f"{AT}none", f"{AT}@acme%2fnone", f"{PACKAGE}/9.9.9", f"{PACKAGE}/-/other-1.0.0.tgz",
             f"{PACKAGE}/-/widget-9.9.9.tgz", f"{PACKAGE}/-/widget-1.0.0.tgz?set=none",
             f"{AT}-/v1/search", f"{AT}-/npm/v1/security/audits"]
)  # fmt: skip
def test_what_is_not_there_is_not_found(stocked, path):
    assert stocked.get(path).status_code == 404


def test_the_same_publication_again_is_no_error_and_changes_nothing(stocked):
    store = stocked.packages.context.store

    with unchanged(store):
        assert put(stocked, document()).status_code == 200


def test_other_bytes_of_a_version_are_a_conflict_that_npm_can_show(stocked):
    answer = put(stocked, document(tarball(body="y")))

    assert answer.status_code == 409
    assert "other bytes" in answer.json()["error"]


def attachments(**changes):
    (name, attached), *_ = document()["_attachments"].items()
    return {name: attached | changes}


@pytest.mark.parametrize(
    "body",
    [
        document(_attachments=attachments(data="!!!")),
        document(_attachments=attachments(data="aGVsbG8")),
        document(_attachments=attachments(data=None)),
        document(_attachments=attachments(data={"\0spilled": 0})),
        document(_attachments=attachments(length=1)),
        document(_attachments=attachments(data="aGVsbG8=", length=5)),
        document(_attachments=attachments() | {"x.sigstore": {}}),
        document(_attachments={"@acme/other-1.0.0.tgz": attachments().popitem()[1]}),
        document(_attachments=["x"]),
        document(versions={}),
        document(versions={"1.0.0": {"name": "@acme/widget", "version": "1.0.1"}}),
        document(versions={"1.0.0": {"name": "@acme/widget", "version": "1.0.0",
                                     "dist": {"shasum": "0" * 40}}}),
        document(name="@acme/other"),
        document(tags={"latest": "0.9.0"}),
        document(tags={"1.x": "1.0.0"}),
        [],
        "text",
    ],
)  # fmt: skip
def test_a_publication_that_is_not_what_it_says_is_refused_and_leaves_nothing(server, body):
    with unchanged(server.packages.context.store, "AbcDev"):
        answer = put(server, body)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_body_that_is_no_json_is_refused(server):
    assert server.put(PACKAGE, b'{"x').status_code == 400


def test_a_large_tarball_is_taken_apart_on_disk(server):
    made = tarball(members={"package/data.bin": random.Random(1).randbytes(3 * 2**20)})

    assert put(server, document(made)).status_code == 201

    assert read(server.packages, "AbcDev", made[0], package=WIDGET) == made[1]


def test_a_deprecation_reaches_only_the_versions_that_it_names(server):
    publish_versions(server.packages, "1.0.0", "1.1.0")
    page = server.get(f"{PACKAGE}?write=true").json()
    page["versions"]["1.0.0"]["deprecated"] = "use 1.1"

    assert put(server, page).status_code == 200

    page = server.get(PACKAGE).json()
    assert page["versions"]["1.0.0"]["deprecated"] == "use 1.1"
    assert "deprecated" not in page["versions"]["1.1.0"]


def test_an_edit_of_what_others_have_changed_is_a_conflict(stocked):
    page = stocked.get(PACKAGE).json()
    page["versions"]["1.0.0"]["deprecated"] = "mine"
    stocked.packages.change_version("AbcDev", WIDGET, "1.0.0").deprecate("theirs")

    assert put(stocked, page).status_code == 409
    assert stocked.get(PACKAGE).json()["versions"]["1.0.0"]["deprecated"] == "theirs"


def test_an_edit_that_leaves_versions_out_takes_nothing_away(server):
    publish_versions(server.packages, "1.0.0", "1.1.0")
    page = server.get(PACKAGE).json()
    del page["versions"]["1.0.0"]

    assert put(server, page).status_code == 200
    assert set(server.get(PACKAGE).json()["versions"]) == {"1.0.0", "1.1.0"}


@pytest.mark.parametrize("versions", [{"9.9.9": {}}, {"1.0.0": {"deprecated": 1}}, {"1.0.0": 1}])
def test_an_edit_that_cannot_be_meant_is_refused(stocked, versions):
    answer = put(stocked, {"name": "@acme/widget", "versions": versions})

    assert answer.status_code == 400


def test_tags_are_set_listed_and_removed(stocked):
    assert stocked.put(f"{TAGS}/beta", b'"1.0.0"').status_code == 200
    assert stocked.get(TAGS).json() == {"latest": "1.0.0", "beta": "1.0.0"}

    assert stocked.ask("DELETE", f"{TAGS}/beta").status_code == 200
    assert stocked.get(TAGS).json() == {"latest": "1.0.0"}


@pytest.mark.parametrize(
    ("tag", "body", "status"),
    [
        ("beta", b'"9.9.9"', 404),
        ("beta", b"1.0.0", 400),
        ("beta", b"[]", 400),
        ("beta", b'"' + b"1" * 2000, 413),
        ("1.0", b'"1.0.0"', 400),
    ],
)
def test_a_tag_that_cannot_be_meant_is_refused(stocked, tag, body, status):
    assert stocked.put(f"{TAGS}/{tag}", body).status_code == status


def test_unpublishing_takes_one_version_and_what_came_in_between_stays(server):
    publish_versions(server.packages, "1.0.0", "1.1.0")
    page = server.get(f"{PACKAGE}?write=true").json()
    del page["versions"]["1.0.0"]
    publish_versions(server.packages, "1.2.0")

    server.ask("PUT", f"{PACKAGE}/-rev/{page['_rev']}", json=page)
    server.ask("DELETE", f"{AT}@acme/widget/-/widget-1.0.0.tgz/-rev/{page['_rev']}")

    assert set(server.get(PACKAGE).json()["versions"]) == {"1.1.0", "1.2.0"}
    assert server.get(f"{AT}@acme/widget/-/widget-1.0.0.tgz").status_code == 404


def test_a_package_is_unpublished_whole_only_as_the_client_saw_it(server):
    publish_versions(server.packages, "1.0.0", "1.1.0")
    rev = server.get(PACKAGE).json()["_rev"]
    publish_versions(server.packages, "1.2.0")

    assert server.ask("DELETE", f"{PACKAGE}/-rev/{rev}").status_code == 409
    rev = server.get(PACKAGE).json()["_rev"]
    assert server.ask("DELETE", f"{PACKAGE}/-rev/{rev}").status_code == 200

    assert server.get(PACKAGE).status_code == 404
    assert not [key for key in contents(server.packages.context.store) if "/files/" in key]


def test_of_several_sets_each_keeps_its_own_address(server):
    first, second = tarball(body="1"), tarball(body="2")
    publish_npm(server.packages, first)
    plain = server.get(PACKAGE).json()["versions"]["1.0.0"]["dist"]["tarball"]
    publish_npm(server.packages, second, asset_set="build-2")
    active = server.get(PACKAGE).json()["versions"]["1.0.0"]["dist"]["tarball"]

    assert server.get(plain).content == first[1]
    assert server.get(active).content == second[1]


def test_where_no_set_is_the_first_the_plain_address_leads_to_the_active_one(server):
    made = tarball()
    publish_npm(server.packages, made, asset_set="build-7")

    answer = server.get(f"{AT}@acme/widget/-/widget-1.0.0.tgz")

    assert answer.content == made[1]
    assert "no-cache" in answer.headers["cache-control"]


def test_npm_is_told_who_it_is(server):
    assert server.get(f"{AT}-/whoami").json() == {"username": "tests"}
    assert server.get(f"{AT}-/ping", token=None).json() == {}
    assert server.get(f"{AT}-/whoami", token=None).status_code == 401


REQUESTS = {
    "page": ("GET", PACKAGE, None, {"read", "admin"}),
    "tarball": ("GET", f"{AT}@acme/widget/-/widget-1.0.0.tgz", None, {"read", "admin"}),
    "tags": ("GET", TAGS, None, {"read", "admin"}),
    "publish": ("PUT", PACKAGE, document(), {"publish", "admin"}),
    "edit": ("PUT", PACKAGE, {"name": "@acme/widget"}, {"publish", "admin"}),
    "tag": ("PUT", f"{TAGS}/beta", "1.0.0", {"publish", "promote", "admin"}),
    "untag": ("DELETE", f"{TAGS}/beta", None, {"publish", "promote", "admin"}),
    "unpublish": ("PUT", f"{PACKAGE}/-rev/0", {}, {"admin"}),
    "remove": ("DELETE", f"{PACKAGE}/-/widget-1.0.0.tgz/-rev/0", None, {"admin"}),
    "remove all": ("DELETE", f"{PACKAGE}/-rev/0", None, {"admin"}),
}


@pytest.mark.parametrize("scope", ["read", "publish", "promote", "admin", None])
@pytest.mark.parametrize("request_of", REQUESTS)
def test_each_request_takes_its_scope(permitted, request_of, scope):
    method, path, body, allowed = REQUESTS[request_of]

    answer = permitted.server.ask(method, path, token=permitted.tokens[scope], json=body)

    if scope is None:
        assert answer.status_code == 401
    else:
        assert (answer.status_code == 403) == (scope not in allowed)


@pytest.fixture(scope="module")
def permitted(shared):
    publish_npm(shared.packages)
    tokens = {one: token(shared.packages, one) for one in ("read", "publish", "promote", "admin")}
    return SimpleNamespace(server=shared, tokens={**tokens, None: None})


@pytest.mark.parametrize("at", [1, 7, 4096, 10_000_000])
def test_a_document_is_the_same_however_it_comes_apart(at):
    data = bytes(range(256)) * (100 if at < 4096 else 6000)
    encoded = base64.b64encode(data).decode()
    raw = json.dumps({"a": 'x\\" \n é', "": [1, {"b": ""}], "data": encoded}).encode()

    with closing(SplitDocument()) as document:
        for start in range(0, len(raw), at):
            document.feed(raw[start : start + at])
        found = document.parse()
        with document.decoded(found["data"]) as decoded:
            assert decoded.read() == data
    assert (found["a"], found[""]) == ('x\\" \n é', [1, {"b": ""}])


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": "' + b"x\\n" * 600_000 + b'"}',
        b'{"a": "' + b"x" * 1_100_000 + b"\\n" + b'"}',
        b"[" * 17_000_000,
    ],
    ids=["escapes", "an escape late", "no text"],
)
def test_a_document_that_is_too_long_beside_its_files_is_refused(raw):
    with closing(SplitDocument()) as document, pytest.raises(RequestError):
        document.feed(raw)


def test_memory_does_not_grow_with_the_tarball():
    piece = base64.b64encode(bytes(3 * 2**18))
    with closing(SplitDocument()) as document:
        tracemalloc.start()
        document.feed(b'{"data": "')
        for _ in range(60):
            document.feed(piece)
        document.feed(b'"}')
        with document.decoded(document.parse()["data"]) as decoded:
            size = decoded.seek(0, io.SEEK_END)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert size == 60 * 3 * 2**18
    assert peak < 12 * 2**20
