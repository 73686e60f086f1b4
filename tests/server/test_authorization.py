"""Who may do what: 401 where a client has to ask again, 403 where it may not."""

from types import SimpleNamespace

import pytest
from asking import JSON, SIMPLE, basic, token
from package_making import open_packages, publish, wheel

from versioned.packages import Package
from versioned.stores.local import LocalStore

WRONG = f"vt-{'0' * 16}-{'0' * 64}"
FILE = wheel(build="24")
GENERIC = "/generic/AbcDev/team/scripts/7"


@pytest.fixture(scope="module")
def stocked(tmp_path_factory):
    """Packages with something in them, and a token of each kind."""
    store = LocalStore(tmp_path_factory.mktemp("domain"), settle=0)
    store.create()
    packages = open_packages(store)
    publish(packages, FILE)
    scripts = Package.of("generic", "scripts", "team")
    packages.publish_package_version("AbcDev", scripts, "7", {"a.sh": b"one"})
    tokens = {kind: token(packages, kind) for kind in ("read", "publish", "promote", "admin")}
    tokens["of all"] = token(packages, "read", "publish", repository="*")
    tokens["of another"] = token(packages, "admin", repository="AbcProd")
    tokens["revoked"] = token(packages, "admin")
    packages.revoke_token(tokens["revoked"].split("-")[1])
    tokens["expired"] = token(packages, "admin", seconds=0.001)
    tokens |= {"none": None, "wrong": WRONG, "no token": "password", "empty": "Bearer "}
    tokens["not Base64"] = "Basic %%%"
    tokens["wrong half"] = tokens["read"][:-64] + "0" * 64
    tokens["longer"] = tokens["admin"] + "0"
    yield packages, tokens
    store.close()


@pytest.fixture
def asking(stocked, asking_of):
    return asking_of(stocked[0])


def file_path(asking, tokens):
    page = asking.get(SIMPLE, token=tokens["read"], headers={"Accept": JSON})
    return str(page.url.join(page.json()["files"][0]["url"]))


READS = {
    "root": "/pypi/AbcDev/simple/",
    "project": SIMPLE,
    "unknown project": "/pypi/AbcDev/simple/unknown/",
    "file": None,
    "metadata": None,
    "asset": f"{GENERIC}/a.sh",
    "unknown asset": f"{GENERIC}/b.sh",
    "version": GENERIC,
}
UNKNOWN = (
    "none",
    "wrong",
    "no token",
    "empty",
    "not Base64",
    "wrong half",
    "longer",
    "revoked",
    "expired",
)
KINDS = (*UNKNOWN, "read", "publish", "promote", "admin", "of all", "of another")


def reading(asking, tokens, route):
    if route in {"file", "metadata"}:
        return file_path(asking, tokens) + (".metadata" if route == "metadata" else "")
    return READS[route]


@pytest.mark.parametrize("route", READS)
def test_reading_takes_a_token_that_may_read(route, asking, stocked):
    _, tokens = stocked
    path = reading(asking, tokens, route)
    found = {kind: asking.get(path, token=tokens[kind]).status_code for kind in KINDS}
    granted = 404 if route.startswith("unknown") else 200
    expected = dict.fromkeys(UNKNOWN, 401)
    expected |= {"read": granted, "admin": granted, "of all": granted}
    expected |= {"publish": 403, "promote": 403, "of another": 403}
    assert found == expected


@pytest.mark.parametrize("route", ["upload", "put"])
def test_publishing_takes_a_token_that_may_publish(route, asking, stocked):
    _, tokens = stocked

    def publishing(kind):
        if route == "upload":
            return asking.upload(FILE, token=tokens[kind])
        return asking.put(f"{GENERIC}/a.sh", b"one", token=tokens[kind])

    found = {kind: publishing(kind).status_code for kind in KINDS}
    expected = dict.fromkeys(UNKNOWN, 401)
    expected |= {"publish": 200, "admin": 200, "of all": 200}
    expected |= {"read": 403, "promote": 403, "of another": 403}
    assert found == expected


def test_who_is_not_known_is_told_how_to_ask(asking, stocked):
    for kind in UNKNOWN:
        answer = asking.get(SIMPLE, token=stocked[1][kind])
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_who_signs_as_aws_and_sends_no_token_is_told_where_it_goes(asking):
    answer = asking.get(SIMPLE, token="AWS4-HMAC-SHA256 Credential=ci/20261128/us-east-1")
    assert answer.status_code == 401
    assert "AWS_SESSION_TOKEN" in answer.text


def test_a_repository_that_is_not_there_looks_like_one_that_may_not_be_read(asking, stocked):
    _, tokens = stocked
    for kind in ("none", "wrong", "read", "of another"):
        hidden, missing = (
            asking.get(f"/pypi/{name}/simple/", token=tokens[kind])
            for name in ("AbcStaging", "Nowhere")
        )
        assert hidden.status_code == missing.status_code in {401, 403}
        assert hidden.text.replace("AbcStaging", "Nowhere") == missing.text


def test_who_may_read_all_is_told_that_a_repository_is_not_there(asking, stocked):
    assert asking.get("/pypi/Nowhere/simple/", token=stocked[1]["of all"]).status_code == 404


@pytest.mark.parametrize("user", ["__token__", "aws", "", "ann"])
def test_a_token_is_the_password_of_any_user(user, asking, stocked):
    assert asking.get(SIMPLE, token=basic(stocked[1]["read"], user)).status_code == 200


def test_a_token_is_taken_in_upper_case_schemes(asking, stocked):
    assert asking.get(SIMPLE, token=f"BEARER {stocked[1]['read']}").status_code == 200


class TestAnonymous:
    @pytest.fixture
    def asking(self, stocked, asking_of):
        return asking_of(stocked[0], anonymous=frozenset({"AbcDev"}))

    def test_anybody_may_read(self, asking, stocked):
        _, tokens = stocked
        kinds = ("none", "read", "publish", "of another")
        assert {asking.get(SIMPLE, token=tokens[kind]).status_code for kind in kinds} == {200}

    def test_a_wrong_token_is_told_all_the_same(self, asking, stocked):
        assert asking.get(SIMPLE, token=stocked[1]["revoked"]).status_code == 401

    def test_nobody_may_publish_without_a_token(self, asking):
        assert asking.upload(FILE).status_code == 401

    def test_the_others_stay_closed(self, asking):
        assert asking.get("/pypi/AbcStaging/simple/").status_code == 401


class TestMemory:
    @pytest.fixture
    def clock(self, monkeypatch):
        times = [1000.0]
        clock = SimpleNamespace(monotonic=lambda: times[0])
        monkeypatch.setattr("versioned.server.remembering.time", clock)
        return times

    def test_a_revoked_token_ends_within_the_memory(self, clock, local_packages, asking_of):
        asking = asking_of(local_packages, memory=10)
        made = local_packages.create_token("tests", {"AbcDev": ("admin",)})
        root = "/pypi/AbcDev/simple/"
        assert asking.get(root, token=made.secret).status_code == 200
        local_packages.revoke_token(made.token.identity)
        clock[0] += 9.9
        assert asking.get(root, token=made.secret).status_code == 200
        clock[0] += 0.2
        assert asking.get(root, token=made.secret).status_code == 401
