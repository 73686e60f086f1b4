"""The process may die at any request: nothing is lost, and the next run finishes the job."""

import itertools

import pytest
from s3pipeline_instruments import At, Died, die

from s3pipeline.pipeline import S3Pipeline

RANKS = "qa, staging, production"
pytestmark = pytest.mark.only_stores("moto", "ceph")

OLD, NEW = (b"old", "1"), (b"new", "2")


def an_upload(pipeline, write, name):
    """A new version over one that is in the first rank."""
    pipeline.promote(write(name, OLD[0]), "qa", OLD[1])
    write(name, NEW[0])
    return name, "qa", NEW


def a_promotion(pipeline, write, name):
    """A new version over one that is in a later rank."""
    pipeline.promote(write(name, OLD[0]), "qa", OLD[1])
    pipeline.promote(name, "staging")
    pipeline.promote(write(name, NEW[0]), "qa", NEW[1])
    pipeline.archived_release(name, OLD[1]).delete()
    return name, "staging", NEW


def another_version_of_the_same_bytes(pipeline, write, name):
    pipeline.promote(write(name, OLD[0]), "qa", OLD[1])
    return name, "qa", (OLD[0], NEW[1])


@pytest.mark.parametrize("scenario", [an_upload, a_promotion, another_version_of_the_same_bytes])
def test_a_crash_at_any_request_loses_nothing_and_a_re_run_finishes(
    bucket, pipeline, write, held, scenario
):
    for number in itertools.count():
        name, rank, new = scenario(pipeline, write, f"-{number}.zip")
        here, there = f"{rank}/{name}", f"archive/{OLD[1]}/{name}"
        with At(bucket, number, die, done=True) as at:
            try:
                S3Pipeline(bucket, RANKS).promote(name, rank, new[1])
            except Died:
                pass
            else:
                break
        state = held(name)
        assert state[here] in {OLD, new}
        assert OLD in {state.get(there), state[here]}
        pipeline.promote(name, rank, new[1])
        state = held(name)
        assert (state[here], state[there]) == (new, OLD)
    assert number == at.count > 6
