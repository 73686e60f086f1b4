"""Whatever is asked of CodeArtifact's API, the answer is one of CodeArtifact's own errors."""

import json
from contextlib import closing, contextmanager
from urllib.parse import urlencode

import boto3
import pytest
from asking import Asking, basic, token
from package_making import open_packages, publish_builds, sha256, wheel
from starlette.requests import Request

from doubles import TappedStore
from versioned.errors import StoreUnavailableError
from versioned.packages.errors import PackageConflictError
from versioned.server.problems import answer, problem_of
from versioned.stores.local import LocalStore

PYPI = {"domain": "abc", "repository": "AbcDev", "format": "pypi", "package": "pyabc"}
GENERIC = PYPI | {"format": "generic", "namespace": "team", "package": "scripts"}
PUBLISH = GENERIC | {"version": "7", "asset": "a.sh"}
VERSION = PYPI | {"version": "1.0.0"}
MODEL = boto3.Session()._session.get_service_model("codeartifact")
ERRORS = {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in MODEL.error_shapes}

OPERATIONS = {
    "ListPackages": ("POST", "packages", PYPI),
    "DescribePackage": ("GET", "package", PYPI),
    "ListPackageVersions": ("POST", "package/versions", PYPI),
    "DescribePackageVersion": ("GET", "package/version", VERSION),
    "ListPackageVersionAssets": ("POST", "package/version/assets", VERSION),
    "GetPackageVersionAsset": ("GET", "package/version/asset", VERSION | {"asset": "a.whl"}),
    "GetPackageVersionReadme": ("GET", "package/version/readme", VERSION),
    "CopyPackageVersions": (
        "POST",
        "package/versions/copy",
        PYPI | {"source-repository": "AbcDev", "destination-repository": "AbcProd"},
    ),
    "PublishPackageVersion": ("POST", "package/version/publish", PUBLISH),
    "UpdatePackageVersionsStatus": ("POST", "package/versions/update_status", PYPI),
    "DisposePackageVersions": ("POST", "package/versions/dispose", PYPI),
    "DeletePackageVersions": ("POST", "package/versions/delete", PYPI),
    "DeletePackage": ("DELETE", "package", PYPI),
    "ListDomains": ("POST", "domains", {}),
    "DescribeDomain": ("GET", "domain", {"domain": "abc"}),
    "ListRepositories": ("POST", "repositories", {}),
    "ListRepositoriesInDomain": ("POST", "domain/repositories", {"domain": "abc"}),
    "DescribeRepository": ("GET", "repository", PYPI),
    "CreateRepository": ("POST", "repository", {"domain": "abc", "repository": "New"}),
    "GetRepositoryEndpoint": ("GET", "repository/endpoint", PYPI),
    "GetAuthorizationToken": ("POST", "authorization-token", {"domain": "abc"}),
}
ON_VERSIONS = ("copy", "update_status", "dispose", "delete")
HOSTILE = (
    "../../etc",
    "..",
    "/",
    "a/b",
    "\x00",
    "a\nb",
    "\u202e",
    "\ud7ff\ufffd",
    "x" * 5000,
    "%2e%2e",
    "{}",
    "-",
    " ",
    "\u0661",
    "*",
)


def ask(server, operation, *, body=None, token=..., **changes):
    """Ask as boto3 does; `None` leaves a parameter out."""
    method, path, usual = OPERATIONS[operation]
    asked = {name: value for name, value in (usual | changes).items() if value is not None}
    headers = {"x-amz-content-sha256": sha256(b"one")}
    content = b"one" if operation == "PublishPackageVersion" and body is None else body or b""
    query = urlencode(asked, errors="surrogatepass")
    return server.ask(method, f"/v1/{path}?{query}", token=token, headers=headers, content=content)


def is_refused(answer, *kinds):
    """The error is one of these, and as the model has it."""
    kind = answer.headers.get("x-amzn-ErrorType")
    told = answer.json()
    assert kind in (kinds or ERRORS), (answer.status_code, answer.text)
    assert answer.status_code == ERRORS[kind]
    assert set(told) - {"resourceId", "resourceType"} <= {"message", "reason"}
    assert told["message"]
    return True


def required(operation):
    """The parameters of the query that the model has as required."""
    shape = MODEL.operation_model(operation).input_shape
    members = [shape.members[name].serialization for name in shape.required_members]
    return [one["name"] for one in members if one.get("location") == "querystring"]


@contextmanager
def serving(place):
    with closing(LocalStore(place, settle=0)) as store:
        store.create()
        packages = open_packages(store)
        publish_builds(packages, "1")
        with closing(Asking(packages)) as asking:
            asking.token = token(packages, "admin", repository="*")
            yield asking


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One for all tests that change nothing but by promoting version 1.0.0."""
    with serving(tmp_path_factory.mktemp("domain")) as asking:
        yield asking


@pytest.fixture
def own_server(tmp_path):
    with serving(tmp_path) as asking:
        yield asking


@pytest.mark.parametrize("operation", OPERATIONS)
def test_without_a_valid_token_nothing_is_told(operation, server):
    wrong = f"vt-{'0' * 16}-{'0' * 64}"
    others = (None, "", wrong, basic(wrong), "AWS4-HMAC-SHA256 Credential=a/b", "Negotiate abc")
    for one in others:
        assert is_refused(ask(server, operation, token=one), "AccessDeniedException")


FOR_ANY_TOKEN = {
    "ListDomains",
    "DescribeDomain",
    "ListRepositories",
    "ListRepositoriesInDomain",
    "DescribeRepository",
    "GetRepositoryEndpoint",
    "GetAuthorizationToken",
}


@pytest.mark.parametrize("operation", sorted(OPERATIONS.keys() - FOR_ANY_TOKEN))
def test_what_a_token_may_not_do_is_refused(operation, server):
    scope = "read" if operation == "PublishPackageVersion" else "publish"
    answer = ask(server, operation, token=token(server.packages, scope))
    assert is_refused(answer, "AccessDeniedException")


@pytest.mark.parametrize("operation", sorted(FOR_ANY_TOKEN))
def test_whoever_may_do_anything_can_find_the_way(operation, server):
    answer = ask(server, operation, token=token(server.packages, "publish"))
    assert answer.status_code == 200


def test_a_repository_that_is_open_to_all_is_read_without_a_token(server, asking_of):
    open_to_all = asking_of(server.packages, anonymous=frozenset({"AbcDev"}))
    reads = ("ListPackages", "ListPackageVersionAssets", "GetRepositoryEndpoint")
    assert {ask(open_to_all, one).status_code for one in reads} == {200}
    for operation in ("PublishPackageVersion", "GetAuthorizationToken", "ListRepositories"):
        assert is_refused(ask(open_to_all, operation), "AccessDeniedException")


def test_to_promote_takes_a_token_for_both_sides(server):
    def promoting(scopes):
        secret = server.packages.create_token("tests", scopes).secret
        return ask(server, "CopyPackageVersions", token=secret, body=b'{"versions":["1.0.0"]}')

    for scopes in (
        {"AbcDev": ("read",)},
        {"AbcProd": ("promote",)},
        {"AbcDev": ("read",), "AbcProd": ("read", "publish")},
    ):
        assert is_refused(promoting(scopes), "AccessDeniedException")
    assert promoting({"AbcDev": ("read",), "AbcProd": ("promote",)}).status_code == 200


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_parameter_that_is_missing_is_named(operation, server):
    for name in required(operation):
        for value in (None, ""):
            answer = ask(server, operation, **{name: value})
            assert is_refused(answer, "ValidationException")
            assert name in answer.json()["message"]


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
def test_hostile_values_never_break_it(operation, own_server):
    body = {name: json.dumps({"versions": ["1.0.0"]}).encode() for name in ON_VERSIONS}
    for name in (*OPERATIONS[operation][2], "namespace", "next-token", "max-results", "revision"):
        for value in HOSTILE:
            answer = ask(
                own_server,
                operation,
                body=body.get(OPERATIONS[operation][1].rpartition("/")[2]),
                **{name: value},
            )
            if answer.status_code != 200:
                assert is_refused(answer)
                assert answer.status_code != 500


@pytest.mark.parametrize("operation", OPERATIONS)
def test_another_domain_is_not_found(operation, server):
    if "domain" in OPERATIONS[operation][2]:
        answer = ask(server, operation, domain="xyz")
        assert is_refused(answer, "ResourceNotFoundException")
        assert answer.json()["resourceType"] == "domain"


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if "format" in required(one)])
@pytest.mark.parametrize("kind", ["maven", "PyPI", "docker"])
def test_other_formats_are_refused(kind, operation, server):
    assert is_refused(ask(server, operation, format=kind), "ValidationException")


@pytest.mark.parametrize(
    ("parameter", "value", "error"),
    [
        ("repository", "Nowhere", "ResourceNotFoundException"),
        ("package", "nothing", "ResourceNotFoundException"),
        ("version", "9.9", "ResourceNotFoundException"),
        ("version", "no version", "ValidationException"),
        ("asset", "nothing.whl", "ResourceNotFoundException"),
        ("revision", "1-0000000000000000", "ResourceNotFoundException"),
        ("revision", "9" * 400 + "-a", "ResourceNotFoundException"),
        ("revision", "../1", "ResourceNotFoundException"),
        ("namespace", "team", "ValidationException"),
    ],
)
def test_what_is_not_there_is_told_by_kind(parameter, value, error, server):
    asked = {"asset": wheel(build="1")[0]} | {parameter: value}
    assert is_refused(ask(server, "GetPackageVersionAsset", **asked), error)


@pytest.mark.parametrize("path", ["package/versions/" + one for one in ON_VERSIONS])
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'"versions"',
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"versions": "1.0.0"}',
        b'{"versions": [1]}',
        b'{"versions": {"1.0.0": "1"}}',
        b'{"versions": [["1.0.0"]]}',
        b'{"versions": ["1.0.0"], "versionRevisions": ["1"]}',
        b'{"versions": ["1.0.0"], "versionRevisions": {"1.0.0": 1}}',
        b'{"versions": ["1.0.0"], "expectedStatus": "Gone", "allowOverwrite": "yes"}',
        b'{"versions": ["1.0.0"], "expectedStatus": {}, "includeFromUpstream": 1}',
        b'{"versions": ["1.0.0"], "expectedStatus": [], "allowOverwrite": 1}',
        b"{}",
        b"",
    ],
    ids=range(18),
)
def test_a_body_that_can_not_be_meant_is_refused(body, path, server):
    operation = next(name for name, (_, one, _) in OPERATIONS.items() if one == path)
    answer = ask(server, operation, body=body)
    assert is_refused(answer, "ValidationException")
    is_json = body.startswith(b'{"v') or body in {b"{}", b""}
    assert (answer.json()["reason"] == "CANNOT_PARSE") is not is_json


@pytest.mark.parametrize("target", ["null", "1", "{}", '"Gone"', '["Archived"]'])
def test_a_status_that_is_none_is_refused(target, server):
    body = f'{{"versions": ["1.0.0"], "targetStatus": {target}}}'.encode()
    assert is_refused(ask(server, "UpdatePackageVersionsStatus", body=body), "ValidationException")


@pytest.mark.parametrize("operation", ["ListPackages", "GetPackageVersionAsset", "DeletePackage"])
@pytest.mark.parametrize("name", ["repository", "package", "namespace"])
def test_hostile_names_are_refused(name, operation, own_server):
    for value in HOSTILE[:7]:
        answer = ask(own_server, operation, **{name: value})
        assert answer.status_code == 200 or is_refused(answer)


def test_hostile_versions_are_told_apart_from_good_ones(server):
    versions = [one for one in HOSTILE if one.strip()] + ["\udcff", "1.0.0"]
    body = json.dumps({"versions": versions}).encode()
    told = ask(server, "CopyPackageVersions", body=body).json()
    assert list(told["successfulVersions"]) == ["1.0.0"]
    assert {one["errorCode"] for one in told["failedVersions"].values()} == {"NOT_FOUND"}
    assert set(told["failedVersions"]) == set(versions) - {"1.0.0"}


def test_hostile_revisions_promote_nothing(server):
    for said in (*HOSTILE, "", "\udcff", f"1-{'0' * 16}/a", "0-0", "-1-0", "1e3-0"):
        body = json.dumps({"versionRevisions": {"1.0.0": said}}).encode()
        told = ask(server, "CopyPackageVersions", body=body).json()
        assert told["failedVersions"]["1.0.0"]["errorCode"] == "MISMATCHED_REVISION"


def test_a_long_body_is_refused_before_it_is_read(server):
    body = b'{"versions": ["' + b"1" * 1024 * 1024 + b'"]}'
    answer = ask(server, "CopyPackageVersions", body=body)
    assert is_refused(answer, "ServiceQuotaExceededException")


def test_an_asset_that_is_too_long_is_refused(local_packages, asking_of):
    server = asking_of(local_packages, longest_upload=2)
    secret = token(local_packages, "publish")
    answer = ask(server, "PublishPackageVersion", token=secret)
    assert is_refused(answer, "ServiceQuotaExceededException")


@pytest.mark.parametrize("digest", ["", "0" * 63, "g" * 64, "UNSIGNED-PAYLOAD", "0" * 64])
def test_an_asset_has_to_be_what_was_announced(digest, server):
    method, path, usual = OPERATIONS["PublishPackageVersion"]
    headers = {"x-amz-content-sha256": digest}
    answer = server.ask(method, f"/v1/{path}?{urlencode(usual)}", headers=headers, content=b"one")
    assert is_refused(answer, "ValidationException")


@pytest.mark.parametrize("value", ["0", "1001", "-1", "1.5", "ten", "\u0661", "9" * 5000])
def test_a_part_has_1_to_1000_items(value, server):
    answer = ask(server, "ListPackages", **{"max-results": value})
    assert is_refused(answer, "ValidationException")


@pytest.mark.parametrize("value", ["a", "!!", "\u00e9", "W10", "bnVsbA", "WzEsMl0", "W" * 5000])
def test_a_token_of_no_list_is_refused(value, server):
    for operation in ("ListPackages", "ListPackageVersionAssets"):
        answer = ask(server, operation, **{"next-token": value})
        assert is_refused(answer, "ValidationException")


@pytest.mark.parametrize("owner", ["1", "1" * 13, "\u0661" * 12, "abc"])
def test_an_account_has_twelve_digits(owner, server):
    answer = ask(server, "DescribeDomain", **{"domain-owner": owner})
    assert is_refused(answer, "ValidationException")


@pytest.mark.parametrize("operation", sorted(set(MODEL.operation_names) - set(OPERATIONS)), ids=str)
def test_other_operations_of_codeartifact_are_told_to_be_missing(operation, server):
    http = MODEL.operation_model(operation).http
    answer = server.ask(http["method"], f"{http['requestUri']}?domain=abc&repository=AbcDev")
    assert is_refused(answer, "ValidationException")
    assert answer.json()["reason"] == "UNKNOWN_OPERATION"


def test_what_is_no_operation_at_all_is_told_so_too(server):
    for method, path in (("PATCH", "/v1/package"), ("GET", "/v1/"), ("GET", "/v1/x%00")):
        assert is_refused(server.ask(method, path), "ValidationException")


def test_every_operation_is_asked_where_the_model_has_it():
    told = {
        name: (http["method"], http["requestUri"].removeprefix("/v1/"))
        for name in OPERATIONS
        for http in [MODEL.operation_model(name).http]
    }
    assert told == {name: (method, path) for name, (method, path, _) in OPERATIONS.items()}


@pytest.fixture
def tapped(make_store, asking_of):
    store = TappedStore(make_store("local"))
    packages = open_packages(store)
    server = asking_of(packages)
    server.token = token(packages, "admin")
    publish_builds(packages, "1")
    assert ask(server, "DescribeRepository").status_code == 200
    store.reset()
    return server, store


def test_a_store_that_fails_is_not_the_fault_of_who_asks(tapped):
    server, store = tapped

    def fail(*_):
        raise StoreUnavailableError("bucket secret-bucket is away")

    store.before = fail
    answer = ask(server, "ListPackages")
    assert is_refused(answer, "InternalServerException")
    assert "secret-bucket" not in answer.text


@pytest.mark.parametrize(
    ("operation", "requests"),
    [
        ("ListPackages", 1),
        ("ListPackageVersions", 2),
        ("DescribePackageVersion", 2),
        ("ListPackageVersionAssets", 2),
        ("GetPackageVersionAsset", 3),
        ("GetRepositoryEndpoint", 0),
        ("GetAuthorizationToken", 1),
    ],
)
def test_few_requests_are_made_of_the_store(operation, requests, tapped):
    server, store = tapped
    asked = {"asset": wheel(build="1")[0]} if operation == "GetPackageVersionAsset" else {}
    assert ask(server, operation, **asked).status_code == 200
    assert len(store.requests) == requests, store.requests


def test_who_was_slower_than_others_is_told_to_come_again():
    request = Request({"type": "http", "path": "/v1/package", "query_string": b""})
    found = answer(request, problem_of(PackageConflictError("others were faster")))
    assert found.headers["x-amzn-ErrorType"] == "ThrottlingException"
    assert found.status_code == ERRORS["ThrottlingException"]
    assert int(found.headers["Retry-After"]) >= 1
