import itertools

import pytest
from recorders import HOUR, Recorder, with_versions

from versioned import Repository
from versioned.events import Hook, deliver
from versioned.stores.local import LocalStore


@pytest.fixture
def repository(store):
    """A repository on each of the chosen stores, with the versions 1 and 2 of `app`."""
    return with_versions(Repository(store, actor="tester"))


@pytest.fixture(scope="session")
def local_repositories(tmp_path_factory):
    """Fresh repositories on the embedded store, for many examples in one test."""
    root = tmp_path_factory.mktemp("repositories")
    numbers = itertools.count()

    def make():
        store = LocalStore(root / str(next(numbers)), settle=0)
        store.create()
        return Repository(store, actor="tester")

    return make


@pytest.fixture
def hook():
    """A hook that remembers what it was told, as `hook.sender.said`."""
    return Hook("audit", Recorder())


@pytest.fixture
def told(repository, hook):
    """What the hook is told of `app` by one more delivery, in short."""

    def told(name="app"):
        before = len(hook.sender.events)
        deliver(repository.context, name, [hook], reach=HOUR)
        return hook.sender.said[before:]

    return told
