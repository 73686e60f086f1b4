"""Content in, content out: any kind, flat memory, every byte proved."""

import hashlib
import io
import os
import shutil
import threading

import pytest

from doubles import TappedStore
from versioned import Cache, Repository, transfer
from versioned.content import Content
from versioned.errors import (
    ArtifactNotFoundError,
    ContentChangedError,
    ContentMismatchError,
    InvalidInputError,
    StoreUnavailableError,
)
from versioned.stores.base import Attributes

BIG = bytes(range(256)) * 400


@pytest.fixture
def folder(tmp_path):
    """An empty folder to download into."""
    path = tmp_path / "downloads"
    path.mkdir()
    return path


@pytest.fixture
def small_ranges(monkeypatch):
    """A range is 10,000 bytes, so 102,400 bytes are a large object."""
    monkeypatch.setattr(transfer, "RANGE_SIZE", 10_000)


class OneWay(io.RawIOBase):
    """A stream that can't seek, as standard input."""

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._data.readinto(buffer)


class TestSources:
    @pytest.mark.parametrize("kind", ["bytes", "bytearray", "memoryview", "path", "str", "file"])
    def test_bytes_paths_and_files_give_the_same_artifact(self, repository, tmp_path, kind):
        path = tmp_path / "file"
        path.write_bytes(BIG)
        with path.open("rb") as file:
            source = {
                "bytes": BIG,
                "bytearray": bytearray(BIG),
                "memoryview": memoryview(BIG),
                "path": path,
                "str": str(path),
                "file": file,
            }[kind]
            artifact = repository.put_artifact("app", source)
        assert artifact.size == len(BIG)
        assert repository.get_content("app") == BIG

    def test_a_stream_that_cannot_seek_is_stored(self, repository):
        repository.put_artifact("app", OneWay(BIG))
        assert repository.get_content("app") == BIG

    def test_a_file_object_is_read_from_where_it_stands(self, repository):
        file = io.BytesIO(b"skip this, keep that")
        file.seek(11)
        repository.put_artifact("app", file)
        assert repository.get_content("app") == b"keep that"
        assert not file.closed

    def test_a_text_file_is_refused_with_a_hint(self, repository):
        with pytest.raises(InvalidInputError, match="binary mode"):
            repository.put_artifact("app", io.StringIO("text"))

    def test_what_is_no_content_is_refused(self, repository):
        with pytest.raises(InvalidInputError, match="int"):
            repository.put_artifact("app", 7)

    def test_a_missing_file_is_the_builtin_error(self, repository, tmp_path):
        with pytest.raises(FileNotFoundError):
            repository.put_artifact("app", tmp_path / "nothing")

    def test_a_file_that_changes_while_it_is_stored_is_not_stored(self, repository, tmp_path):
        path = tmp_path / "database"
        path.write_bytes(b"a" * 100)
        repository.put_artifact("app", b"before")

        class Changing(TappedStore):
            def head(self, key):
                path.write_bytes(b"b" * 100)
                return super().head(key)

        with pytest.raises(ContentChangedError, match="VACUUM INTO"):
            Repository(Changing(repository.context.store)).put_artifact("app", path)
        path.write_bytes(b"")
        assert repository.get_content("app") == b"before"

    def test_part_digests_cover_every_byte(self):
        with Content.open(b"x" * 10) as content:
            assert len(content.part_digests(4)) == 3
        with Content.open(b"") as content:
            assert len(content.part_digests(4)) == 1

    def test_progress_of_an_upload_ends_at_its_size(self, repository):
        seen = []
        repository.put_artifact("app", BIG, progress=lambda done, total: seen.append((done, total)))
        repository.put_artifact("app", BIG, progress=lambda done, total: seen.append((done, total)))
        assert seen[-1] == (len(BIG), len(BIG))
        assert seen == sorted(seen)


@pytest.mark.usefixtures("small_ranges")
class TestDownloads:
    @pytest.fixture
    def app(self, repository):
        repository.put_artifact("app", BIG)
        repository.publish_artifact_version("app")
        return repository

    def test_a_path_gets_the_bytes_and_nothing_is_left_beside_it(self, app, folder):
        download = app.download("app", 1, to=folder / "out")
        assert (folder / "out").read_bytes() == BIG
        assert download.size == len(BIG)
        assert [p.name for p in folder.iterdir()] == ["out"]

    def test_a_file_object_gets_the_bytes(self, app):
        file = io.BytesIO()
        app.download("app", 1, to=file)
        assert file.getvalue() == BIG

    def test_progress_of_a_download_ends_at_its_size(self, app, folder):
        seen = []
        app.download("app", to=folder / "out", progress=lambda *step: seen.append(step))
        assert seen[-1] == (len(BIG), len(BIG))
        assert seen == sorted(seen)

    def test_a_version_that_is_not_there_leaves_no_file(self, app, folder):
        with pytest.raises(ArtifactNotFoundError, match="version 9"):
            app.download("app", 9, to=folder / "out")
        assert list(folder.iterdir()) == []

    def test_a_directory_is_refused(self, app, folder):
        with pytest.raises(InvalidInputError, match="directory"):
            app.download("app", to=folder)

    @pytest.mark.parametrize("kept", [1, 10_000, 55_555, 102_400])
    def test_an_interrupted_download_goes_on_where_it_broke_off(self, app, store, folder, kept):
        sha256 = app.get_artifact_version("app", 1).sha256
        (folder / f"out.{sha256[:12]}.part").write_bytes(BIG[:kept])
        tapped = TappedStore(store)
        Repository(tapped).download("app", 1, to=folder / "out")
        assert (folder / "out").read_bytes() == BIG
        whole_ranges = -(-(len(BIG) - max(kept, 10_000)) // 10_000)
        assert tapped.operations["get"] == 1 + whole_ranges

    @pytest.mark.parametrize("left", [b"garbage" * 10, BIG + b"too much"])
    def test_what_an_earlier_run_left_is_not_trusted(self, app, folder, left):
        sha256 = app.get_artifact_version("app", 1).sha256
        (folder / f"out.{sha256[:12]}.part").write_bytes(left)
        app.download("app", 1, to=folder / "out")
        assert (folder / "out").read_bytes() == BIG

    def test_two_downloads_to_one_path_do_not_mix(self, app, folder):
        threads = [
            threading.Thread(target=app.download, args=("app", 1), kwargs={"to": folder / "out"})
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (folder / "out").read_bytes() == BIG
        assert [p.name for p in folder.iterdir()] == ["out"]

    def test_a_broken_connection_costs_what_is_missing(self, app, folder):
        class Breaking(TappedStore):
            broken = 0

            def get(self, key, **options):
                body = super().get(key, **options)
                if self.broken < 3 and "versions" in key:
                    self.broken += 1
                    return CutOff(body)
                return body

        tapped = Breaking(app.context.store)
        Repository(tapped).download("app", 1, to=folder / "out")
        assert (folder / "out").read_bytes() == BIG
        assert tapped.operations["get"] == 11 + 3

    def test_a_connection_that_never_holds_is_given_up(self, app, folder):
        class Broken(TappedStore):
            def get(self, key, **options):
                return CutOff(super().get(key, **options))

        with pytest.raises(StoreUnavailableError):
            Repository(Broken(app.context.store)).download("app", 1, to=folder / "out")
        assert not (folder / "out").exists()


class CutOff:
    """A body that breaks off after a few bytes."""

    def __init__(self, body):
        self._body = body

    def __enter__(self):
        self._inside = self._body.__enter__()
        self.info = self._inside.info
        return self

    def __exit__(self, *error):
        return self._body.__exit__(*error)

    def __iter__(self):
        for chunk in self._inside:
            yield chunk[:7]
            break
        raise StoreUnavailableError("cut off")


class TestTampering:
    @pytest.fixture
    def tampered(self, repository):
        """Version 1 claims the sha256 of other bytes than it has."""
        repository.put_artifact("app", b"good bytes")
        repository.publish_artifact_version("app")
        key = "app/versions/999999_000001"
        attributes = Attributes(metadata=repository.context.store.head(key).metadata)
        repository.context.write(key, b"evil bytes", attributes=attributes)
        return repository

    def test_changed_bytes_are_never_returned(self, tampered):
        with pytest.raises(ContentMismatchError):
            tampered.get_content("app", 1)

    def test_they_leave_no_file(self, tampered, folder):
        with pytest.raises(ContentMismatchError):
            tampered.download("app", 1, to=folder / "out")
        assert list(folder.iterdir()) == []

    def test_verify_names_them(self, tampered):
        report = tampered.verify()
        assert not report.ok
        assert [v.artifact.version for v in report.damaged] == ["1"]
        assert report.total == 2
        assert tampered.verify("app", version="LATEST").ok

    def test_a_sample_is_a_share_of_all(self, tampered):
        assert len(tampered.verify(sample=0.5).verified) == 1
        for sample in (0, -1, 1.5):
            with pytest.raises(InvalidInputError):
                tampered.verify(sample=sample)


class TestCache:
    def test_a_damaged_file_in_the_cache_is_a_miss(self, repository, folder):
        repository.put_artifact("app", b"bytes")
        cached = Repository(repository.context.store, cache=Cache(folder / "cache"))
        assert not cached.download("app", to=folder / "out").cached
        assert cached.download("app", to=folder / "out").cached
        (held,) = (folder / "cache").glob("*/*")
        held.write_bytes(b"other")
        assert not cached.download("app", to=folder / "out").cached
        assert (folder / "out").read_bytes() == b"bytes"

    @pytest.fixture
    def coarse_times(self, monkeypatch):
        """A file system for which all of a test is one moment."""
        copy = shutil.copyfile

        def copy_at_that_moment(source, target):
            copy(source, target)
            os.utime(target, (0, 0))

        monkeypatch.setattr(shutil, "copyfile", copy_at_that_moment)

    @pytest.mark.usefixtures("coarse_times")
    def test_the_least_recently_used_goes_first(self, folder):
        cache = Cache(folder / "cache", max_bytes=25)
        source = folder / "source"
        source.write_bytes(b"x" * 10)
        for name in ("a", "b", "c"):
            source.write_bytes(name.encode() * 10)
            cache.add(hashlib.sha256(source.read_bytes()).hexdigest(), source)
        assert sum(1 for _ in (folder / "cache").glob("*/*")) == 2
        assert cache.copy_to(hashlib.sha256(b"c" * 10).hexdigest(), folder / "out")
        assert not cache.copy_to(hashlib.sha256(b"a" * 10).hexdigest(), folder / "out")
