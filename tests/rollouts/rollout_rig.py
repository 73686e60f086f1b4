"""A repository to roll out in, a clock that can be set, a check that answers as it is told."""

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from doubles import TappedStore
from versioned import Repository, Rollouts
from versioned.checks.base import Outcome, Result


@dataclass
class ShiftedBody:
    """An object being read, at a shifted time."""

    info: object
    body: object

    def __iter__(self):
        return iter(self.body)


class ClockStore(TappedStore):
    """A real store whose clock can be set: `jump(seconds)`, back with a negative number."""

    def __init__(self, inner):
        super().__init__(inner)
        self.shift = timedelta()
        self.written = {}

    def jump(self, seconds):
        self.shift += timedelta(seconds=seconds)

    def now(self):
        return self.inner.now() + self.shift

    def put(self, key, content, **options):
        self.written[key] = self.shift
        return super().put(key, content, **options)

    def get(self, key, **options):
        return self._shifted(key, super().get(key, **options))

    @contextmanager
    def _shifted(self, key, opened):
        with opened as body:
            modified = body.info.modified + self.written.get(key, timedelta())
            served = body.info.served + self.shift
            yield ShiftedBody(replace(body.info, modified=modified, served=served), body)


@dataclass
class Scripted:
    """A check that answers as it is told; it remembers what it was asked."""

    outcome: Outcome = Outcome.PASS
    asked: list = field(default_factory=list)

    def run(self, subject):
        self.asked.append(subject)
        return Result(self.outcome, f"said {self.outcome.value}")


@dataclass
class Releases:
    """A repository with versions 1 to 3 of `app`, its alias `prod` at 1, and its rollouts."""

    repository: Repository
    store: object
    rollouts: Rollouts

    @classmethod
    def of(cls, store, kind=ClockStore):
        made = cls.around(kind(store))
        for number in (1, 2, 3):
            made.repository.put_artifact("app", b"content %d" % number)
            made.repository.publish_artifact_version("app")
        made.repository.put_alias("app", "prod", 1)
        return made

    @classmethod
    def around(cls, store, actor="tester"):
        """Where all that is there already."""
        repository = Repository(store, actor=actor)
        repository.context.sleep = lambda _seconds: None
        return cls(repository, store, Rollouts(repository))

    def start(self, strategy="canary:10%:5m", version=2, **options):
        return self.rollouts.start("app", "prod", version, strategy=strategy, **options)

    def tick(self, after=0, **options):
        """A tick, some seconds later."""
        if after:
            self.store.jump(after)
        return self.rollouts.tick("app", "prod", **options)

    @property
    def split(self):
        """What `prod` points at: versions with their basis points."""
        alias = self.repository.get_alias("app", "prod")
        canaries = {c.version: c.basis_points for c in alias.canaries}
        return {alias.version: 10000 - sum(canaries.values()), **canaries}

    @property
    def status(self):
        return self.rollouts.status("app", "prod").rollout.status


def start(releases):
    """A rollout with three steps that time does not hold up."""
    strategy = "steps:10%:0s,50%:0s,100%:0s"
    releases.rollouts.start("app", "prod", 2, strategy=strategy, checks=["smoke"])


def prepared(store, started):
    """Releases on a fresh store, with a rollout that made its first step or without one."""
    releases = Releases.of(store, TappedStore)
    if started:
        start(releases)
    releases.store.reset()
    return releases
