"""npm's tags: who may name what, and what is shown."""

import threading

import pytest
from npm_making import WIDGET, publish_npm, publish_versions, tarball
from package_making import PYABC, contents, unchanged

from versioned.errors import ContaminatedError, InvalidInputError
from versioned.packages import Package
from versioned.packages.dist_tags import shown_tags
from versioned.packages.errors import (
    InvalidPackageError,
    PackageNotFoundError,
    PackageVersionNotFoundError,
)
from versioned.packages.semver import semver_key

TAGS = "AbcDev/npm/revisions/acme!widget/@dist-tags/"


def tags(packages, repository="AbcDev"):
    return packages.npm.dist_tags(repository, WIDGET)


def test_the_publisher_says_which_tag_names_the_version(local_packages):
    publish_npm(local_packages, tags=["latest"])
    publish_npm(local_packages, tarball(version="2.0.0-beta.1"), tags=["beta"])

    assert tags(local_packages) == {"latest": "1.0.0", "beta": "2.0.0-beta.1"}


def test_a_tag_is_moved_by_who_says_why(packages):
    publish_versions(packages, "1.0.0", "1.1.0")
    packages.npm.change_dist_tags("AbcDev", WIDGET, {"stable": "1.0.0"})

    moved = packages.npm.change_dist_tags(
        "AbcDev", WIDGET, {"stable": "1.1.0"}, by="bea", message="soaked"
    )

    assert (moved.by, moved.message, moved.position) == ("bea", "soaked", 2)
    assert tags(packages)["stable"] == "1.1.0"


def test_each_state_of_the_tags_is_kept_and_names_the_one_before(local_packages):
    publish_versions(local_packages, "1.0.0", "1.1.0")
    first = local_packages.npm.change_dist_tags("AbcDev", WIDGET, {"a": "1.0.0"})
    before = contents(local_packages.context.store, TAGS)

    second = local_packages.npm.change_dist_tags("AbcDev", WIDGET, {"a": "1.1.0"})

    assert (first.previous, second.previous) == ("", first.digest)
    assert before.items() <= contents(local_packages.context.store, TAGS).items()


def test_several_tags_change_in_one_moment(local_packages):
    publish_versions(local_packages, "1.0.0")

    local_packages.npm.change_dist_tags("AbcDev", WIDGET, {"a": "1.0.0", "b": "1.0.0"})
    local_packages.npm.change_dist_tags("AbcDev", WIDGET, {"a": None, "c": "1.0.0"})

    assert set(tags(local_packages)) == {"b", "c", "latest"}
    assert len(contents(local_packages.context.store, TAGS)) == 2


def test_what_is_so_already_writes_nothing(local_packages):
    publish_npm(local_packages, tags=["latest"])

    with unchanged(local_packages.context.store):
        local_packages.npm.change_dist_tags("AbcDev", WIDGET, {"latest": "1.0.0", "none": None})


@pytest.mark.parametrize("tag", ["", "1.0", "v2", "1.x", "x", "X.1", "a/b", "a b", "*", "é", None])
def test_what_could_be_taken_for_a_version_is_no_tag(local_packages, tag):
    publish_npm(local_packages)

    with pytest.raises(InvalidPackageError):
        local_packages.npm.change_dist_tags("AbcDev", WIDGET, {tag: "1.0.0"})


def test_a_tag_is_checked_before_anything_is_published(local_packages):
    with unchanged(local_packages.context.store), pytest.raises(InvalidPackageError):
        publish_npm(local_packages, tags=["1.x"])


def test_a_version_that_is_not_there_gets_no_tag(local_packages):
    publish_versions(local_packages, "1.0.0", "1.1.0")
    local_packages.change_version("AbcDev", WIDGET, "1.1.0").discard("Deleted")

    for version in ("1.1.0", "2.0.0"):
        with pytest.raises(PackageVersionNotFoundError):
            local_packages.npm.change_dist_tags("AbcDev", WIDGET, {"a": version})


def test_a_package_that_is_not_there_has_no_tags(local_packages):
    with pytest.raises(PackageNotFoundError):
        local_packages.npm.change_dist_tags("AbcDev", WIDGET, {"a": None})
    with pytest.raises(PackageNotFoundError):
        tags(local_packages)


def test_only_packages_of_npm_have_tags(local_packages):
    with pytest.raises(InvalidInputError):
        local_packages.npm.change_dist_tags("AbcDev", PYABC, {"a": "1.0.0"})


def test_the_tags_of_a_deleted_version_are_not_shown(local_packages):
    publish_versions(local_packages, "1.0.0")
    publish_npm(local_packages, tarball(version="1.1.0"), tags=["latest", "next"])

    local_packages.change_version("AbcDev", WIDGET, "1.1.0").discard("Deleted")

    assert tags(local_packages) == {"latest": "1.0.0"}


def test_the_tags_of_an_unlisted_version_are_there_again_with_it(local_packages):
    publish_versions(local_packages, "1.0.0")
    publish_npm(local_packages, tarball(version="1.1.0"), tags=["next"])
    change = local_packages.change_version("AbcDev", WIDGET, "1.1.0")

    change.set_status("Unlisted")
    assert "next" not in tags(local_packages)

    change.set_status("Published")
    assert tags(local_packages)["next"] == "1.1.0"


def test_a_tag_that_was_said_wins_over_the_highest_release(local_packages):
    publish_npm(local_packages, tags=["latest"])

    publish_npm(local_packages, tarball(version="2.0.0"), tags=["next"])

    assert tags(local_packages)["latest"] == "1.0.0"


def test_a_publisher_who_names_another_tag_does_not_move_what_is_the_latest(local_packages):
    publish_npm(local_packages, tarball(version="1.0.0-beta.1"), tags=["beta"])
    publish_npm(local_packages, tarball(version="1.0.0-beta.2"), tags=["beta"])

    assert tags(local_packages) == {"latest": "1.0.0-beta.1", "beta": "1.0.0-beta.2"}


def test_where_nobody_said_anything_promotion_makes_the_highest_release_the_latest(local_packages):
    publish_versions(local_packages, "1.0.0", "1.1.0", "1.0.1")
    for version, latest in (("1.0.0", "1.0.0"), ("1.1.0", "1.1.0"), ("1.0.1", "1.1.0")):
        local_packages.copy_package_versions("AbcDev", "AbcProd", WIDGET, version)

        assert tags(local_packages, "AbcProd") == {"latest": latest}


def test_tags_stay_in_their_repository(local_packages):
    publish_npm(local_packages, tags=["latest", "beta"])

    local_packages.copy_package_versions("AbcDev", "AbcProd", WIDGET, "1.0.0")

    assert tags(local_packages, "AbcProd") == {"latest": "1.0.0"}


def test_many_who_set_tags_at_once_lose_none(packages, store):
    publish_npm(packages)
    others = [type(packages)(store, actor=str(number)) for number in range(6)]

    def tag(number):
        others[number].npm.change_dist_tags("AbcDev", WIDGET, {f"t{number}": "1.0.0"})

    threads = [threading.Thread(target=tag, args=[number]) for number in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert set(tags(packages)) == {"latest", *(f"t{number}" for number in range(6))}
    assert packages.reindex("AbcDev") == []


def test_tags_that_say_they_are_of_another_package_are_refused(local_packages):
    gadget = Package.of("npm", "gadget", "acme")
    publish_npm(local_packages, tags=["latest"])
    publish_npm(local_packages, tarball("@acme/gadget"))
    (stolen,) = contents(local_packages.context.store, TAGS).values()
    local_packages.context.write(
        f"{TAGS.replace('widget', 'gadget')}99999999_00000001.json", stolen
    )

    with pytest.raises(ContaminatedError):
        local_packages.npm.change_dist_tags("AbcDev", gadget, {"a": "1.0.0"})


def test_versions_are_in_the_order_of_semver():
    ordered = [
        "1.0.0-1",
        "1.0.0-2",
        "1.0.0-10",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-rc.1",
        "1.0.0",
        "1.9.0",
        "1.10.0",
    ]

    mixed = ordered[5:] + ordered[:5]

    assert sorted(mixed, key=semver_key) == ordered


def test_a_prerelease_is_the_latest_only_where_there_is_no_release():
    assert shown_tags({}, {"1.0.0", "2.0.0-rc.1"}) == {"latest": "1.0.0"}
    assert shown_tags({}, {"2.0.0-rc.1", "2.0.0-rc.2"}) == {"latest": "2.0.0-rc.2"}
    assert shown_tags({}, set()) == {}
