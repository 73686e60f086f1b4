import itertools

import pytest

from versioned import Repository
from versioned.stores.local import LocalStore


@pytest.fixture
def repository(store):
    """A repository on each of the chosen stores."""
    return Repository(store, actor="tester")


@pytest.fixture(scope="session")
def local_repository_factory(tmp_path_factory):
    """Fresh repositories on the embedded store, for many examples in one test."""
    root = tmp_path_factory.mktemp("repositories")
    numbers = itertools.count()

    def make(**options):
        store = LocalStore(root / str(next(numbers)), settle=0)
        store.create()
        return Repository(store, **options)

    return make
