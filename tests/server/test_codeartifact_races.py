"""A status that was expected has to be there in the moment of the change."""

import pytest
from package_making import PYABC, publish_builds

from versioned.packages.errors import PackageConflictError
from versioned.packages.revision import PackageStatus
from versioned.server.codeartifact_each import (
    Expected,
    RevisionMismatchError,
    StatusMismatchError,
    changed,
)


class Racing:
    """Archives a version, after `meanwhile` was done, as often as it is tried."""

    def __init__(self, packages, meanwhile):
        self.packages = packages
        self.meanwhile = meanwhile
        self.attempts = 0

    def archive(self, version):
        self.meanwhile(self.attempts)
        self.attempts += 1
        return version.set_status(PackageStatus.ARCHIVED)

    def run(self, status=PackageStatus.PUBLISHED, revisions=()):
        expected = Expected(dict(revisions), status)
        where = ("AbcDev", PYABC)
        return changed(self.packages, where, self.archive, "1.0.0", expected=expected, by="ann")


@pytest.fixture
def racing(local_packages):
    """Makes races in which `step` is called by the others, each time."""
    publish_builds(local_packages, "1")
    return lambda step: Racing(local_packages, step)


def test_a_build_that_comes_in_between_is_no_reason_to_fail(racing, local_packages):
    race = racing(lambda n: publish_builds(local_packages, "2") if n == 0 else None)
    assert race.run().state.status is PackageStatus.ARCHIVED
    assert race.attempts == 2


def test_another_status_in_between_is(racing, local_packages):
    def unlist(_):
        local_packages.change_version("AbcDev", PYABC, "1.0.0").set_status(PackageStatus.UNLISTED)

    with pytest.raises(StatusMismatchError):
        racing(unlist).run()
    now = local_packages.describe_package_version("AbcDev", PYABC, "1.0.0")
    assert now.state.status is PackageStatus.UNLISTED


def test_a_revision_that_was_expected_is_not_looked_for_again(racing, local_packages):
    seen = local_packages.describe_package_version("AbcDev", PYABC, "1.0.0").revision
    race = racing(lambda _: publish_builds(local_packages, "2"))
    with pytest.raises(RevisionMismatchError):
        race.run(revisions={"1.0.0": seen})
    assert race.attempts == 1


def test_who_is_always_slower_gives_up(racing, local_packages):
    race = racing(lambda n: publish_builds(local_packages, str(n + 2)))
    with pytest.raises(PackageConflictError):
        race.run()
    assert 1 < race.attempts <= 20
