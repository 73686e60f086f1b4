"""Deterministic routing, as docs/formats/routing.md publishes it."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from versioned.models import Alias
from versioned.routing import BUCKETS, bucket

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
