"""A server in this process before the packages of a fresh domain."""

import pytest
from asking import Asking, token
from package_making import open_packages

from versioned.stores.local import LocalStore


@pytest.fixture
def asking_of():
    """Makes servers in this process; keyword arguments are settings."""
    made = []

    def make(packages, **settings):
        made.append(Asking(packages, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def packages(store):
    """`Packages` of the domain `abc`, with the repositories AbcDev, AbcStaging and AbcProd."""
    return open_packages(store)


@pytest.fixture
def local_packages(make_store):
    """The same on a local store, for what no store has a part in."""
    return open_packages(make_store("local"))


@pytest.fixture
def server(local_packages, asking_of):
    """A server before a local store, asked with a token that may do all in AbcDev."""
    found = asking_of(local_packages)
    found.token = token(local_packages, "admin")
    return found


@pytest.fixture
def anywhere(packages, asking_of):
    """The same before each chosen store."""
    found = asking_of(packages)
    found.token = token(packages, "admin")
    return found


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One server before a local store for all tests of a module that change nothing in it, or
    nothing that the others look at."""
    store = LocalStore(tmp_path_factory.mktemp("domain"), settle=0)
    store.create()
    packages = open_packages(store)
    found = Asking(packages)
    found.token = token(packages, "admin")
    yield found
    found.close()
    store.close()
