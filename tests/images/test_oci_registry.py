"""What every registry does, on each chosen one."""

import hashlib
import threading
from datetime import UTC, datetime

import pytest
from image_builders import EMPTY, LAYER, push_blob, push_image, push_index

from versioned.errors import ContentMismatchError, InvalidInputError, StoreUnavailableError
from versioned.images.errors import (
    ImageNotFoundError,
    ImageRepositoryNotEmptyError,
    ImageRepositoryNotFoundError,
    InvalidImageError,
    RegistryError,
    TagImmutableError,
)
from versioned.images.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
    digest_of,
)

NOWHERE = "sha256:" + "0" * 64
OLD, NEW = "2024-05-01T10:00:00Z", "2024-05-02T10:00:00.123456789+02:00"


@pytest.fixture(params=["as specified", "as docker-registry 2.8"])
def any_registry(request, registry_kind, registry, connect, make_registry_server):
    """Each chosen registry, and a double that lacks what docker-registry 2.8 does."""
    if request.param == "as specified":
        return registry
    if registry_kind == "docker":
        pytest.skip("the real one is there")
    return connect(make_registry_server(referrers=False, tag_deletion=False))


def by_digest(registry, repository):
    return {image.digest: image for image in registry.list_images(repository)}


def push_multi_arch(registry, app, tag="1.4", **options):
    images = [
        push_image(registry, app, None, layers=[b"base", arch.encode()], created=created)
        for arch, created in (("amd64", OLD), ("arm64", NEW))
    ]
    return images, push_index(registry, app, tag, images, **options)


class TestManifests:
    def test_the_very_bytes_come_back_by_tag_and_by_digest(self, registry, app):
        image = push_image(registry, app, "1.4")
        for reference in ("1.4", image.digest):
            found = registry.get_manifest(app, reference)
            assert (found.content, found.media_type, found.digest) == (
                image.content,
                OCI_MANIFEST,
                image.digest,
            )

    def test_an_index_comes_as_an_index(self, registry, app):
        _, index = push_multi_arch(registry, app)
        found = registry.get_manifest(app, "1.4")
        assert (found.content, found.media_type) == (index.content, OCI_INDEX)

    @pytest.mark.parametrize("kind", [DOCKER_MANIFEST, DOCKER_LIST])
    def test_types_of_docker_are_passed_on(self, registry, app, kind):
        image = push_image(registry, app, "oci")
        old = image.content.replace(OCI_MANIFEST.encode(), DOCKER_MANIFEST.encode())
        manifest = Manifest.parse(old)
        registry.put_manifest(app, manifest)
        if kind == DOCKER_LIST:
            index = push_index(registry, app, None, [manifest]).content
            manifest = Manifest.parse(index.replace(OCI_INDEX.encode(), DOCKER_LIST.encode()))
        registry.put_manifest(app, manifest, tag="docker")
        assert registry.get_manifest(app, "docker").media_type == kind
        assert registry.resolve(app, "docker") == manifest.descriptor

    def test_resolving_is_one_request_without_a_download(self, registry_server, connect):
        registry = connect(registry_server)
        image = push_image(registry, "app", "1.4")
        registry_server.requests.clear()
        assert registry.resolve("app", "1.4") == image.descriptor
        assert [seen.method for seen in registry_server.requests] == ["HEAD"]

    def test_a_tag_moves(self, registry, app):
        push_image(registry, app, "1.4", layers=[b"one"])
        other = push_image(registry, app, "1.4", layers=[b"two"])
        assert registry.resolve(app, "1.4").digest == other.digest

    def test_writing_twice_is_writing_once(self, registry, app):
        image = push_image(registry, app, "1.4")
        registry.put_manifest(app, image, tag="1.4")
        registry.put_manifest(app, image)
        assert registry.list_tags(app) == ["1.4"]

    @pytest.mark.parametrize("reference", ["none", NOWHERE])
    @pytest.mark.parametrize("method", ["resolve", "get_manifest"])
    def test_what_is_not_there(self, registry, app, method, reference):
        push_image(registry, app, "1.4")
        with pytest.raises(ImageNotFoundError, match="has no "):
            getattr(registry, method)(app, reference)

    @pytest.mark.parametrize("method", ["resolve", "get_manifest"])
    def test_a_repository_that_is_not_there(self, registry, app, method):
        with pytest.raises(ImageRepositoryNotFoundError, match=f"no repository {app}"):
            getattr(registry, method)(app, "1.4")

    def test_blobs_have_to_be_there_first(self, registry, app, prefix):
        image = push_image(registry, app, "1.4")
        with pytest.raises(RegistryError, match="was not taken: 400 MANIFEST_BLOB_UNKNOWN"):
            registry.put_manifest(f"{prefix}/other", image, tag="1.4")

    def test_children_have_to_be_there_first(self, registry, app, prefix):
        _, index = push_multi_arch(registry, app)
        with pytest.raises(RegistryError, match="was not taken"):
            registry.put_manifest(f"{prefix}/other", index)

    @pytest.mark.parametrize(
        ("repository", "reference"),
        [
            ("../v2", "1"),
            ("a//b", "1"),
            ("app", "../tags/list"),
            ("app", "a?b"),
            ("app", "sha256:12"),
            ("app", ""),
            ("A", "1"),
        ],
    )
    def test_no_name_escapes_its_place(self, registry_server, connect, repository, reference):
        registry = connect(registry_server)
        for call in (registry.resolve, registry.get_manifest):
            with pytest.raises(InvalidImageError):
                call(repository, reference)
        assert not registry_server.requests


class TestTags:
    def test_they_are_sorted(self, registry, app):
        for tag in ("b", "a", "B"):
            push_image(registry, app, tag)
        assert registry.list_tags(app) == ["B", "a", "b"]

    def test_of_no_repository(self, registry, app):
        with pytest.raises(ImageRepositoryNotFoundError):
            registry.list_tags(app)

    def test_all_pages_are_read(self, make_registry_server, connect):
        server = make_registry_server(page_size=2)
        registry = connect(server)
        for tag in "abcde":
            push_image(registry, "app", tag)
        server.requests.clear()
        assert registry.list_tags("app") == list("abcde")
        assert server.count("GET", "tags/list") == 3


class TestRepositories:
    def test_those_of_a_prefix(self, registry, prefix):
        for name in ("b", "a"):
            push_image(registry, f"{prefix}/{name}", "1")
        found = registry.list_repositories(f"{prefix}/")
        assert [(one.name, one.uri) for one in found] == [
            (f"{prefix}/{name}", f"{registry.host}/{prefix}/{name}") for name in "ab"
        ]

    def test_all_pages_are_read(self, make_registry_server, connect):
        server = make_registry_server(page_size=2)
        for name in "abcde":
            server.contents(name)
        assert [one.name for one in connect(server).list_repositories()] == list("abcde")

    def test_there_is_nothing_to_create(self, registry, app):
        assert registry.ensure_repository(app) is False
        registry.check_tag_is_free(app, "1.4")
        with pytest.raises(InvalidInputError):
            registry.ensure_repository("../app")


class TestBlobs:
    def test_what_was_written_is_read(self, registry, app):
        content = bytes(range(256)) * 1000
        blob = Descriptor(LAYER, digest_of(content), len(content))
        assert not registry.has_blob(app, blob.digest)
        registry.write_blob(app, blob, (content[i : i + 999] for i in range(0, len(content), 999)))
        assert registry.has_blob(app, blob.digest)
        with registry.read_blob(app, blob.digest) as chunks:
            assert b"".join(chunks) == content

    def test_an_empty_one(self, registry, app):
        push_blob(registry, app, b"", EMPTY)
        with registry.read_blob(app, digest_of(b"")) as chunks:
            assert b"".join(chunks) == b""

    def test_one_that_is_there_is_not_sent_again(self, registry, app):
        push_blob(registry, app, b"layer", LAYER)
        blob = Descriptor(LAYER, digest_of(b"layer"), 5)
        registry.write_blob(app, blob, (pytest.fail("was read") for _ in range(1)))

    def test_reading_may_stop_in_the_middle(self, registry, app):
        content = b"x" * 3_000_000
        push_blob(registry, app, content, LAYER)
        with registry.read_blob(app, digest_of(content)) as chunks:
            next(chunks)
        assert registry.has_blob(app, digest_of(content))

    def test_another_digest_is_refused(self, registry, app):
        with pytest.raises(ContentMismatchError):
            registry.write_blob(app, Descriptor(LAYER, NOWHERE, 5), [b"layer"])
        assert not registry.has_blob(app, digest_of(b"layer"))

    @pytest.mark.parametrize("chunks", [[b"lay"], [b"layer", b"s"], []])
    def test_another_size_is_refused(self, registry, app, chunks):
        with pytest.raises(ContentMismatchError, match="not of 5 bytes"):
            registry.write_blob(app, Descriptor(LAYER, digest_of(b"layer"), 5), chunks)

    @pytest.mark.parametrize("error", [OSError("disk"), StoreUnavailableError("far"), KeyError(1)])
    def test_an_error_of_the_source_is_told_as_it_is(self, registry, app, error):
        def chunks():
            yield b"la"
            raise error

        with pytest.raises(type(error)) as caught:
            registry.write_blob(app, Descriptor(LAYER, digest_of(b"layer"), 5), chunks())
        assert caught.value is error

    def test_mounting_moves_no_bytes(self, registry, app, prefix):
        push_blob(registry, app, b"layer", LAYER)
        assert registry.mount_blob(f"{prefix}/other", digest_of(b"layer"), app) is True
        assert registry.has_blob(f"{prefix}/other", digest_of(b"layer"))

    def test_what_is_not_mounted_is_not_there(self, registry, app, prefix):
        assert registry.mount_blob(f"{prefix}/other", NOWHERE, app) is False
        assert not registry.has_blob(f"{prefix}/other", NOWHERE)

    def test_the_upload_that_was_opened_instead_is_ended(self, make_registry_server, connect):
        server = make_registry_server(mounting=False)
        registry = connect(server)
        push_blob(registry, "app", b"layer", LAYER)
        assert registry.mount_blob("other", digest_of(b"layer"), "app") is False
        assert not server.contents("other").uploads

    def test_one_that_is_not_there(self, registry, app):
        push_image(registry, app, "1.4")
        with pytest.raises(ImageNotFoundError), registry.read_blob(app, NOWHERE):
            pytest.fail("was opened")


class TestListing:
    def test_an_image_with_all_its_tags(self, registry, app):
        image = push_image(registry, app, "1.4", layers=[b"a" * 10, b"b"], created=OLD)
        registry.put_manifest(app, image, tag="prod")
        (found,) = registry.list_images(app)
        assert (found.digest, found.tags, found.size) == (image.digest, ("1.4", "prod"), image.size)
        assert found.created_at == datetime(2024, 5, 1, 10, tzinfo=UTC)
        assert (found.pushed_at, found.subject) == (None, None)

    def test_the_children_of_an_index_come_after_what_has_tags(self, registry, app):
        images, index = push_multi_arch(registry, app)
        found = registry.list_images(app)
        assert [one.tags for one in found] == [("1.4",), (), ()]
        assert found[0].children == tuple(one.digest for one in images)
        assert {one.digest for one in found} == {index.digest, *(one.digest for one in images)}

    def test_an_index_in_an_index(self, registry, app):
        images, inner = push_multi_arch(registry, app, tag=None)
        outer = push_index(registry, app, "all", [inner])
        digests = {outer.digest, inner.digest, *(one.digest for one in images)}
        assert by_digest(registry, app).keys() == digests

    def test_an_index_is_as_old_as_its_newest_child(self, registry, app):
        _, index = push_multi_arch(registry, app)
        found = by_digest(registry, app)[index.digest]
        assert found.created_at == datetime(2024, 5, 2, 8, 0, 0, 123456, tzinfo=UTC)

    def test_an_annotation_says_when_without_a_look_at_the_config(self, registry_server, connect):
        registry = connect(registry_server)
        annotations = {"org.opencontainers.image.created": "2020-01-01T00:00:00Z"}
        push_image(registry, "app", "1.4", created=OLD, annotations=annotations)
        (found,) = registry.list_images("app")
        assert found.created_at == datetime(2020, 1, 1, tzinfo=UTC)
        assert not registry_server.count("GET", "/blobs/")

    @pytest.mark.parametrize(
        "said", [None, "0001-01-01T00:00:00Z", "yesterday", "2024-05-01T10:00:00", 12]
    )
    def test_no_time_is_made_up(self, registry, app, said):
        push_image(registry, app, "1.4", created=said)
        assert registry.list_images(app)[0].created_at is None

    def test_a_child_that_is_gone_hides_nothing(self, registry, app):
        images, index = push_multi_arch(registry, app)
        registry.delete_images(app, [images[0].digest])
        found = by_digest(registry, app)
        assert found.keys() == {index.digest, images[1].digest}
        assert images[0].digest in found[index.digest].children
        assert found[index.digest].created_at is None

    def test_what_cosign_ties_by_a_tag_has_its_subject(self, registry, app):
        image = push_image(registry, app, "1.4")
        tag = image.digest.replace(":", "-") + ".sig"
        signature = push_image(registry, app, tag, layers=[b"signature"])
        assert by_digest(registry, app)[signature.digest].subject == image.digest

    def test_a_kind_that_is_not_understood_is_listed(self, registry_server, connect):
        registry, contents = connect(registry_server), registry_server.contents("app")
        image = push_image(registry, "app", "1.4")
        content = b'{"mediaType": "application/vnd.new+json"}'
        contents.manifests[digest_of(content)] = (content, "application/vnd.new+json")
        contents.tags["new"] = digest_of(content)
        registry_server.fail("GET", "manifests/new", status=200, body=content,
                             headers={"Content-Type": "application/vnd.new+json"})  # fmt: skip
        found = by_digest(registry, "app")
        assert found.keys() == {image.digest, digest_of(content)}
        foreign = found[digest_of(content)]
        assert (foreign.tags, foreign.media_type, foreign.size) == (
            ("new",),
            "application/vnd.new+json",
            None,
        )

    def test_a_tag_that_leads_nowhere_hides_nothing_and_stays_a_tag(self, registry_server, connect):
        registry = connect(registry_server)
        image = push_image(registry, "app", "1.4")
        registry_server.contents("app").tags["lost"] = NOWHERE
        assert by_digest(registry, "app").keys() == {image.digest}
        assert registry.list_tags("app") == ["1.4", "lost"]

    def test_of_no_repository(self, registry, app):
        with pytest.raises(ImageRepositoryNotFoundError):
            registry.list_images(app)

    def test_many_are_asked_for_at_once(self, registry_server, connect):
        registry = connect(registry_server)
        for number in range(20):
            push_image(registry, "app", f"v{number}", layers=[str(number).encode()])
        at_once, lock, most = [0], threading.Barrier(8, timeout=60), []

        def change(*answer):
            at_once[0] += 1
            if at_once[0] <= 8:
                most.append(lock.wait())
            return answer

        registry_server.fail("GET", "manifests/", times=8, change=change)
        assert len(registry.list_images("app")) == 20
        assert len(most) == 8


class TestDeleting:
    def test_an_image_goes_with_all_its_tags(self, registry, app):
        image = push_image(registry, app, "1.4")
        registry.put_manifest(app, image, tag="prod")
        other = push_image(registry, app, "2.0", layers=[b"other"])
        deletion = registry.delete_images(app, [image.digest])
        assert (deletion.digests, deletion.tags) == ((image.digest,), ("1.4", "prod"))
        assert not deletion.failures
        assert by_digest(registry, app).keys() == {other.digest}

    def test_what_is_not_there_counts_as_deleted(self, registry, app):
        assert registry.delete_images(app, [NOWHERE]).digests == (NOWHERE,)
        push_image(registry, app, "1.4")
        assert registry.delete_images(app, [NOWHERE]).digests == (NOWHERE,)

    def test_nothing_to_delete_asks_nothing(self, registry_server, connect):
        assert connect(registry_server).delete_images("app", []).digests == ()
        assert not registry_server.requests

    def test_what_is_refused_is_a_failure(self, make_registry_server, connect):
        registry = connect(make_registry_server(deletion=False))
        image = push_image(registry, "app", "1.4")
        deletion = registry.delete_images("app", [image.digest])
        assert deletion.digests == ()
        assert [one.identity for one in deletion.failures] == [image.digest]
        assert deletion.failures[0].reason.startswith("405 UNSUPPORTED")

    def test_what_is_gone_is_not_forgotten_when_the_rest_fails(self, registry_server, connect):
        registry = connect(registry_server)
        images = [push_image(registry, "app", str(i), layers=[b"%d" % i]) for i in range(4)]
        digests = [one.digest for one in images]
        registry_server.fail("DELETE", digests[1], status=403)
        registry_server.fail("DELETE", digests[2], status=500, times=9)
        deletion = registry.delete_images("app", digests)
        assert deletion.digests == (digests[0],)
        assert deletion.tags == ("0",)
        assert [one.identity for one in deletion.failures] == digests[1:]
        assert deletion.failures[2].reason.startswith("not tried")

    def test_a_lost_answer_is_asked_for_again(self, registry_server, connect):
        registry = connect(registry_server)
        image = push_image(registry, "app", "1.4")
        registry_server.fail("DELETE", "manifests", drop=True, after=True)
        assert registry.delete_images("app", [image.digest]).digests == (image.digest,)


class TestDeletingTags:
    def test_the_last_tag_takes_the_image_along(self, any_registry, app):
        image = push_image(any_registry, app, "1.4")
        deletion = any_registry.delete_tag(app, "1.4")
        assert (deletion.digests, deletion.tags) == ((image.digest,), ("1.4",))
        with pytest.raises(ImageNotFoundError):
            any_registry.get_manifest(app, image.digest)

    def test_the_image_stays_while_another_tag_names_it(self, any_registry, app):
        image = push_image(any_registry, app, "1.4")
        any_registry.put_manifest(app, image, tag="prod")
        deletion = any_registry.delete_tag(app, "1.4")
        assert (deletion.digests, deletion.tags, deletion.failures) == ((), ("1.4",), ())
        assert any_registry.list_tags(app) == ["prod"]
        assert any_registry.get_manifest(app, "prod").content == image.content
        assert by_digest(any_registry, app).keys() == {image.digest}

    def test_the_image_stays_while_an_index_lists_it(self, any_registry, app):
        images, _ = push_multi_arch(any_registry, app)
        any_registry.put_manifest(app, images[0], tag="amd64")
        assert any_registry.delete_tag(app, "amd64").digests == ()
        assert any_registry.list_tags(app) == ["1.4"]
        assert images[0].digest in by_digest(any_registry, app)

    def test_a_tag_that_is_not_there(self, any_registry, app):
        push_image(any_registry, app, "1.4")
        with pytest.raises(ImageNotFoundError, match=f"no {app}:none"):
            any_registry.delete_tag(app, "none")

    def test_a_tag_that_leads_nowhere_goes(self, make_registry_server, connect):
        server = make_registry_server(tag_deletion=False)
        registry = connect(server)
        push_image(registry, "app", "1.4")
        server.contents("app").tags["lost"] = NOWHERE
        assert registry.delete_tag("app", "lost").tags == ("lost",)
        assert registry.list_tags("app") == ["1.4"]

    @pytest.mark.parametrize("lost", [{"status": 405}, {"status": 500, "times": 9}])
    def test_a_tag_that_can_not_be_deleted_is_as_before(self, make_registry_server, connect, lost):
        server = make_registry_server(tag_deletion=False)
        registry = connect(server)
        image = push_image(registry, "app", "1.4")
        registry.put_manifest("app", image, tag="prod")
        server.fail("DELETE", "manifests/sha256:", **lost)
        if lost["status"] == 405:
            assert registry.delete_tag("app", "1.4").failures[0].identity == "1.4"
        else:
            with pytest.raises(StoreUnavailableError):
                registry.delete_tag("app", "1.4")
        assert registry.get_manifest("app", "1.4").content == image.content

    @pytest.mark.parametrize("moment", ["manifests/1.4", "manifests/sha256:"])
    def test_a_tag_that_others_move_meanwhile_stays_theirs(
        self, make_registry_server, connect, moment
    ):
        server = make_registry_server(tag_deletion=False)
        registry = connect(server)
        image = push_image(registry, "app", "1.4")
        registry.put_manifest("app", image, tag="prod")
        theirs = push_image(registry, "app", "2.0", layers=[b"theirs"])

        def move(*_):
            registry.put_manifest("app", theirs, tag="1.4")
            return 405, {}, b""

        server.fail("DELETE", moment, change=move)
        registry.delete_tag("app", "1.4")
        assert registry.resolve("app", "1.4").digest == theirs.digest

    def test_a_tag_that_others_delete_meanwhile_is_not_there(self, registry_server, connect):
        registry = connect(registry_server)
        push_image(registry, "app", "1.4")
        push_image(registry, "app", "2.0")

        def delete(*answer):
            del registry_server.contents("app").tags["1.4"]
            return answer

        registry_server.fail("GET", "tags/list", change=delete)
        with pytest.raises(ImageNotFoundError):
            registry.delete_tag("app", "1.4")


class TestDeletingRepositories:
    def test_one_with_images_is_kept(self, registry, app):
        push_image(registry, app, "1.4")
        with pytest.raises(ImageRepositoryNotEmptyError, match="1 tags such as"):
            registry.delete_repository(app, force=False)
        assert registry.list_tags(app) == ["1.4"]

    def test_force_takes_everything_that_can_be_seen(self, any_registry, app):
        images, index = push_multi_arch(any_registry, app)
        any_registry.put_manifest(app, images[0], tag="amd64")
        single = push_image(any_registry, app, "single", layers=[b"single"])
        deletion = any_registry.delete_repository(app, force=True)
        assert not deletion.failures
        assert set(deletion.digests) == {one.digest for one in (*images, index, single)}
        assert deletion.digests.index(index.digest) < deletion.digests.index(images[0].digest)
        assert set(deletion.tags) == {"1.4", "amd64", "single"}
        for digest in deletion.digests:
            with pytest.raises((ImageNotFoundError, ImageRepositoryNotFoundError)):
                any_registry.resolve(app, digest)

    def test_what_is_left_is_said(self, make_registry_server, connect):
        registry = connect(make_registry_server(deletion=False))
        image = push_image(registry, "app", "1.4")
        deletion = registry.delete_repository("app", force=True)
        assert [one.identity for one in deletion.failures] == [image.digest]

    def test_one_that_is_not_there(self, registry, app):
        for force in (True, False):
            with pytest.raises(ImageRepositoryNotFoundError):
                registry.delete_repository(app, force=force)


def test_a_tag_that_does_not_move_is_told_by_what_it_names(registry_server, connect):
    registry = connect(registry_server)
    first = push_image(registry, "app", "1.4", layers=[b"one"])
    registry_server.fail("PUT", "manifests/1.4", times=2, status=400,
                         body=b'{"errors": [{"code": "TAG_INVALID", "message": "immutable"}]}')  # fmt: skip
    with pytest.raises(TagImmutableError, match=f"is {first.digest} already"):
        push_image(registry, "app", "1.4", layers=[b"two"])
    with pytest.raises(RegistryError, match="TAG_INVALID: immutable"):
        registry.put_manifest("app", first, tag="1.4")


def test_a_digest_of_another_algorithm_is_checked(registry_server, connect):
    registry, content = connect(registry_server), b"{}"
    wanted = "sha512:" + hashlib.sha512(b"other").hexdigest()
    registry_server.fail("GET", "manifests/sha512", status=200, body=content)
    with pytest.raises(ContentMismatchError):
        registry.get_manifest("app", wanted)
