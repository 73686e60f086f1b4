"""A file is known by its name, and which of two files of one name it is, by its path."""

from pathlib import Path

import pytest

from s3pipeline.errors import PathCollisionError

pytestmark = pytest.mark.only_stores("moto", "ceph")


def test_files_of_one_name_from_two_directories_do_not_collide_silently(upload, held):
    upload(b"one", "1", name="a/x.tgz")
    before = held()
    with pytest.raises(PathCollisionError, match=r"from 'a/x.tgz', not from 'b/x.tgz'"):
        upload(b"two", "2", name="b/x.tgz")
    assert held() == before


def test_not_even_with_the_same_bytes(upload):
    upload(b"one", "1", name="a/x.tgz")
    with pytest.raises(PathCollisionError):
        upload(b"one", "1", name="b/x.tgz")


def test_told_to_replace_the_other_takes_its_place(pipeline, upload, held):
    upload(b"one", "1", name="a/x.tgz")
    assert upload(b"two", "2", name="b/x.tgz", replace=True).path == "b/x.tgz"
    assert held() == {"qa/x.tgz": (b"two", "2"), "archive/1/x.tgz": (b"one", "1")}
    assert pipeline.archived_release("x.tgz", "1").path == "a/x.tgz"


def test_told_to_replace_the_same_bytes_come_from_there_now(pipeline, upload):
    upload(b"one", "1", name="a/x.tgz")
    upload(b"one", "1", name="b/x.tgz", replace=True)
    assert pipeline.release("x.tgz", "qa").path == "b/x.tgz"


def test_a_collision_is_found_in_later_ranks_too(pipeline, upload, held):
    upload(b"one", "1", name="a/x.tgz")
    pipeline.promote("x.tgz", "staging")
    upload(b"two", "2", name="b/x.tgz", replace=True)
    with pytest.raises(PathCollisionError, match="in staging"):
        pipeline.promote("x.tgz", "staging")
    pipeline.promote("x.tgz", "staging", replace=True)
    assert held()["staging/x.tgz"] == (b"two", "2")


def test_a_later_rank_is_told_by_path_which_file_is_meant(pipeline, upload):
    upload(b"one", "1", name="a/x.tgz")
    with pytest.raises(PathCollisionError, match="in qa"):
        pipeline.promote("b/x.tgz", "staging")
    assert pipeline.promote("a/x.tgz", "staging").version == "1"


@pytest.mark.parametrize("again", ["./a/x.tgz", "a//x.tgz", "a/../a/x.tgz"])
def test_one_path_may_be_written_in_several_ways(pipeline, upload, write, again):
    upload(b"one", "1", name="a/x.tgz")
    write("a/x.tgz", b"two")
    assert pipeline.promote(again, "qa", "2").path == "a/x.tgz"


def test_absolute_paths_are_not_compared(pipeline, upload, work):
    upload(b"one", "1", name="a/x.tgz")
    other = work / "b" / "x.tgz"
    other.parent.mkdir()
    other.write_bytes(b"two")
    assert pipeline.promote(other, "qa", "2").version == "2"


def test_an_absolute_path_does_not_make_the_pipeline_forget(pipeline, upload, work):
    upload(b"one", "1", name="a/x.tgz")
    Path("a/x.tgz").write_bytes(b"two")
    pipeline.promote(work / "a" / "x.tgz", "qa", "2")
    with pytest.raises(PathCollisionError):
        upload(b"three", "3", name="b/x.tgz")


@pytest.mark.parametrize(
    "folder", ["ä ö", "100%", 'quo"te', "x" * 250 + "/" + "y" * 250, "ü" * 120]
)
def test_paths_of_all_kinds_are_recorded(upload, folder):
    upload(b"one", "1", name=f"{folder}/x.tgz")
    assert upload(b"two", "2", name=f"{folder}/x.tgz").version == "2"
    with pytest.raises(PathCollisionError):
        upload(b"three", "3", name=f"{folder}-2/x.tgz")
