"""Putting and publishing, on every store."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubles import CephLikeStore, TappedStore
from versioned import Repository, layout, publishing
from versioned.errors import (
    ArtifactNotFoundError,
    ContaminatedError,
    InvalidInputError,
    InvalidNameError,
    UnsafeStoreError,
    VersionNumbersExhaustedError,
)
from versioned.stores.base import Capabilities


def test_put_makes_latest_and_tells_its_sha256(repository):
    artifact = repository.put_artifact("app", b"one")
    assert artifact.version == "LATEST"
    assert artifact.sha256 == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    assert repository.get_content("app") == b"one"


def test_putting_the_same_bytes_again_writes_nothing(repository):
    first = repository.put_artifact("app", b"one")
    assert repository.put_artifact("app", b"one", metadata={"build": "2"}).etag == first.etag


def test_published_versions_count_from_one(repository):
    for number in (1, 2, 3):
        repository.put_artifact("app", b"content %d" % number)
        assert repository.publish_artifact_version("app").version == str(number)
    assert repository.get_content("app", 2) == b"content 2"


def test_publishing_the_same_bytes_again_returns_the_version_that_has_them(repository):
    repository.put_artifact("app", b"one")
    first = repository.publish_artifact_version("app")
    again = repository.publish_artifact_version("app")
    assert (again.version, again.sha256, again.etag) == (first.version, first.sha256, first.etag)
    assert repository.get_latest_published_artifact_version_number("app") == 1


def test_bytes_that_come_back_after_others_get_a_new_number(repository):
    for data in (b"a", b"b", b"a"):
        repository.put_artifact("app", data)
        repository.publish_artifact_version("app")
    assert repository.get_latest_published_artifact_version_number("app") == 3


def test_equal_size_and_other_bytes_is_a_change(repository):
    for data in (b"abc", b"abd"):
        repository.put_artifact("app", data)
        repository.publish_artifact_version("app")
    assert repository.get_content("app", 1) == b"abc"
    assert repository.get_content("app", 2) == b"abd"


def test_a_version_carries_what_its_publisher_said(repository):
    repository.put_artifact(
        "app", b"x", content_type="text/x-demo", metadata={"commit": "abc"}, tags={"team": "a b"}
    )
    repository.publish_artifact_version("app")
    details = repository.get_version_details("app", 1)
    assert details.content_type == "text/x-demo"
    assert details.metadata == {"commit": "abc"}
    assert details.tags == {"team": "a b"}


def test_the_content_type_is_guessed_from_the_file(repository, tmp_path):
    path = tmp_path / "model.json"
    path.write_text("{}")
    repository.put_artifact("model", path)
    assert repository.get_version_details("model").content_type == "application/json"


def test_an_empty_artifact_can_be_published(repository):
    repository.put_artifact("app", b"")
    repository.publish_artifact_version("app")
    assert repository.get_content("app", 1) == b""


def test_a_name_that_is_not_ascii_works_everywhere(repository):
    repository.put_artifact("größe ü", b"x")
    repository.publish_artifact_version("größe ü")
    assert repository.list_artifact_names() == ["größe ü"]
    assert [a.version for a in repository.list_artifact_versions("größe ü")] == ["LATEST", "1"]


def test_publishing_before_putting_says_what_to_do(repository):
    with pytest.raises(ArtifactNotFoundError, match="versioned put app"):
        repository.publish_artifact_version("app")


def test_a_number_is_never_used_again_after_the_newest_was_deleted(repository):
    for data in (b"a", b"b"):
        repository.put_artifact("app", data)
        repository.publish_artifact_version("app")
    repository.delete_artifact_version("app", 2)
    assert repository.publish_artifact_version("app").version == "3"


def test_a_number_of_the_other_package_is_not_used_again_either(repository):
    store = repository.context.store
    repository.put_artifact("app", b"a")
    store.copy(store.head(layout.version_key("app", None, "")), layout.version_key("app", 1, ""))
    repository.put_artifact("app", b"b")
    repository.delete_artifact_version("app", 1)
    assert repository.publish_artifact_version("app").version == "2"


def test_a_purged_artifact_starts_again_from_one(repository):
    repository.put_artifact("app", b"a")
    repository.publish_artifact_version("app")
    repository.purge_artifact("app")
    repository.put_artifact("app", b"b")
    assert repository.publish_artifact_version("app").version == "1"


def test_the_number_after_the_last_is_refused_and_nothing_is_written(repository):
    store = repository.context.store
    repository.put_artifact("app", b"a")
    store.copy(
        store.head(layout.version_key("app", None, "")), layout.version_key("app", 999_999, "")
    )
    repository.put_artifact("app", b"b")
    before = store.list_objects("app/")
    with pytest.raises(VersionNumbersExhaustedError):
        repository.publish_artifact_version("app")
    assert store.list_objects("app/") == before


def test_a_foreign_object_among_the_versions_stops_publishing(repository):
    repository.put_artifact("app", b"a")
    repository.context.write("app/versions/notes.txt", b"hello")
    with pytest.raises(ContaminatedError, match=r"notes\.txt"):
        repository.list_artifact_versions("app")
    repository.context.write("app/versions/000000_AAAA", b"hello")
    with pytest.raises(ContaminatedError):
        repository.publish_artifact_version("app")


def test_metadata_cannot_pretend_to_be_the_formats_own(repository):
    for key in ("artifact_sha256", "Artifact-Sha256", "artifact_name", "versioned-nonce"):
        with pytest.raises(InvalidInputError, match="belongs to the format"):
            repository.put_artifact("app", b"a", metadata={key: "x"})


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a\n", "x" * 256])
def test_a_bad_name_reaches_no_store(store, name):
    tapped = TappedStore(store)
    repository = Repository(tapped)
    for call in (
        lambda: repository.put_artifact(name, b"x"),
        lambda: repository.publish_artifact_version(name),
        lambda: repository.purge_artifact(name),
        lambda: repository.list_artifact_versions(name),
        lambda: repository.get_content(name),
        lambda: repository.list_aliases(name),
        lambda: repository.put_alias(name, "prod"),
        lambda: repository.delete_artifact_version(name, 1),
        lambda: repository.delete_alias(name, "prod"),
        lambda: repository.purge_artifact_versions(name),
    ):
        with pytest.raises(InvalidNameError):
            call()
    assert tapped.requests == []


def test_a_store_without_conditions_is_refused_for_publishing(store):
    class LyingStore(TappedStore):
        @property
        def capabilities(self):
            return Capabilities()

    repository = Repository(LyingStore(store))
    repository.put_artifact("app", b"a")
    with pytest.raises(UnsafeStoreError, match="single_writer"):
        repository.publish_artifact_version("app")
    with pytest.raises(UnsafeStoreError):
        repository.put_alias("app", "prod")


@pytest.mark.parametrize("kind", [TappedStore, CephLikeStore])
class TestLargeVersions:
    @pytest.fixture
    def large(self, kind, store, monkeypatch):
        monkeypatch.setattr(publishing, "SMALL", 3)
        return Repository(kind(store))

    def test_a_large_version_is_copied_inside_the_store(self, large):
        large.put_artifact("app", b"large", metadata={"commit": "abc"}, tags={"team": "a"})
        assert large.publish_artifact_version("app").version == "1"
        assert large.get_content("app", 1) == b"large"
        details = large.get_version_details("app", 1)
        assert (details.metadata, details.tags) == ({"commit": "abc"}, {"team": "a"})

    def test_nothing_private_is_left(self, large):
        for data in (b"large one", b"large two"):
            large.put_artifact("app", data)
            large.publish_artifact_version("app")
        assert large.context.store.list_objects("app/private/") == []

    def test_unchanged_is_recognised_and_leaves_nothing(self, large):
        large.put_artifact("app", b"large one")
        large.publish_artifact_version("app")
        before = large.context.store.list_objects("app/")
        assert large.publish_artifact_version("app").version == "1"
        assert large.context.store.list_objects("app/") == before

    def test_what_is_published_is_what_was_looked_at(self, large, store):
        """LATEST is replaced at every single point of a publish: the version is one of both,
        whole, and its sha256 is right."""
        other = Repository(store)
        for point in range(12):
            name = f"app{point}"
            large.put_artifact(name, b"before")

            def replace(number, _operation, _key, name=name, point=point):
                if number == point:
                    other.put_artifact(name, b"replaced")

            large.context.store.reset()
            large.context.store.before = replace
            artifact = large.publish_artifact_version(name)
            large.context.store.before = None
            assert large.get_content(name, artifact.version) in {b"before", b"replaced"}
            assert large.verify(name).ok


@given(st.lists(st.sampled_from([b"a", b"bb", b"cc", b""]), max_size=8))
def test_versions_are_the_changes_in_order(local_repository_factory, contents):
    repository = local_repository_factory()
    expected = []
    for data in contents:
        repository.put_artifact("app", data)
        repository.publish_artifact_version("app")
        if not expected or expected[-1] != data:
            expected.append(data)
    found = [repository.get_content("app", n) for n in range(1, len(expected) + 1)]
    assert found == expected
    assert repository.get_latest_published_artifact_version_number("app") == len(expected)


def test_a_deletion_between_two_looks_of_a_publisher_frees_no_number(repository):
    """Versions of the other package have no claims: only the highest gets one when they go."""
    store = repository.context.store
    for number in (1, 2, 3):
        repository.put_artifact("app", b"%d" % number)
        store.copy(
            store.head(layout.version_key("app", None, "")), layout.version_key("app", number, "")
        )
    repository.put_artifact("app", b"new")

    class Straddled(TappedStore):
        """The numbers are listed before the deletion, the versions after it."""

        def gather(self, *calls):
            if len(calls) != 4:
                return super().gather(*calls)
            versions, numbers, latest, capabilities = calls
            numbers()
            repository.purge_artifact_versions("app", 0, 0)
            for call in (versions, latest, capabilities):
                call()
            return []

    publisher = Repository(Straddled(store))
    publisher.context.monotonic = iter(range(0, 10_000, 100)).__next__
    assert publisher.publish_artifact_version("app").version == "4"
