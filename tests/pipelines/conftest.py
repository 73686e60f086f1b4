import itertools
import shutil
from datetime import timedelta

import pytest
from filling import fill

from doubles import TappedStore
from versioned import Pipeline, Repository, layout
from versioned.stores.local import LocalStore

RANKS = ("qa", "staging", "production")


class ShiftedStore(TappedStore):
    """A store whose clock can be set: `ahead` is how much it is off."""

    ahead = timedelta(0)

    def now(self):
        return self.inner.now() + self.ahead


@pytest.fixture(scope="session")
def proved():
    """What the probe of each kind of store recorded: it takes as long as a test."""
    return {}


@pytest.fixture
def shifted(store, store_kind, proved):
    """The store of the test, with a clock that can be set."""
    context = Repository(store).context
    if store.capabilities is None:
        if store_kind not in proved:
            context.probe()
            proved[store_kind] = context.read(layout.REPOSITORY_KEY)[1]
        context.write(layout.REPOSITORY_KEY, proved[store_kind])
    return ShiftedStore(store)


@pytest.fixture
def repository(shifted):
    return Repository(shifted, actor="ann")


@pytest.fixture
def pipeline(repository):
    """Three ranks without gates, and two versions of `app`."""
    found = Pipeline(repository)
    found.declare(RANKS)
    fill(repository)
    return found


@pytest.fixture(scope="session")
def copies_of(tmp_path_factory):
    """Embedded stores, each a copy of one that a function prepared once."""
    root, numbers, made = tmp_path_factory.mktemp("copies"), itertools.count(), {}

    def copy(prepare):
        if prepare not in made:
            made[prepare] = root / f"template-{len(made)}"
            store = LocalStore(made[prepare], settle=0)
            store.create()
            prepare(Repository(store, actor="ann"))
            store.close()
        folder = root / str(next(numbers))
        shutil.copytree(made[prepare], folder)
        return LocalStore(folder, settle=0)

    return copy
