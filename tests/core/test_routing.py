"""Deterministic routing, as docs/formats/routing.md publishes it."""

import hashlib
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from versioned.models import Alias, Canary
from versioned.routing import BUCKETS, bucket, canary_of
from versioned.targets import MAX_VERSIONS, Target, percent

VECTORS = Path(__file__).parents[2] / "docs" / "formats" / "routing-vectors.json"


def split(weight):
    return Alias("app", "prod", "2026-01-01T00:00:00+00:00", "1", "2", weight, "u1", "u2")


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text()), ids=lambda v: v["key"] or "''")
def test_the_published_vectors_hold(vector):
    assert bucket(vector["artifact"], vector["alias"], vector["key"]) == vector["bucket"]


def test_the_hash_is_the_one_that_is_written_down():
    digest = hashlib.sha256(b"app/prod/user-42").hexdigest()
    assert bucket("app", "prod", "user-42") == int(digest[:16], 16) * 10_000 // 2**64


@given(st.text(), st.integers(0, 98))
def test_a_growing_weight_only_moves_keys_to_the_canary(key, weight):
    before, after = split(weight).route(key), split(weight + 1).route(key)
    assert before == after or (before, after) == ("1", "2")


@given(st.text())
def test_a_weight_of_zero_sends_nothing_to_the_canary(key):
    assert split(0).route(key) == "1"


@given(st.text(), st.text(), st.text())
def test_a_bucket_is_one_of_ten_thousand(name, alias, key):
    assert 0 <= bucket(name, alias, key.encode(errors="replace").decode()) < BUCKETS


def test_the_split_is_within_the_binomial_bounds():
    keys, weight = 100_000, 10
    hits = sum(split(weight).route(f"user-{i}") == "2" for i in range(keys))
    expected = keys * weight / 100
    assert abs(hits - expected) < 5 * (expected * (1 - weight / 100)) ** 0.5


def test_an_alias_of_one_version_routes_everything_to_it():
    alias = Alias("app", "prod", "2026-01-01T00:00:00+00:00", "7", None, None, "u7", None)
    assert {alias.route(str(i)) for i in range(100)} == {"7"}
    assert alias.random_artifact() == "u7"


def written(first, *canaries):
    """An alias as it is read back; canaries are `(version, basis points)`."""
    target = Target(first, canaries)
    held = tuple(Canary(version, points, f"u{version}") for version, points in canaries)
    return Alias(
        name="app",
        alias="prod",
        update_at="2026-01-01T00:00:00+00:00",
        version=first,
        secondary_version=target.secondary_version,
        secondary_version_weight=target.weight,
        version_uri=f"u{first}",
        secondary_version_uri=held[0].uri if held else None,
        split=() if target.is_plain else held,
    )


def documented(at, canaries, primary):
    """The rule of docs/formats/routing.md, for a bucket."""
    end = 0
    for version, points in canaries:
        end += points
        if at < end:
            return version
    return primary


class TestManyWays:
    @pytest.mark.parametrize(
        "vector", json.loads(VECTORS.read_text()), ids=lambda v: v["key"] or "''"
    )
    def test_the_published_vectors_hold(self, vector):
        for split in vector["splits"]:
            shares = [tuple(share) for share in split["canaries"]]
            found = canary_of(vector["artifact"], vector["alias"], vector["key"], shares)
            assert found == split["canary"]

    def test_the_vectors_have_every_edge(self):
        splits = [s for v in json.loads(VECTORS.read_text()) for s in v["splits"]]
        assert {None, "2", "3", "4"} == {s["canary"] for s in splits}
        assert any(points == 0 for s in splits for _, points in s["canaries"])
        assert max(len(s["canaries"]) for s in splits) == MAX_VERSIONS - 1

    @given(st.text(), st.data())
    def test_a_key_only_moves_towards_the_front_while_no_canary_shrinks(self, key, data):
        count = data.draw(st.integers(1, MAX_VERSIONS - 1))
        cuts = st.lists(st.integers(0, BUCKETS), min_size=count, max_size=count).map(sorted)
        ends = data.draw(cuts)
        after = [end - start for start, end in pairwise([0, *ends])]
        before = [data.draw(st.integers(0, points)) for points in after]
        places = [
            documented(bucket("app", "prod", key), enumerate(shares), count)
            for shares in (before, after)
        ]
        assert places[1] <= places[0]
        for shares, place in zip((before, after), places, strict=True):
            if sum(shares) < BUCKETS:
                alias = written("primary", *[(str(n), p) for n, p in enumerate(shares)])
                assert alias.route(key) == ("primary" if place == count else str(place))

    @given(st.text(), st.integers(1, 5000), st.integers(0, 4000))
    def test_readers_of_the_eight_fields_route_a_part_of_the_first_canary(self, key, first, second):
        alias = written("1", ("2", first), ("3", second))
        plain = replace(alias, split=())
        assert alias.route(key) == "2" or plain.route(key) == "1"
        if first % 100 == 0:
            assert (alias.route(key) == "2") == (plain.route(key) == "2")


KEYS = 1_000_000


@pytest.fixture(scope="module")
def million():
    """How many of a million keys are in each bucket, and one of them for each."""
    counts, one = [0] * BUCKETS, [""] * BUCKETS
    for number in range(KEYS):
        key = f"user-{number}"
        at = bucket("app", "prod", key)
        counts[at] += 1
        one[at] = key
    return counts, one


def ramp():
    """From nothing to everything: first in hundredths, then in whole percents."""
    yield from (0, 1, 2, 5, 10, 50)
    yield from range(100, BUCKETS, 100)
    yield from (9950, 9999, BUCKETS)


@pytest.mark.xdist_group("million")
class TestRamp:
    def test_a_million_keys_never_move_back_and_stay_within_the_binomial_bounds(self, million):
        counts, one = million
        assert all(one), "every bucket has a key"
        before = [False] * BUCKETS
        for points in ramp():
            now = [documented(at, [("2", points)], "1") == "2" for at in range(BUCKETS)]
            assert not any(was and not is_ for was, is_ in zip(before, now, strict=True))
            hits = sum(count for count, is_ in zip(counts, now, strict=True) if is_)
            share = points / BUCKETS
            assert abs(hits - KEYS * share) <= 5 * (KEYS * share * (1 - share)) ** 0.5
            before = now
        assert all(before), "in the end everybody has the new version"

    def test_an_alias_routes_a_key_of_every_bucket_by_that_rule(self, million):
        for points in (0, 1, 50, 1000, 3333, 9999):
            alias = written("1", ("2", points))
            for at, key in enumerate(million[1]):
                assert alias.route(key) == documented(at, [("2", points)], "1")
        everything = written("2")
        assert {everything.route(key) for key in million[1]} == {"2"}

    def test_an_alias_that_is_really_moved_routes_the_edges_of_every_step_by_it(
        self, million, local_repository_factory
    ):
        repository = local_repository_factory()
        for content in (b"one", b"two"):
            repository.put_artifact("app", content)
            repository.publish_artifact_version("app")
        for points in ramp():
            put(repository, points)
            alias = repository.get_alias("app", "prod")
            for at in (0, points - 1, points, BUCKETS - 1):
                if 0 <= at < BUCKETS:
                    assert alias.route(million[1][at]) == ("2" if at < points else "1")


def put(repository, points):
    if points == 0:
        repository.put_alias("app", "prod", 1, 2, 0)
    elif points == BUCKETS:
        repository.put_alias("app", "prod", 2)
    else:
        weights = {1: percent(BUCKETS - points)[:-1], 2: percent(points)[:-1]}
        repository.split_alias("app", "prod", weights)
