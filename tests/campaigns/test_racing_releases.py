"""Promotions, rollouts, ticks, demotions and rollbacks at once; then the ledgers have to explain,
entry by entry, how every rank came to be what it is.

The schedule is random and bounded; `VERSIONED_TEST_RACES` is how many operations each of the
workers tries.
"""

import os
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from explanation import unexplained

from versioned import Pipeline, Repository, Rollouts
from versioned.errors import (
    ConflictError,
    GateRefusedError,
    InvalidInputError,
    NotFoundError,
    RankProtectedError,
)
from versioned.rollout_codec import decode_rollout

pytestmark = pytest.mark.only_stores("local", "ceph")  # on moto it takes long, and shows no more

RANKS = ("qa", "staging", "production")
WORKERS = 6
TURNS = int(os.environ.get("VERSIONED_TEST_RACES", "25"))
ORDINARY = (ConflictError, GateRefusedError, InvalidInputError, NotFoundError)
"""What a loser may get: somebody was faster, or there is nothing to do by now."""


class Worker:
    """One person who does whatever comes to mind; counts what succeeded and what was refused."""

    def __init__(self, repository, number):
        self.repository = repository
        self.pipeline, self.rollouts = Pipeline(repository), Rollouts(repository)
        self.random = random.Random(number)
        self.name = f"worker{number}"
        self.turn = 0
        self.done = []
        self.seen = Counter()

    def run(self):
        for self.turn in range(TURNS):
            act = self.random.choices(
                [self.publish, self.promote, self.roll_out, self.tick, self.back, self.steer],
                weights=[3, 8, 4, 10, 3, 3],
            )[0]
            try:
                act(self.random.choice(RANKS), f"{self.name} turn {self.turn}")
                self.seen[act.__name__] += 1
            except ORDINARY as error:
                self.seen[error.code] += 1

    def publish(self, _rank, message):
        self.repository.put_artifact("app", message.encode())
        self.repository.publish_artifact_version("app")

    def promote(self, rank, message):
        if self.pipeline.promote("app", rank, message=message, by=self.name).moved:
            self.done.append((rank, message))

    def roll_out(self, rank, message):
        below = RANKS[max(0, RANKS.index(rank) - 1)]
        version = self.repository.get_alias("app", below).version
        if rank == RANKS[0]:
            version = self.repository.get_latest_published_artifact_version_number("app")
        steps = self.random.choice(["linear:25%:0s", "steps:5%:0s,50%:0s,100%:0s", "all-at-once"])
        self.rollouts.start("app", rank, version, strategy=steps, message=message, by=self.name)

    def tick(self, rank, _message):
        self.rollouts.tick("app", rank, by=self.name)

    def back(self, rank, message):
        if self.random.random() < 0.5:
            self.repository.rollback("app", rank, message=message, by=self.name)
        else:
            self.pipeline.demote("app", rank, message=message, by=self.name)
        self.done.append((rank, message))

    def steer(self, rank, message):
        steer = self.random.choice([self.rollouts.abort, self.rollouts.promote])
        steer("app", rank, message=message, by=self.name)


def all_rollouts(repository):
    """Those that are under way, were last, or ended before, by identity."""
    context = repository.context
    lines = context.store.list_objects("app/rollouts/")
    found = [decode_rollout_at(context, line.key) for line in lines]
    return {rollout.identity: rollout for rollout in found}


def decode_rollout_at(context, key):
    alias = key.split("/")[2].removesuffix(".json")
    return decode_rollout("app", alias, key, context.read(key)[1])


@pytest.fixture
def raced(store):
    repository = Repository(store, actor="founder")
    pipeline = Pipeline(repository)
    pipeline.declare(RANKS)
    for build in (b"one", b"two", b"three"):
        repository.put_artifact("app", build)
        repository.publish_artifact_version("app")
        for rank in RANKS:
            if build != b"three":
                pipeline.promote("app", rank, message="at the beginning")
            else:
                Rollouts(repository).start("app", rank, 3, strategy="all-at-once")
    workers = [Worker(repository, number) for number in range(WORKERS)]
    with ThreadPoolExecutor(WORKERS) as pool:
        for future in [pool.submit(worker.run) for worker in workers]:
            future.result()
    return repository, workers


def test_the_ledgers_explain_every_rank_entry_by_entry(raced):
    repository, workers = raced
    seen = sum((worker.seen for worker in workers), Counter())
    assert {"promote", "tick", "back"} <= set(seen), "the schedule did too little"
    rollouts = all_rollouts(repository)
    assert unexplained(repository, "app", RANKS, rollouts) == []
    assert repository.verify_ledger("app").ok
    for rank in RANKS:
        recorded = Counter(entry.message for entry in repository.history("app", rank))
        told = [message for where, message in (d for w in workers for d in w.done) if where == rank]
        assert [message for message in told if recorded[message] != 1] == []


def test_whatever_was_under_way_ends_by_further_ticks(raced):
    repository, _ = raced
    rollouts = Rollouts(repository)
    for _ in range(10):
        list(rollouts.tick_all("app"))
    for rank in RANKS:
        status = rollouts.status("app", rank)
        assert not status.rollout.active
    assert unexplained(repository, "app", RANKS, all_rollouts(repository)) == []


def test_a_plain_write_of_a_rank_is_refused_also_in_a_race(raced):
    repository, _ = raced
    for rank in RANKS:
        before = repository.get_alias("app", rank) if rank in _held(repository) else None
        with pytest.raises(RankProtectedError):
            repository.put_alias("app", rank, 1)
        if before:
            assert repository.get_alias("app", rank).revision == before.revision


def _held(repository):
    return {alias.alias for alias in repository.list_aliases("app")}


def test_an_entry_that_nothing_explains_is_found(raced):
    """The explanation is worth something: without its rollouts a history is not explained."""
    repository, _ = raced
    assert unexplained(repository, "app", RANKS, {})
