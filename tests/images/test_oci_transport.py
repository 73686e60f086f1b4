"""What goes over the wire to a registry, and what never does."""

import json
import ssl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import pytest
from image_builders import LAYER, push_blob, push_image
from registry_double import PASSWORD, USERNAME

from versioned.errors import (
    AccessDeniedError,
    ContentMismatchError,
    InvalidInputError,
    StoreUnavailableError,
)
from versioned.images.errors import ImageNotFoundError, RegistryError, UnsupportedByRegistryError
from versioned.images.manifest import Descriptor, digest_of
from versioned.images.registries import oci_pages, transport
from versioned.images.registries.answers import Answer
from versioned.images.registries.oci import OciRegistry
from versioned.images.registry import Credentials

LAYER_DIGEST = digest_of(b"layer")


@pytest.fixture(params=["basic", "bearer"])
def guarded(request, make_registry_server):
    return make_registry_server(auth=request.param)


@pytest.fixture
def bearer(make_registry_server):
    return make_registry_server(auth="bearer")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "ca.crt", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=registry", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


def authorizations(server, pattern=""):
    return [
        seen.headers.get("Authorization", "").split(" ")[0]
        for seen in server.requests
        if pattern in seen.path
    ]


class TestAuthorization:
    def test_it_is_sent_when_it_was_demanded_and_then_at_once(self, guarded, connect):
        registry = connect(guarded)
        push_image(registry, "app", "1.4")
        guarded.requests.clear()
        registry.close()
        assert registry.list_tags("app") == ["1.4"]
        assert registry.resolve("app", "1.4")
        kind = guarded.auth.capitalize()
        sent = [one for one in authorizations(guarded, "/v2/") if one != kind]
        assert sent == []
        other = connect(guarded)
        guarded.requests.clear()
        other.list_tags("app")
        assert authorizations(guarded, "/v2/") == ["", kind]

    @pytest.mark.parametrize("credentials", [None, Credentials(USERNAME, "guessed-password")])
    def test_who_is_refused_is_told_how_to_log_in(self, guarded, connect, credentials):
        registry = connect(guarded, credentials=credentials)
        with pytest.raises(AccessDeniedError, match=f"docker login {guarded.host}") as caught:
            registry.list_tags("app")
        assert "guessed-password" not in f"{caught.value} {credentials!r} {vars(registry)}"
        assert len(guarded.requests) <= 3

    def test_what_is_forbidden(self, registry_server, connect):
        registry_server.fail("*", "app", times=9, status=403,
                             body=b'{"errors": [{"code": "DENIED", "message": "not \\u001b[2Jyou"}]}')  # fmt: skip
        for call in (
            lambda registry: registry.resolve("app", "1"),
            lambda registry: registry.get_manifest("app", "1"),
            lambda registry: registry.list_tags("app"),
            lambda registry: registry.has_blob("app", LAYER_DIGEST),
            lambda registry: push_blob(registry, "app", b"layer", LAYER),
            lambda registry: registry.list_referrers("app", LAYER_DIGEST),
        ):
            with pytest.raises(AccessDeniedError, match=r"answered with 403") as caught:
                call(connect(registry_server))
            assert str(caught.value).isprintable()

    def test_anybody_may_pull_where_that_is_allowed(self, make_registry_server, connect):
        server = make_registry_server(auth="bearer", anonymous_pull=True)
        image = push_image(connect(server), "app", "1.4")
        anybody = connect(server, credentials=None)
        assert anybody.get_manifest("app", "1.4").content == image.content
        with pytest.raises(AccessDeniedError):
            anybody.put_manifest("app", image, tag="mine")


class TestTokens:
    def test_one_is_asked_for_once(self, bearer, connect):
        push_image(connect(bearer), "app", "1.4")
        bearer.requests.clear()
        registry = connect(bearer)
        for _ in range(3):
            registry.list_tags("app")
        assert bearer.count(pattern="^/token") == 1
        assert bearer.count(pattern="scope=repository%3Aapp%3Apull$") == 1
        assert bearer.count(pattern="service=double") == 1

    def test_threads_that_need_the_same_one_ask_for_it_once(self, bearer, connect):
        push_image(connect(bearer), "app", "1.4")
        bearer.requests.clear()
        registry = connect(bearer)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: registry.resolve("app", "1.4"), range(16)))
        assert bearer.count(pattern="^/token") == 1

    def test_one_that_expired_is_fetched_anew(self, bearer, connect):
        registry = connect(bearer)
        push_image(registry, "app", "1.4")
        bearer.expire_tokens()
        bearer.requests.clear()
        assert registry.resolve("app", "1.4")
        assert authorizations(bearer) == ["Bearer", "Basic", "Bearer"]

    def test_one_that_is_refused_at_once_is_not_asked_for_again_and_again(self, bearer, connect):
        bearer.token_seconds = -1
        with pytest.raises(AccessDeniedError):
            connect(bearer).list_tags("app")
        assert bearer.count(pattern="^/token") == 1

    def test_a_mount_asks_for_both_repositories(self, bearer, connect):
        push_blob(connect(bearer), "app", b"layer", LAYER)
        bearer.requests.clear()
        registry = connect(bearer)
        assert registry.mount_blob("other", LAYER_DIGEST, "app") is True
        (asked,) = [seen.path for seen in bearer.requests if seen.path.startswith("/token")]
        assert asked.endswith(
            "scope=repository%3Aother%3Apull%2Cpush&scope=repository%3Aapp%3Apull"
        )

    def test_an_identity_token_is_posted(self, bearer, connect):
        push_image(connect(bearer), "app", "1.4")
        bearer.refresh_tokens.add("an-identity-token")
        bearer.requests.clear()
        registry = connect(bearer, credentials=Credentials("<token>", "an-identity-token"))
        assert registry.list_tags("app") == ["1.4"]
        assert bearer.count("POST", "^/token$") == 1
        assert "an-identity-token" not in str(bearer.requests)

    def test_an_identity_token_is_no_password(self, make_registry_server, connect):
        server = make_registry_server(auth="basic")
        registry = connect(server, credentials=Credentials("<token>", "an-identity-token"))
        with pytest.raises(AccessDeniedError):
            registry.list_tags("app")
        assert authorizations(server) == [""]

    @pytest.mark.parametrize(
        "body", ["", "[]", "{}", '{"token": 5}', '{"token": "a\\r\\nX: y"}', '{"token": "a b"}',
                 '{"token": "a", "expires_in": "soon"}', "[" * 100_000]
    )  # fmt: skip
    def test_what_is_no_token(self, bearer, connect, body):
        bearer.fail("GET", "^/token", status=200, body=body.encode())
        with pytest.raises(RegistryError, match="gave no token"):
            connect(bearer).list_tags("app")

    def test_odd_times_do_no_harm(self, bearer, connect):
        for seconds in (10**400, -5, None, 0.5):
            body = json.dumps({"token": "a", "expires_in": seconds}).encode()
            bearer.fail("GET", "^/token", status=200, body=body)
            with pytest.raises(AccessDeniedError):
                connect(bearer).list_tags("app")

    @pytest.mark.parametrize(
        "realm", ["http://tokens.example.com/", "ftp://127.0.0.1/", "//x", "http://u:p@127.0.0.1/"]
    )
    def test_no_password_goes_where_it_could_be_read(self, bearer, connect, realm):
        def elsewhere(status, headers, body):
            return status, {**headers, "Www-Authenticate": f'Bearer realm="{realm}"'}, body

        bearer.fail("GET", "tags/list", change=elsewhere)
        with pytest.raises(RegistryError, match="passwords are not sent to"):
            connect(bearer).list_tags("app")
        assert authorizations(bearer) == [""]


class TestElsewhere:
    def test_credentials_stay_when_a_blob_is_in_other_storage(self, make_registry_server, connect):
        server = make_registry_server(auth="basic", redirect_blobs=True)
        registry = connect(server)
        push_blob(registry, "app", b"layer", LAYER)
        with registry.read_blob("app", LAYER_DIGEST) as chunks:
            assert b"".join(chunks) == b"layer"
        assert authorizations(server, "/storage/") == [""]

    def test_credentials_stay_when_uploads_go_elsewhere(self, make_registry_server, connect):
        server = make_registry_server(auth="basic")
        elsewhere = server.url.replace("127.0.0.1", "localhost")

        def moved(status, headers, body):
            return status, {**headers, "Location": elsewhere + headers["Location"]}, body

        registry = connect(server)
        assert not registry.has_blob("app", LAYER_DIGEST)
        server.fail("POST", "uploads/", change=moved)
        with pytest.raises(AccessDeniedError):
            push_blob(registry, "app", b"layer", LAYER)
        assert authorizations(server, "_state") == ["", ""]

    def test_pages_of_another_host_are_not_read(self, make_registry_server, connect):
        server = make_registry_server(auth="basic")
        push_image(connect(server), "app", "1.4")
        elsewhere = server.url.replace("127.0.0.1", "localhost")
        link = {"Link": f'<{elsewhere}/v2/app/tags/list?last=1>; rel="next"'}
        server.fail("GET", "tags/list", times=2, change=lambda s, h, b: (s, {**h, **link}, b))
        with pytest.raises(RegistryError, match="in a circle, elsewhere"):
            connect(server).list_tags("app")
        assert not server.count(pattern="last=1")

    @pytest.mark.parametrize(
        "link", ["</v2/app/tags/list?n=1000>; rel=next", '<?n=1000>; rel="next"']
    )
    def test_pages_that_lead_in_a_circle_end(self, registry_server, connect, link):
        push_image(connect(registry_server), "app", "1.4")
        registry_server.fail("GET", "tags/list", times=9,
                             change=lambda s, h, b: (s, {**h, "Link": link}, b))  # fmt: skip
        with pytest.raises(RegistryError, match="in a circle"):
            connect(registry_server).list_tags("app")

    def test_pages_without_end_end(self, registry_server, connect, monkeypatch):
        monkeypatch.setattr(oci_pages, "_MAX_PAGES", 3)
        push_image(connect(registry_server), "app", "1.4")

        def following(status, headers, body):
            count = registry_server.count(pattern="last=")
            return status, {**headers, "Link": f"<?last={count}>; rel=next"}, body

        registry_server.fail("GET", "tags/list", times=9, change=following)
        with pytest.raises(RegistryError, match="to no end"):
            connect(registry_server).list_tags("app")
        assert registry_server.count(pattern="tags/list") == 3

    @pytest.mark.parametrize(
        ("location", "said"),
        [
            ("/v2/app/blobs/" + LAYER_DIGEST, "from one address to the next"),
            ("file:///etc/passwd", "not followed"),
            ("http://user:word@127.0.0.1/", "not followed"),
            ("http://[", "not followed"),
        ],
    )
    def test_redirects_that_lead_nowhere(self, registry_server, connect, location, said):
        registry_server.fail("GET", "blobs/", times=9, status=307, headers={"Location": location})
        with (
            pytest.raises(RegistryError, match=said),
            connect(registry_server).read_blob("app", LAYER_DIGEST),
        ):
            pytest.fail("was opened")


class TestTryingAgain:
    def test_a_busy_registry_may_show_a_large_page(self, registry_server, connect):
        push_image(connect(registry_server), "app", "1.4")
        registry_server.fail("GET", "tags", status=503, body=b"x" * 100_000)
        assert connect(registry_server).list_tags("app") == ["1.4"]

    def test_an_answer_that_drips_has_an_end(self, registry_server, connect, monkeypatch):
        monkeypatch.setattr(transport, "_WHOLE", -1.0)
        registry_server.fail("GET", "tags", status=200, body=b"{}")
        with pytest.raises(StoreUnavailableError, match="not answered in full"):
            connect(registry_server).list_tags("app")

    @pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429}, {"drop": True}])
    def test_what_passes_is_tried_again(self, registry_server, connect, pauses, fault):
        registry = connect(registry_server)
        image = push_image(registry, "app", "1.4")
        registry_server.fail("*", "manifests", times=4, **fault)
        assert registry.get_manifest("app", "1.4").content == image.content
        assert len(pauses) == 4
        assert 0.25 <= pauses[0] <= 0.5
        assert 2 <= pauses[3] <= 4

    def test_it_ends(self, registry_server, connect, pauses):
        registry_server.fail("GET", "tags", times=9, status=503, body=b"\x1b]0;busy\x07")
        with pytest.raises(StoreUnavailableError, match="failed: 503"):
            connect(registry_server).list_tags("app")
        assert len(pauses) == 4

    def test_a_registry_that_is_not_there(self, pauses):
        with (
            OciRegistry("127.0.0.1:1", sleep=pauses.append) as registry,
            pytest.raises(StoreUnavailableError, match=r"GET http://127\.0\.0\.1:1/v2/"),
        ):
            registry.list_tags("app")
        assert len(pauses) == 4

    def test_as_long_as_the_registry_asks_for(self, registry_server, connect, pauses):
        registry = connect(registry_server)
        push_image(registry, "app", "1.4")
        later = formatdate(time.time() + 55, usegmt=True)
        for asked in ("7", later):
            registry_server.fail("GET", "tags", status=429, headers={"Retry-After": asked})
            registry.list_tags("app")
        assert pauses[0] == 7.0
        assert 25 < pauses[1] <= 55

    def test_nobody_waits_for_an_hour(self, registry_server, connect, pauses):
        registry_server.fail("GET", "tags", status=429, headers={"Retry-After": "3600"})
        with pytest.raises(StoreUnavailableError, match="429"):
            connect(registry_server).list_tags("app")
        assert pauses == []

    def test_a_manifest_that_breaks_off_is_read_again(self, registry_server, connect):
        registry = connect(registry_server)
        image = push_image(registry, "app", "1.4")
        registry_server.fail("GET", "manifests", cut=True)
        assert registry.get_manifest("app", "1.4").content == image.content

    def test_a_blob_that_breaks_off_is_an_error(self, registry_server, connect):
        registry = connect(registry_server)
        push_blob(registry, "app", b"layer", LAYER)
        registry_server.fail("GET", "blobs", cut=True)
        with (
            pytest.raises(StoreUnavailableError, match="broke off"),
            registry.read_blob("app", LAYER_DIGEST) as chunks,
        ):
            b"".join(chunks)

    def test_a_refusal_that_breaks_off_is_asked_for_again(self, registry_server, connect, pauses):
        registry_server.fail("GET", "blobs", times=2, status=404, body=b"unknown", cut=True)
        with (
            pytest.raises(ImageNotFoundError),
            connect(registry_server).read_blob("app", LAYER_DIGEST),
        ):
            pytest.fail("was opened")
        assert len(pauses) == 2

    @pytest.mark.parametrize("fault", [{"status": 503}, {"drop": True}])
    def test_chunks_are_sent_once(self, registry_server, connect, pauses, fault):
        registry = connect(registry_server)
        registry_server.fail("PATCH", "uploads", **fault)
        with pytest.raises(StoreUnavailableError):
            push_blob(registry, "app", b"layer", LAYER)
        assert (registry_server.count("PATCH"), pauses) == (1, [])
        assert not registry_server.contents("app").uploads
        push_blob(registry, "app", b"layer", LAYER)
        assert registry.has_blob("app", LAYER_DIGEST)

    def test_an_upload_whose_last_answer_was_lost_is_there(self, registry_server, connect):
        registry = connect(registry_server)
        registry_server.fail("PUT", "uploads", drop=True, after=True)
        push_blob(registry, "app", b"layer", LAYER)
        assert registry_server.contents("app").blobs[LAYER_DIGEST] == b"layer"


class TestBadAnswers:
    @pytest.mark.parametrize("reference", ["1.4", None])
    def test_other_bytes_than_the_digest_says(self, registry_server, connect, reference):
        registry = connect(registry_server)
        image = push_image(registry, "app", "1.4")
        registry_server.fail("GET", "manifests", change=lambda s, h, b: (s, h, b + b" "))
        with pytest.raises(ContentMismatchError, match=f"expected to be {image.digest}"):
            registry.get_manifest("app", reference or image.digest)

    def test_another_digest_than_was_written(self, registry_server, connect):
        registry = connect(registry_server)
        image = push_image(registry, "app", "1.4")
        other = {"Docker-Content-Digest": LAYER_DIGEST}
        registry_server.fail("PUT", "manifests", change=lambda s, h, b: (s, {**h, **other}, b))
        with pytest.raises(ContentMismatchError, match="app:2 was expected to be"):
            registry.put_manifest("app", image, tag="2")
        registry_server.fail("HEAD", "manifests", change=lambda s, h, b: (s, {**h, **other}, b))
        with pytest.raises(ContentMismatchError):
            registry.resolve("app", image.digest)

    @pytest.mark.parametrize("without", ["Docker-Content-Digest", "Content-Type"])
    def test_a_head_that_tells_too_little(self, registry_server, connect, without):
        registry = connect(registry_server)
        image = push_image(registry, "app", "1.4")
        registry_server.fail("HEAD", "manifests", change=lambda s, h, b: (s, {
            name: value for name, value in h.items() if name != without}, b))  # fmt: skip
        assert registry.resolve("app", "1.4") == image.descriptor

    def test_a_digest_that_is_none(self, registry_server, connect):
        registry = connect(registry_server)
        push_image(registry, "app", "1.4")
        bad = {"Docker-Content-Digest": "sha256:xyz"}
        registry_server.fail("HEAD", "manifests", change=lambda s, h, b: (s, {**h, **bad}, b))
        with pytest.raises(RegistryError, match="a digest that is none"):
            registry.resolve("app", "1.4")

    @pytest.mark.parametrize("path", ["manifests/1.4", "tags/list", "_catalog"])
    def test_an_answer_without_end(self, registry_server, connect, path):
        registry = connect(registry_server)
        registry_server.fail("GET", path, status=200, body=b" " * (4 * 1024 * 1024 + 1))
        with pytest.raises(RegistryError, match="more than 4194304 bytes"):
            {
                "manifests/1.4": lambda: registry.get_manifest("app", "1.4"),
                "tags/list": lambda: registry.list_tags("app"),
                "_catalog": registry.list_repositories,
            }[path]()

    @pytest.mark.parametrize(
        "body",
        ["", "<html>", "[]", '{"tags": 5}', '{"tags": ["a b"]}', '{"tags": [5]}', "[" * 100_000],
    )
    def test_tags_that_are_none(self, registry_server, connect, body):
        registry_server.fail("GET", "tags/list", status=200, body=body.encode())
        with pytest.raises(RegistryError, match="no list of tags"):
            connect(registry_server).list_tags("app")

    def test_no_tags_at_all(self, registry_server, connect):
        registry_server.fail("GET", "tags/list", status=200, body=b'{"tags": null}')
        assert connect(registry_server).list_tags("app") == []

    def test_a_registry_that_lists_nothing(self, registry_server, connect):
        registry_server.fail("GET", "_catalog", status=404)
        with pytest.raises(UnsupportedByRegistryError):
            connect(registry_server).list_repositories()

    def test_an_upload_that_goes_on_nowhere(self, registry_server, connect):
        registry_server.fail("POST", "uploads", status=202)
        with pytest.raises(RegistryError, match="did not say where"):
            push_blob(connect(registry_server), "app", b"layer", LAYER)


class TestTls:
    @pytest.fixture
    def server(self, certificate, make_registry_server):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        return make_registry_server(tls=context, auth="bearer")

    def test_a_certificate_of_a_file_is_trusted(self, server, certificate, connect):
        registry = connect(server, ca_file=str(certificate[0]))
        image = push_image(registry, "app", "1.4")
        assert registry.get_manifest("app", "1.4").content == image.content

    def test_one_that_the_environment_names_is_trusted(
        self, server, certificate, connect, monkeypatch
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert push_image(connect(server), "app", "1.4")

    def test_any_other_is_not(self, server, connect, pauses):
        with pytest.raises(StoreUnavailableError, match="certificate verify failed"):
            connect(server).list_tags("app")
        assert (server.requests, pauses) == ([], [])

    def test_a_password_does_not_go_from_https_to_http(self, server, certificate, connect):
        plain = {"Www-Authenticate": f'Bearer realm="http://{server.host}/token"'}
        server.fail("GET", "tags", change=lambda s, h, b: (s, {**h, **plain}, b))
        with pytest.raises(RegistryError, match="passwords are not sent to"):
            connect(server, ca_file=str(certificate[0])).list_tags("app")

    def test_nothing_goes_from_https_to_http(self, server, certificate, connect):
        registry = connect(server, ca_file=str(certificate[0]))
        plain = {"Location": f"http://{server.host}/v2/app/blobs/uploads/1"}
        server.fail("POST", "uploads", times=2, status=202, headers=plain)
        with pytest.raises(RegistryError, match="not followed"):
            push_blob(registry, "app", b"layer", LAYER)

    @pytest.mark.parametrize("content", [None, "no certificate"])
    def test_a_file_without_certificates(self, tmp_path, content):
        if content:
            (tmp_path / "ca.crt").write_text(content)
        with pytest.raises(InvalidInputError, match="no certificates that can be read"):
            OciRegistry("https://127.0.0.1:1", ca_file=str(tmp_path / "ca.crt"))


def test_a_blob_goes_in_one_request_and_comes_in_small_chunks(registry_server, connect):
    registry, size = connect(registry_server), 64 * 65536
    blob = Descriptor(LAYER, digest_of(b"\0" * size), size)
    registry.write_blob("app", blob, (b"\0" * 65536 for _ in range(64)))
    (sent,) = [seen for seen in registry_server.requests if seen.method == "PATCH"]
    assert (sent.headers["Content-Length"], sent.received) == (str(size), size)
    assert "Transfer-Encoding" not in sent.headers
    with registry.read_blob("app", blob.digest) as read:
        assert max(len(chunk) for chunk in read) <= 65536


def test_the_password_is_the_one_that_was_meant(make_registry_server, connect):
    assert connect(make_registry_server(auth="basic")).login() == Credentials(USERNAME, PASSWORD)


def test_another_server_is_no_registry(registry_server, connect):
    for pattern in ("tags/list", "manifests/", "/v2/$"):
        registry_server.fail("*", pattern, times=9, status=404, body=b"404 page not found")
    registry = connect(registry_server)
    with pytest.raises(RegistryError, match="is no registry"):
        registry.list_tags("app")
    with pytest.raises(RegistryError, match="is no registry"):
        registry.resolve("app", "1.4")


@pytest.mark.parametrize("listed", ["prod", {"prod": 1}])
def test_a_list_of_tags_is_a_list(registry_server, connect, listed):
    body = json.dumps({"tags": listed}).encode()
    registry_server.fail("GET", "tags/list", status=200, body=body)
    with pytest.raises(RegistryError, match="no list of tags"):
        connect(registry_server).list_tags("app")


def test_an_answer_shows_no_tokens():
    headers = {"Location": "https://host.example/?signature=s3cret"}
    answer = Answer(200, headers, b"s3cret", headers["Location"], "GET https://host.example/")
    assert "s3cret" not in repr(answer)


@pytest.mark.parametrize("seconds", ["-1" + "0" * 400, "1e999", "NaN"])
def test_a_token_may_say_any_number_of_seconds(bearer, connect, seconds):
    push_image(connect(bearer), "app", "1.4")

    def lasting(status, headers, body):
        head, expires_in, _ = body.rpartition(b'"expires_in": ')
        return status, headers, head + expires_in + seconds.encode() + b"}"

    bearer.fail("GET", "/token", times=9, change=lasting)
    assert connect(bearer).list_tags("app") == ["1.4"]


@pytest.mark.parametrize("size", ["\u00b2", "9" * 5000])
def test_a_size_that_is_none_is_looked_up(registry_server, connect, size):
    image = push_image(connect(registry_server), "app", "1.4")
    changed = lambda status, headers, body: (status, {**headers, "Content-Length": size}, body)  # noqa: E731
    registry_server.fail("HEAD", "manifests/", change=changed)
    assert connect(registry_server).resolve("app", "1.4").size == len(image.content)


def test_a_refusal_of_the_first_tag_is_the_registrys_word(registry_server, connect):
    image = push_image(connect(registry_server), "app", None)
    registry_server.fail("PUT", "manifests/1.4", status=409, body=b"{}")
    registry_server.fail("GET", "tags/list", times=9, status=404,
                         body=b'{"errors": [{"code": "NAME_UNKNOWN"}]}')  # fmt: skip
    with pytest.raises(RegistryError, match="was not taken: 409"):
        connect(registry_server).put_manifest("app", image, tag="1.4")
