"""The index as pip and uv read it, and files that lead out of it."""

import json

import pytest
from asking import JSON, SIMPLE, file_url, links
from package_making import PYABC, publish, publish_builds, sha256, wheel

from versioned.packages.revision import PackageStatus

HTML = "application/vnd.pypi.simple.v1+html"
NINE, FILE = wheel(build="9"), wheel(build="24")
PIP = f"{JSON}, {HTML}; q=0.1, text/html; q=0.01"


@pytest.fixture(scope="module")
def index(shared):
    """A server that has two builds of PyABC 1.0.0, and one of 2.0.0+local."""
    publish_builds(shared.packages, "9", "24")
    publish(shared.packages, wheel(version="2.0.0+local"))
    return shared


def page(server, path=SIMPLE, **options):
    return server.get(path, headers={"Accept": JSON}, **options)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "text/html; charset=utf-8"),
        ("", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("text/html", "text/html; charset=utf-8"),
        ("text/*", "text/html; charset=utf-8"),
        (PIP, JSON),
        (PIP.replace("q=0.1", "q=0.2"), JSON),
        (JSON.upper(), JSON),
        (HTML, HTML),
        (f"{JSON};q=0.1, text/html", "text/html; charset=utf-8"),
        (f"{JSON};q=0, */*;q=0.1", "text/html; charset=utf-8"),
        ("text/html;q=0, */*", JSON),
        ("application/*", JSON),
        (f"{JSON};q=high, text/html;q=0.1", "text/html; charset=utf-8"),
        (", ,", "text/html; charset=utf-8"),
    ],
)
def test_a_page_has_the_form_that_is_wanted_most(accept, content_type, index):
    answer = index.get(SIMPLE, headers={"Accept": accept} if accept is not None else {"Accept": ""})
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Vary"] == "Accept"
    assert (json.loads if content_type == JSON else str.encode)(answer.text)


@pytest.mark.parametrize("accept", ["application/json", "text/html;q=0", "image/png, text/plain"])
def test_a_form_that_there_is_not_is_not_acceptable(accept, index):
    answer = index.get(SIMPLE, headers={"Accept": accept})
    assert answer.status_code == 406
    assert JSON in answer.text


@pytest.mark.parametrize("path", [SIMPLE, "/pypi/AbcDev/simple/"])
def test_a_page_that_a_client_has_is_not_sent_again(path, index):
    first = page(index, path)
    for known in (
        first.headers["ETag"],
        f"W/{first.headers['ETag']}",
        f'"x", {first.headers["ETag"]}',
        "*",
    ):
        again = index.get(path, headers={"Accept": JSON, "If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    other = index.get(path, headers={"Accept": "text/html", "If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_a_page_is_sent_again_once_it_changed(server):
    server.upload(NINE)
    known = page(server).headers["ETag"]
    server.upload(FILE)
    again = server.get(SIMPLE, headers={"Accept": JSON, "If-None-Match": known})
    assert set(links(again)) == {NINE[0], FILE[0]}


def test_head_tells_what_get_would(index):
    got, told = (index.ask(method, SIMPLE, headers={"Accept": JSON}) for method in ("GET", "HEAD"))
    assert told.headers["Content-Length"] == str(len(got.content))
    assert told.headers["ETag"] == got.headers["ETag"]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/pypi/AbcDev/simple", "/pypi/AbcDev/simple/"),
        ("/pypi/AbcDev/simple/pyabc", SIMPLE),
        ("/pypi/AbcDev/simple/PyABC/", SIMPLE),
        ("/pypi/AbcDev/simple/Py__ABC.-x/", "/pypi/AbcDev/simple/py-abc-x/"),
        (
            "/pypi/AbcDev/simple/https:elsewhere.example",
            "/pypi/AbcDev/simple/https%3Aelsewhere.example/",
        ),
        ("/pypi/AbcDev/simple/a%3Fb%23c", "/pypi/AbcDev/simple/a%3Fb%23c/"),
        ("/pypi/AbcDev/simple/%0d%0aSet-Cookie:x", "/pypi/AbcDev/simple/%0D%0ASet-Cookie%3Ax/"),
    ],
)
def test_there_is_one_address_for_a_page(path, location, index):
    answer = index.get(path)
    assert answer.status_code == 301
    assert str(answer.url.join(answer.headers["Location"])) == f"http://server{location}"


def test_redirects_are_right_below_the_path_of_a_proxy(index):
    assert index.get("/pypi/AbcDev/simple/PyABC/").headers["Location"] == "../pyabc/"


def test_an_empty_repository_has_an_empty_list(index):
    assert page(index, "/pypi/AbcDev/simple/").json()["projects"] == [{"name": "pyabc"}]


def test_a_repository_without_anything_lists_nothing(server):
    assert page(server, "/pypi/AbcDev/simple/").json()["projects"] == []
    assert server.get("/pypi/AbcDev/simple/").status_code == 200


def test_a_project_that_is_not_there_is_not_found(index):
    assert page(index, "/pypi/AbcDev/simple/other/").status_code == 404


def test_every_link_leads_to_its_file(index):
    found = links(page(index))
    assert len(found) == 3
    for name, one in found.items():
        answer = index.get(file_url(page(index), name))
        assert sha256(answer.content) == one["hashes"]["sha256"]
        beside = index.get(file_url(page(index), name) + ".metadata")
        assert sha256(beside.content) == one["core-metadata"]["sha256"]


OTHERS = {
    "another repository": lambda url: url.replace("/AbcDev/", "/AbcStaging/"),
    "another version": lambda url: url.replace("/1.0.0/", "/2.0.0+local/"),
    "another package": lambda url: url.replace("/pyabc/", "/other/"),
    "another generation": lambda url: url.replace("/0-", "/1-"),
    "another hash": lambda url: url.replace(url.split("/")[-2], "0-" + "0" * 64),
    "no hash": lambda url: url.replace(url.split("/")[-2], "0"),
    "another name": lambda url: url.replace("-24-", "-9-"),
    "metadata of metadata": lambda url: f"{url}.metadata.metadata",
    "one up": lambda url: url.replace("/files/", "/files/%2e%2e/files/"),
    "a slash in the name": lambda url: url.replace("PyABC-", "%2e%2e%2fPyABC-"),
    "a NUL": lambda url: url + "%00",
    "a percent sign": lambda url: url + "%25",
    "percent twice": lambda url: url.replace("PyABC-", "%252e%252e%252f"),
    "bytes that are no text": lambda url: url + "%ff%fe",
    "a slash at the end": lambda url: url + "/",
    "two slashes": lambda url: url.replace("/files/", "/files//"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_no_other_address_leads_to_a_file(what, index):
    url = file_url(page(index), FILE[0])
    assert index.get(url).content == FILE[1]
    tried = OTHERS[what](url)
    assert tried != url
    assert index.get(tried).status_code in {400, 403, 404}


@pytest.mark.parametrize("path", [
    "/pypi/%2e%2e/simple/", "/pypi/AbcDev%2F..%2FAbcStaging/simple/", "/pypi/.tokens/simple/",
    "/pypi/AbcDev%00/simple/", "/pypi/AbcDev/simple/%2e%2e/", "/pypi/AbcDev/simple/.tokens/",
    "/pypi/AbcDev/simple/%00/", "/pypi/AbcDev/simple/..%2f..%2f.versioned-packages.json/",
    "//", "/", "/pypi", "/pypi//simple/", "/.versioned-packages.json", "/pypi/AbcDev/files/",
    f"/pypi/AbcDev/simple/{'x' * 5000}/", f"/pypi/{'x' * 5000}/simple/",
])  # fmt: skip
def test_no_path_leads_out_of_the_index(path, index):
    answer = index.get(path)
    assert answer.status_code in {400, 403, 404, 405}
    assert len(answer.content) < 1000


@pytest.mark.parametrize("status", [PackageStatus.ARCHIVED, PackageStatus.DISPOSED])
def test_a_version_without_bytes_is_off_the_page_and_its_files_are_refused(status, anywhere):
    anywhere.upload(FILE)
    url = file_url(page(anywhere), FILE[0])
    version = anywhere.packages.change_version("AbcDev", PYABC, "1.0.0")
    if status is PackageStatus.ARCHIVED:
        version.set_status(status)
    else:
        version.discard(status)
    assert links(page(anywhere)) == {}
    for asked in (url, f"{url}.metadata"):
        assert anywhere.get(asked).status_code in {404, 409}


def test_what_another_server_published_is_found_at_once(local_packages, asking_of, server):
    other = asking_of(local_packages)
    server.upload(NINE)
    for one in (server, other):
        one.get(file_url(page(server), NINE[0]), token=server.token)
    other.upload(FILE, token=server.token)
    assert server.get(file_url(page(server), FILE[0])).content == FILE[1]
