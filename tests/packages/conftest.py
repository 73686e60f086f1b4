"""The packages of a fresh domain, on each chosen store."""

import pytest
from package_making import open_packages


@pytest.fixture
def packages(store):
    """`Packages` of the domain `abc`, with the repositories AbcDev, AbcStaging and AbcProd."""
    return open_packages(store)


@pytest.fixture
def local_store(make_store):
    """A fresh, empty store in a directory, for what no store has a part in."""
    return make_store("local")


@pytest.fixture
def local_packages(local_store):
    """The same packages on the local store."""
    return open_packages(local_store)
