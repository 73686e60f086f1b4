"""Two at once: one wins, the other learns it, and nothing is lost."""

import contextlib
import itertools
import threading
from functools import partial

import pytest
from s3pipeline_instruments import At

from faults import meanwhile
from s3pipeline.errors import PromotionConflictError
from s3pipeline.pipeline import S3Pipeline
from versioned.errors import ConflictError

pytestmark = pytest.mark.only_stores("moto", "ceph")


def bytes_of(version):
    return f"the bytes of {version}".encode()


def check(state, name, succeeded):
    """Nobody's success is lost, and every object has the bytes of its version."""
    found = state
    for key, (body, version) in found.items():
        assert body == bytes_of(version.partition("-")[0]), key
        assert not key.startswith("archive/") or key == f"archive/{version}/{name}"
    for version in succeeded:
        assert version in {v for _, v in found.values()}, version


def interleaved(bucket, first, second):
    """Run `second` whole before each request of `first` in turn: number, and whether first won."""
    for number in itertools.count():
        name = f"-{number}.zip"
        promote = first(name)
        with At(bucket, number, partial(second, name)) as at:
            try:
                promote()
                won = True
            except ConflictError:
                won = False
        if at.count <= number:
            return
        yield name, won


class TestAPromotionWhileAnotherRunsWhole:
    """Between every two requests of one, all of another."""

    @pytest.fixture
    def upload(self, pipeline, work, write):
        def upload(name, version, content=None):
            path = work / write(f"{version}/{name}", bytes_of(content or version))
            pipeline.promote(path, "qa", version)

        return upload

    def test_two_uploads(self, bucket, upload, held):
        def first(name):
            upload(name, "1")
            return lambda: upload(name, "2")

        outcomes = []
        for name, won in interleaved(bucket, first, lambda name: upload(name, "3")):
            check(held(name), name, {"1", "3"} | ({"2"} if won else set()))
            outcomes.append(won)
        assert set(outcomes) == {True, False}

    def test_two_first_uploads(self, bucket, upload, held):
        def first(name):
            return lambda: upload(name, "2")

        for name, won in interleaved(bucket, first, lambda name: upload(name, "3")):
            check(held(name), name, {"3"} | ({"2"} if won else set()))

    def test_two_uploads_of_the_same_both_succeed(self, bucket, upload, held):
        def first(name):
            upload(name, "1")
            return lambda: upload(name, "2")

        for name, won in interleaved(bucket, first, lambda name: upload(name, "2")):
            assert won
            assert held(name)[f"qa/{name}"] == (bytes_of("2"), "2")

    def test_an_upload_while_the_version_there_gets_another_name(self, bucket, upload, held):
        """The ETag is that of the bytes, so it is the same under the other name."""

        def first(name):
            upload(name, "1")
            return lambda: upload(name, "2")

        for name, won in interleaved(bucket, first, lambda name: upload(name, "1-again", "1")):
            check(held(name), name, {"1", "1-again"} | ({"2"} if won else set()))

    def test_two_new_names_for_the_version_there(self, bucket, upload, held):
        def first(name):
            upload(name, "1")
            return lambda: upload(name, "1-left", "1")

        for name, won in interleaved(bucket, first, lambda name: upload(name, "1-right", "1")):
            check(held(name), name, {"1", "1-right"} | ({"1-left"} if won else set()))

    def test_a_promotion_while_the_rank_before_changes(self, bucket, pipeline, upload, held):
        def first(name):
            upload(name, "1")
            return lambda: pipeline.promote(name, "staging")

        for name, won in interleaved(bucket, first, lambda name: upload(name, "2")):
            check(held(name), name, {"1", "2"})
            assert won == (f"staging/{name}" in held(name))

    def test_a_promotion_of_a_version_is_of_that_version(self, bucket, pipeline, upload, held):
        def first(name):
            upload(name, "1")
            return lambda: pipeline.promote(name, "staging", "1")

        for name, won in interleaved(bucket, first, lambda name: upload(name, "2")):
            expected = (bytes_of("1"), "1") if won else None
            assert held(name).get(f"staging/{name}") == expected

    def test_a_promotion_that_is_overtaken_all_the_way(self, bucket, pipeline, upload, held):
        """The newer release is not replaced by the older one that was looked at before."""

        def first(name):
            upload(name, "1")
            return lambda: pipeline.promote(name, "staging")

        def overtake(name):
            upload(name, "2")
            pipeline.promote(name, "staging")

        for name, won in interleaved(bucket, first, overtake):
            check(held(name), name, {"1", "2"})
            assert held(name)[f"staging/{name}"] == (bytes_of("2"), "2"), won


def test_other_metadata_beside_the_same_bytes_is_another_release(upload, put, wire, held):
    """Written by a tool that archives nothing; the ETag is the same."""
    upload(b"one", "1")
    wire.plan("GetObject", meanwhile(lambda: put("qa/my.tar.gz", b"one", version="foreign")))
    with pytest.raises(PromotionConflictError):
        upload(b"two", "2")
    assert held() == {"qa/my.tar.gz": (b"one", "foreign")}


def test_a_release_removed_meanwhile_is_a_conflict(bucket, pipeline, upload, wire, held):
    upload(b"one", "1")
    wire.plan("GetObject", meanwhile(bucket.Object("qa/my.tar.gz").delete))
    with pytest.raises(PromotionConflictError):
        upload(b"two", "2")
    assert held() == {}


@pytest.mark.parametrize("round_", range(2))
def test_many_uploads_at_once_lose_nothing(bucket, tmp_path, held, round_):
    versions = [str(number) for number in range(6)]
    succeeded = []
    start = threading.Barrier(len(versions))

    def promote(version):
        folder = tmp_path / version
        folder.mkdir()
        file = folder / "my.zip"
        file.write_bytes(bytes_of(version))
        one = S3Pipeline(bucket, "qa, staging, production")
        start.wait()
        for _ in range(4):
            with contextlib.suppress(ConflictError):
                one.promote(file, "qa", version)
                succeeded.append(version)
                return

    threads = [threading.Thread(target=promote, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert succeeded
    check(held(), "my.zip", set(succeeded))
