"""Paths and methods that the server has not: what the answer says."""

import json

import pytest

GENERIC = "an asset is /generic/REPOSITORY/NAMESPACE/PACKAGE/VERSION/ASSET"


def test_an_address_without_a_namespace_is_told_what_one_looks_like(server):
    answer = server.put("/generic/AbcDev/scripts/7/rotate.sh", b"x")
    assert (answer.status_code, answer.text) == (
        405,
        f"""\
405 Method Not Allowed

there is no PUT of '/generic/AbcDev/scripts/7/rotate.sh' ({GENERIC})
""",
    )
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}
    answer = server.put("/generic/AbcDev/7/rotate.sh", b"x")
    assert (answer.status_code, answer.text) == (
        404,
        f"404 Not Found\n\nthere is no '/generic/AbcDev/7/rotate.sh' ({GENERIC})\n",
    )
    assert answer.headers["X-Error-Code"] == "no-such-address"


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/pypi/AbcDev/", 405, "the index is /pypi/REPOSITORY/simple/"),
        ("POST", "/pypi/AbcDev/legacy/", 404, "files are sent to /pypi/REPOSITORY/"),
        ("GET", "/simple/", 404, "packages are below /generic/, /pypi/, /npm/ and /v1/"),
        ("DELETE", "/-/healthy", 405, "there is no DELETE of '/-/healthy'"),
    ],
)
def test_other_slips_are_answered_as_text(server, method, path, status, said):
    answer = server.ask(method, path)
    assert answer.status_code == status
    assert said in answer.text


def test_npm_is_answered_in_json(server):
    answer = server.ask("POST", "/npm/AbcDev/-/npm/v1/security/advisories/bulk")
    assert answer.status_code in {404, 405}
    assert "the registry is /npm/REPOSITORY/" in answer.json()["error"]


def test_codeartifact_is_answered_in_its_own_words(server):
    for method in ("GET", "TRACE"):
        answer = server.ask(method, "/v1/nothing")
        assert answer.status_code == 400
        assert answer.headers["x-amzn-ErrorType"] == "ValidationException"


def test_whatever_a_path_holds_is_said_safely(server):
    for path in ("/%0a%1b[31m", "/%ff", "//", "/" + "x" * 5000):
        answer = server.get(path)
        assert answer.status_code == 404
        assert len(answer.content) < 1000
        assert "\x1b" not in answer.text
        assert json.dumps(answer.text)
