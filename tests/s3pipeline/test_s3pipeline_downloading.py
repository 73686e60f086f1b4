"""A download is whole and proved, or it is not there."""

import pytest

from faults import answer_with, lose_request, truncate
from s3pipeline.errors import PromotionConflictError, ReleaseNotFoundError
from versioned.errors import ContentMismatchError, InvalidInputError, StoreUnavailableError

pytestmark = pytest.mark.only_stores("moto", "ceph")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def target(work):
    target = work / "downloads"
    target.mkdir()
    return target


def test_it_lands_in_a_file(pipeline, upload, target):
    release = upload(b"one", "1")
    done = pipeline.download("my.tar.gz", "qa", target / "local.tgz")
    assert (target / "local.tgz").read_bytes() == b"one"
    assert (done.path, done.version, done.sha256) == (target / "local.tgz", "1", release.sha256)
    assert (done.size, done.verified) == (3, True)


def test_in_a_directory_it_has_its_own_name(pipeline, upload, target):
    upload(b"one", "1")
    assert pipeline.download("my.tar.gz", "qa", target).path == target / "my.tar.gz"
    assert names(target) == ["my.tar.gz"]


def test_it_replaces_what_was_there(pipeline, upload, target):
    upload(b"one", "1")
    (target / "my.tar.gz").write_bytes(b"yesterday's")
    pipeline.download("my.tar.gz", "qa", target)
    assert (target / "my.tar.gz").read_bytes() == b"one"


def test_damaged_bytes_leave_no_file_and_the_old_one_stays(bucket, pipeline, upload, target):
    upload(b"one", "1")
    metadata = bucket.Object("qa/my.tar.gz").metadata
    bucket.put_object(Key="qa/my.tar.gz", Body=b"0ne", Metadata=metadata)
    (target / "my.tar.gz").write_bytes(b"yesterday's")
    with pytest.raises(ContentMismatchError):
        pipeline.download("my.tar.gz", "qa", target)
    assert names(target) == ["my.tar.gz"]
    assert (target / "my.tar.gz").read_bytes() == b"yesterday's"


def test_damage_on_the_way_leaves_no_file(pipeline, upload, wire, target):
    upload(b"one", "1")
    wire.plan("GetObject", answer_with(200, b"0ne"))
    with pytest.raises(ContentMismatchError):
        pipeline.download("my.tar.gz", "qa", target)
    assert names(target) == []


def test_a_body_that_is_cut_off_is_taken_up_where_it_ended(pipeline, upload, wire, target):
    upload(b"0123456789" * 1000, "1")
    wire.reset()
    wire.plan("GetObject", truncate(4000), truncate(3000))
    pipeline.download("my.tar.gz", "qa", target)
    assert (target / "my.tar.gz").read_bytes() == b"0123456789" * 1000
    assert [sent.headers.get("range") for sent in wire.sent] == [None, "bytes=4000-", "bytes=7000-"]


def test_one_that_is_always_cut_off_leaves_no_file(pipeline, upload, wire, target):
    upload(b"0123456789" * 1000, "1")
    wire.plan("GetObject", *[truncate(10)] * 5)
    with pytest.raises(StoreUnavailableError):
        pipeline.download("my.tar.gz", "qa", target)
    assert names(target) == []


def test_a_server_that_begins_anew_gives_no_mixture(pipeline, put, wire, target):
    put("qa/old.zip", b"0123456789", version="1")
    wire.plan("GetObject", truncate(4), answer_with(200, b"0123456789"))
    with pytest.raises(StoreUnavailableError, match="gave 14 of 10 bytes"):
        pipeline.download("old.zip", "qa", target)
    assert names(target) == []


def test_a_release_replaced_while_it_is_read_is_no_mixture(pipeline, upload, wire, target):
    upload(b"1" * 1000, "1")

    def replaced_after_a_part(request, send):
        response = truncate(400)(request, send)
        upload(b"2" * 1000, "2")
        return response

    wire.plan("GetObject", replaced_after_a_part)
    with pytest.raises(PromotionConflictError):
        pipeline.download("my.tar.gz", "qa", target)
    assert names(target) == []


def test_the_release_that_was_looked_at_is_downloaded_or_none(upload, target):
    release = upload(b"one", "1")
    upload(b"two", "2")
    with pytest.raises(PromotionConflictError):
        release.download(target)
    release.reload()
    assert release.download(target).version == "2"


def test_an_old_release_says_that_nothing_was_compared(pipeline, put, target):
    put("qa/old.zip", b"old", version="1")
    done = pipeline.download("old.zip", "qa", target)
    assert (done.verified, done.path.read_bytes()) == (False, b"old")


def test_what_is_not_there_can_not_be_downloaded(pipeline, target):
    with pytest.raises(ReleaseNotFoundError, match=r"there is no 'my.tar.gz' in qa/"):
        pipeline.download("my.tar.gz", "qa", target)
    assert names(target) == []


def test_a_directory_that_is_not_there_is_an_error(pipeline, upload, target):
    upload(b"one", "1")
    with pytest.raises(FileNotFoundError):
        pipeline.download("my.tar.gz", "qa", target / "no" / "such" / "folder")


def test_a_name_that_means_a_directory_stays_out_of_the_file_system(pipeline, put, target):
    put("qa/..", b"old", version="1")
    (release,) = pipeline.releases("qa")
    with pytest.raises(InvalidInputError, match="can't be a file"):
        release.download(target)


def test_a_lost_request_is_repeated(pipeline, upload, wire, target, no_waiting):
    upload(b"one", "1")
    wire.plan("GetObject", lose_request)
    assert pipeline.download("my.tar.gz", "qa", target).size == 3
