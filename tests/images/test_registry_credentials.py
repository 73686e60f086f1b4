"""Where credentials come from, and to whom they may go."""

import base64
import json
import time

import pytest

from versioned.errors import AccessDeniedError, InvalidInputError
from versioned.images.registries.challenge import Challenge
from versioned.images.registries.docker_config import CredentialStore, credentials_for
from versioned.images.registries.oci import OciRegistry
from versioned.images.registries.origin import Origin
from versioned.images.registry import Credentials

HOST = "registry.example.com"
PROGRAM = """#!/bin/sh
read -r server
echo "$1 $server" >> "$(dirname "$0")/asked"
case "$server" in
  registry.example.com) echo '{"ServerURL": "x", "Username": "told", "Secret": "by program"}' ;;
  https://index.docker.io/v1/) echo '{"Username": "<token>", "Secret": "identity"}' ;;
  broken.example.com) printf 'the secret \\033[2Jstore is locked'; exit 1 ;;
  odd.example.com) echo '["my-secret"]' ;;
  *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
"""


def entry(user, password):
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def environ(tmp_path):
    """A home without any credentials, where a program keeps some."""
    for folder in (".docker", ".config/containers", "run/containers", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    program = tmp_path / "bin" / "docker-credential-keep"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    return {"HOME": str(tmp_path), "PATH": f"{tmp_path}/bin:/usr/bin:/bin"}


@pytest.fixture
def write(tmp_path):
    """Writes a file below the home: Docker's configuration unless another one is named."""

    def write(document, path=".docker/config.json"):
        (tmp_path / path).write_text(
            document if isinstance(document, str) else json.dumps(document)
        )
        return str(tmp_path / path)

    return write


class TestFiles:
    def test_nothing_is_known_of_a_fresh_home(self, environ):
        assert credentials_for(HOST, environ) is None
        assert credentials_for(HOST, {}) is None

    def test_the_first_that_has_some_is_taken(self, environ, write, tmp_path):
        def found():
            return credentials_for(HOST, environ).username

        write({"auths": {HOST: entry("config", "x")}}, ".config/containers/auth.json")
        assert found() == "config"
        environ["XDG_RUNTIME_DIR"] = str(tmp_path / "run")
        write({"auths": {HOST: entry("run", "x")}}, "run/containers/auth.json")
        assert found() == "run"
        write({"auths": {HOST: entry("docker", "x")}})
        assert found() == "docker"
        environ["DOCKER_CONFIG"] = str(tmp_path / "bin")
        assert found() == "run"
        write({"auths": {HOST: entry("other docker", "x")}}, "bin/config.json")
        assert found() == "other docker"
        environ["REGISTRY_AUTH_FILE"] = write(
            {"auths": {HOST: entry("podman", "x")}}, "podman.json"
        )
        assert found() == "podman"
        environ |= {"VERSIONED_REGISTRY_USER": "own", "VERSIONED_REGISTRY_PASSWORD": "x"}
        assert found() == "own"

    @pytest.mark.parametrize(
        "key", [HOST, f"https://{HOST}", f"https://{HOST}/v1/", f"http://{HOST}/v2/"]
    )
    def test_a_key_may_be_a_url(self, environ, write, key):
        write({"auths": {key: entry("me", "my:word")}})
        assert credentials_for(HOST, environ) == Credentials("me", "my:word")
        assert credentials_for(f"{HOST}:5000", environ) is None
        assert credentials_for(f"x{HOST}", environ) is None

    @pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io"])
    def test_docker_hub_has_names_of_its_own(self, environ, write, key):
        write({"auths": {key: entry("me", "word")}})
        assert credentials_for("docker.io", environ) == Credentials("me", "word")

    def test_the_longest_namespace_is_taken(self, environ, write):
        write({"auths": {f"{HOST}/team/app": entry("app", "x"), f"{HOST}/team": entry("team", "x"),
                         HOST: entry("all", "x")}})  # fmt: skip
        store = CredentialStore(environ)
        names = ["team/app", "team/app/part", "team/other", "other", "team-2/app"]
        found = [store.find(HOST, name).username for name in names]
        assert found == ["app", "app", "team", "all", "all"]

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({"username": "me", "password": "word"}, Credentials("me", "word")),
            ({"identitytoken": "identity", **entry("me", "")}, Credentials("<token>", "identity")),
            (entry("me", "word\0\0"), Credentials("me", "word")),
            ({}, None),
            ({"auth": ""}, None),
        ],
    )
    def test_an_entry_may_be_written_in_several_ways(self, environ, write, given, expected):
        write({"auths": {HOST: given}})
        assert credentials_for(HOST, environ) == expected

    @pytest.mark.parametrize(
        "document",
        [
            "{",
            "[]",
            "\ufeff{}x",
            "[" * 100_000,
            {"auths": ["x"]},
            {"auths": {HOST: "secret-word"}},
            {"auths": {HOST: {"auth": 5}}},
            {"auths": {HOST: {"auth": "secret-word!"}}},
            {"auths": {HOST: {"auth": "c2VjcmV0LXdvcmQ="}}},
            {"credHelpers": "keep"},
            {"credHelpers": {HOST: "../keep"}},
            {"credsStore": "keep; touch x"},
            {"credsStore": ["keep"]},
        ],
    )
    def test_a_broken_file_is_a_clear_error(self, environ, write, document):
        path = write(document)
        with pytest.raises(InvalidInputError, match=r"config\.json ") as caught:
            credentials_for(HOST, environ)
        assert caught.value.message.startswith(path)
        assert "secret-word" not in str(caught.value)

    def test_a_file_that_can_not_be_read(self, environ, tmp_path):
        (tmp_path / ".docker" / "config.json").mkdir()
        with pytest.raises(InvalidInputError, match="can't be read"):
            credentials_for(HOST, environ)

    @pytest.mark.parametrize("name", ["VERSIONED_REGISTRY_USER", "VERSIONED_REGISTRY_PASSWORD"])
    def test_half_of_the_variables_is_a_mistake(self, environ, name):
        with pytest.raises(InvalidInputError, match="only one of"):
            credentials_for(HOST, {**environ, name: "x"})


class TestPrograms:
    @pytest.mark.parametrize("document", [{"credsStore": "keep"}, {"credHelpers": {HOST: "keep"}}])
    def test_one_that_keeps_credentials_is_asked(self, environ, write, document):
        write({**document, "auths": {HOST: entry("not", "me")}})
        assert credentials_for(HOST, environ) == Credentials("told", "by program")

    def test_an_empty_name_stands_for_none(self, environ, write):
        write({"credHelpers": {HOST: ""}, "credsStore": "keep", "auths": {HOST: entry("ann", "x")}})
        assert credentials_for(HOST, environ) == Credentials("ann", "x")

    def test_it_is_asked_once(self, environ, write, tmp_path):
        write({"credsStore": "keep"})
        store = CredentialStore(environ)
        for name in ("a", "b"):
            assert store.find(HOST, name).username == "told"
        assert (tmp_path / "bin" / "asked").read_text() == f"get {HOST}\n"

    def test_docker_hub_by_its_old_address(self, environ, write):
        write({"credsStore": "keep"})
        assert credentials_for("docker.io", environ) == Credentials("<token>", "identity")

    def test_one_that_knows_nothing_is_no_error(self, environ, write):
        write({"credsStore": "keep", "auths": {"other.example.com": entry("me", "word")}})
        assert credentials_for("other.example.com", environ) == Credentials("me", "word")
        assert credentials_for("unknown.example.com", environ) is None

    @pytest.mark.parametrize(
        ("host", "name", "said"),
        [
            ("broken.example.com", "keep", "failed: the secret"),
            ("odd.example.com", "keep", "said nothing that is understood"),
            (HOST, "gone", "can't be run"),
        ],
    )
    def test_one_that_fails(self, environ, write, host, name, said):
        write({"credsStore": name})
        with pytest.raises(AccessDeniedError, match=f"docker-credential-{name} {said}") as caught:
            credentials_for(host, environ)
        assert "my-secret" not in str(caught.value)
        assert str(caught.value).isprintable()


class TestRegistry:
    def test_it_asks_for_credentials_only_when_they_are_demanded(
        self, environ, write, tmp_path, make_registry_server
    ):
        write({"credsStore": "keep"})
        server = make_registry_server(auth="basic")
        with OciRegistry.open(server.url, environ=environ) as registry:
            assert not (tmp_path / "bin" / "asked").exists()
            with pytest.raises(AccessDeniedError, match="401"):
                registry.list_tags("app")
        assert (tmp_path / "bin" / "asked").read_text() == f"get {server.host}\n"

    def test_credentials_of_a_namespace_are_sent_for_it_alone(
        self, environ, write, make_registry_server
    ):
        server = make_registry_server(auth="basic")
        server.users = {"team": "x", "all": "y"}
        server.contents("team/app")
        server.contents("app")
        write(
            {"auths": {f"{server.host}/team": entry("team", "x"), server.host: entry("all", "y")}}
        )
        with OciRegistry.open(server.url, environ=environ) as registry:
            for repository in ("team/app", "app", "team/app"):
                assert registry.list_tags(repository) == []
        sent = [seen.headers.get("Authorization") for seen in server.requests]
        assert sent[0] is None
        assert sent[1] == sent[3] != sent[2]

    def test_a_runtime_logs_in_with_what_was_given_to_this_program(self, environ, write):
        write({"auths": {HOST: entry("me", "word")}})
        assert OciRegistry.open(HOST, environ=environ).login() is None
        own = {"VERSIONED_REGISTRY_USER": "own", "VERSIONED_REGISTRY_PASSWORD": "word"}
        found = OciRegistry.open(HOST, environ={**environ, **own}).login()
        assert found == Credentials("own", "word")
        assert "word" not in repr(found)


class TestOrigin:
    @pytest.mark.parametrize(
        ("text", "url", "host"),
        [
            ("registry.example.com", "https://registry.example.com/", "registry.example.com"),
            ("registry.example.com:5000", "https://registry.example.com:5000/", None),
            (
                "http://registry.example.com/",
                "http://registry.example.com/",
                "registry.example.com",
            ),
            ("https://127.0.0.1:5000", "https://127.0.0.1:5000/", "127.0.0.1:5000"),
            ("127.0.0.1:5000", "http://127.0.0.1:5000/", None),
            ("localhost", "http://localhost/", None),
            ("[::1]:5000", "http://[::1]:5000/", None),
            ("localhost.example.com", "https://localhost.example.com/", None),
            ("docker.io", "https://registry-1.docker.io/", "docker.io"),
            ("https://index.docker.io", "https://registry-1.docker.io/", "docker.io"),
        ],
    )
    def test_what_is_asked_how(self, text, url, host):
        origin = Origin.parse(text)
        assert (origin.url("/"), origin.host) == (url, host or text)

    @pytest.mark.parametrize(
        "text", ["", "ftp://host", "https://", "https://host/path", "user:word@host", "host:99999",
                 "host name", "https://host?x", "host#x", "a\nb", "HTTPS://host", "-x"]
    )  # fmt: skip
    def test_what_is_no_registry(self, text):
        with pytest.raises(InvalidInputError):
            Origin.parse(text)

    @pytest.mark.parametrize(
        ("registry", "realm", "trusted"),
        [
            ("https://a.example", "https://tokens.example/token", True),
            ("https://a.example", "http://a.example/token", False),
            ("http://a.example", "http://b.example/token", True),
            ("http://127.0.0.1", "http://localhost:80/token", True),
            ("http://127.0.0.1", "http://a.example/token", False),
            ("http://127.0.0.1", "https://a.example/token", True),
            ("https://a.example", "https://u:p@b.example/token", False),
            ("https://a.example", "https://b.example/to ken", False),
            ("https://a.example", "/token", False),
            ("https://a.example", "https://[x/", False),
        ],
    )
    def test_whom_a_password_is_sent_to(self, registry, realm, trusted):
        assert Origin.parse(registry).trusts(realm) is trusted

    @pytest.mark.parametrize(
        ("url", "is_ours"),
        [
            ("https://a.example/v2/", True),
            ("https://A.example:443/v2/", True),
            ("https://a.example:444/v2/", False),
            ("http://a.example/v2/", False),
            ("https://a.example.evil/v2/", False),
            ("https://evil/a.example", False),
        ],
    )
    def test_which_addresses_are_its_own(self, url, is_ours):
        assert Origin.parse("a.example").owns(url) is is_ours


class TestChallenge:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (['Basic realm="a, b"'], Challenge("basic", {"realm": "a, b"})),
            (["basic"], Challenge("basic")),
            (
                ['Bearer realm="https://t/x?a=b,c",service=s , scope="repository:a:pull,push"'],
                Challenge(
                    "bearer",
                    {
                        "realm": "https://t/x?a=b,c",
                        "service": "s",
                        "scope": "repository:a:pull,push",
                    },
                ),
            ),
            (['Basic realm="x", Bearer realm="y"'], Challenge("bearer", {"realm": "y"})),
            (['Basic realm="x"', 'Bearer realm="y"'], Challenge("bearer", {"realm": "y"})),
            (["Bearer", 'Basic realm="x"'], Challenge("basic", {"realm": "x"})),
            (['Bearer realm="a\\"b"'], Challenge("bearer", {"realm": 'a"b'})),
            (["Negotiate"], None),
            (['realm="x"'], None),
            ([], None),
        ],
    )
    def test_the_best_that_is_understood_is_chosen(self, headers, expected):
        assert Challenge.choose(headers) == expected

    def test_a_long_one_takes_no_time(self):
        assert Challenge.choose(["Bearer " + 'a="' * 100_000, ", " * 100_000]) is None

    def test_a_long_header_is_read_in_no_time(self):
        def seconds():
            started = time.process_time()
            for long in (" " * 8192, "a" * 8192, "Bearer a" + " " * 8192, "Bearer " + ", " * 4096):
                Challenge.choose([long + ";"])
            return time.process_time() - started

        assert min(seconds() for _ in range(3)) < 0.2  # garbage may be collected in one of them
