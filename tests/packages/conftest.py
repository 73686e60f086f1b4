"""The packages of a fresh domain, on each chosen store."""

import pytest
from hypothesis import settings
from package_making import open_packages

# Machines are noisy: how long an example takes says nothing.
settings.register_profile("versioned", deadline=None)
settings.load_profile("versioned")


@pytest.fixture
def packages(store):
    """`Packages` of the domain `abc`, with the repositories AbcDev, AbcStaging and AbcProd."""
    return open_packages(store)


@pytest.fixture
def local_packages(make_store):
    """The same on a local store, for what no store has a part in."""
    return open_packages(make_store("local"))
