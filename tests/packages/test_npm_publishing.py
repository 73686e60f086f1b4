"""Publishing and promoting npm packages, and the page that npm reads."""

import pytest
from npm_making import (
    WIDGET,
    integrity,
    listed,
    package_json,
    publish_npm,
    publish_versions,
    shasum,
    tarball,
)
from package_making import contents, read, unchanged

from versioned.packages import Package
from versioned.packages.errors import (
    AssetExistsError,
    InvalidDistributionError,
    PackageNotFoundError,
)

PACKUMENT = "AbcDev/npm/packuments/acme!widget.json"


def test_a_published_version_is_listed_with_its_description_and_its_digests(packages):
    name, data = tarball(description="A widget", dependencies={"left-pad": "^1"})

    publish_npm(packages, (name, data))

    found = packages.npm.packument("AbcDev", WIDGET).data
    assert found["description"] == "A widget"
    assert found["versions"]["1.0.0"] == {
        "_id": "@acme/widget@1.0.0",
        "name": "@acme/widget",
        "version": "1.0.0",
        "description": "A widget",
        "dependencies": {"left-pad": "^1"},
        "dist": {
            "tarball": "@acme/widget/-/widget-1.0.0.tgz",
            "shasum": shasum(data),
            "integrity": integrity(data),
            "fileCount": 2,
            "unpackedSize": len(b"module.exports = 'x'\n")
            + len(
                package_json(description="A widget", dependencies={"left-pad": "^1"}),
            ),
        },
    }
    assert set(found["time"]) == {"1.0.0", "created", "modified"}


def test_a_package_without_a_scope_is_published_too(local_packages):
    publish_npm(local_packages, tarball("left-pad"))

    found = listed(local_packages, package=Package.of("npm", "left-pad"))
    assert found["1.0.0"]["dist"]["tarball"] == "left-pad/-/left-pad-1.0.0.tgz"


def test_packages_with_and_without_a_scope_are_listed_together(local_packages):
    for name in ("@acme/widget", "left-pad", "@abc/widget", "abc"):
        publish_npm(local_packages, tarball(name))

    found = [str(one) for one in local_packages.list_packages("AbcDev")]

    assert found == ["abc", "left-pad", "@abc/widget", "@acme/widget"]
    assert local_packages.reindex("AbcDev") == []


def test_a_tarball_is_published_like_any_other_distribution(local_packages):
    name, data = tarball()

    done = local_packages.publish_files("AbcDev", "npm", {f"acme-{name}": data})

    assert done.changed
    assert read(local_packages, "AbcDev", name, package=WIDGET) == data


def test_the_same_bytes_again_change_nothing(packages, store):
    publish_npm(packages, tags=["latest"])

    with unchanged(store):
        assert not publish_npm(packages, tags=["latest"]).changed


def test_other_bytes_of_a_version_are_refused_and_change_nothing(packages, store):
    publish_npm(packages, tags=["latest"])

    with unchanged(store), pytest.raises(AssetExistsError):
        publish_npm(packages, tarball(body="y"), tags=["beta"])


def test_what_the_publisher_says_of_other_bytes_is_refused(local_packages):
    said = {"name": "@acme/widget", "version": "1.0.0", "dist": {"shasum": "0" * 40}}

    with unchanged(local_packages.context.store), pytest.raises(InvalidDistributionError):
        publish_npm(local_packages, described=said)


def test_a_named_set_replaces_what_is_offered_and_keeps_what_was_locked(local_packages):
    first, second = tarball(body="1"), tarball(body="2")
    publish_npm(local_packages, first)

    publish_npm(local_packages, second, asset_set="build-2")

    dist = listed(local_packages)["1.0.0"]["dist"]
    assert dist["integrity"] == integrity(second[1])
    assert dist["tarball"] == "@acme/widget/-/widget-1.0.0.tgz?set=build-2"
    assert read(local_packages, "AbcDev", first[0], package=WIDGET, asset_set="1") == first[1]


def test_of_several_sets_the_one_that_passed_is_promoted(local_packages):
    first, second = tarball(body="1"), tarball(body="2")
    publish_npm(local_packages, first)
    publish_npm(local_packages, second, asset_set="build-2")

    local_packages.copy_package_versions("AbcDev", "AbcProd", WIDGET, "1.0.0", asset_set="1")

    dist = listed(local_packages, "AbcProd")["1.0.0"]["dist"]
    assert dist["integrity"] == integrity(first[1])
    assert dist["tarball"] == "@acme/widget/-/widget-1.0.0.tgz"


def test_sets_whose_files_have_one_name_are_promoted_with_all_their_bytes(packages):
    made = {one: tarball(body=one) for one in ("1", "build-2")}
    publish_npm(packages, made["1"])
    done = publish_npm(packages, made["build-2"], asset_set="build-2")
    digests = [one.sha256 for one in done.revision.state.assets]

    packages.copy_package_versions("AbcDev", "AbcProd", WIDGET, "1.0.0", sha256=digests)

    for one, (name, data) in made.items():
        assert read(packages, "AbcProd", name, package=WIDGET, asset_set=one) == data


def test_assets_of_the_same_bytes_are_all_stored(local_packages):
    scripts = Package.of("generic", "scripts", "team")

    local_packages.publish_package_version("AbcDev", scripts, "1", {"a": b"same", "b": b"same"})

    for name in "ab":
        assert read(local_packages, "AbcDev", name, package=scripts, version="1") == b"same"


@pytest.mark.parametrize("status", ["Unlisted", "Archived"])
def test_a_version_that_is_not_published_is_not_listed(local_packages, status):
    publish_versions(local_packages, "1.0.0", "1.1.0")

    local_packages.change_version("AbcDev", WIDGET, "1.1.0").set_status(status)

    assert list(listed(local_packages)) == ["1.0.0"]
    assert "1.1.0" not in local_packages.npm.packument("AbcDev", WIDGET).data["time"]


def test_an_unlisted_tarball_can_be_had_by_who_knows_it(local_packages):
    name, data = tarball()
    publish_npm(local_packages, (name, data))

    local_packages.change_version("AbcDev", WIDGET, "1.0.0").set_status("Unlisted")

    assert read(local_packages, "AbcDev", name, package=WIDGET) == data


def test_a_package_without_listed_versions_is_none_for_npm(local_packages):
    publish_npm(local_packages)

    local_packages.change_version("AbcDev", WIDGET, "1.0.0").discard("Deleted")

    with pytest.raises(PackageNotFoundError):
        local_packages.npm.packument("AbcDev", WIDGET)


def test_a_yanked_tarball_is_not_offered(local_packages):
    publish_npm(local_packages)
    publish_npm(local_packages, tarball(version="1.1.0"))

    local_packages.change_version("AbcDev", WIDGET, "1.1.0").yank(None, "broken")

    assert list(listed(local_packages)) == ["1.0.0"]


def test_who_installs_a_deprecated_version_is_told(local_packages):
    publish_npm(local_packages)

    local_packages.change_version("AbcDev", WIDGET, "1.0.0").deprecate("use 2")
    assert listed(local_packages)["1.0.0"]["deprecated"] == "use 2"

    local_packages.change_version("AbcDev", WIDGET, "1.0.0").deprecate(None)
    assert "deprecated" not in listed(local_packages)["1.0.0"]


def test_the_page_made_anew_has_the_same_bytes(packages, store):
    publish_npm(packages, tags=["latest"])
    publish_npm(packages, tarball(version="1.1.0-beta.1"), tags=["beta"])
    publish_npm(packages, tarball(body="2"), asset_set="build-2")
    packages.change_version("AbcDev", WIDGET, "1.0.0").deprecate("old")
    before = contents(store, PACKUMENT)

    assert packages.reindex("AbcDev") == []
    store.delete(PACKUMENT)
    assert packages.reindex("AbcDev") == ["npm/@acme/widget"]

    assert contents(store, PACKUMENT) == before


@pytest.mark.parametrize(
    "damage", [b"{", b"{}", b'{"_revisions":{},"versions":{"9.9.9":{}},"time":{"9.9.9":"x"}}']
)
def test_a_damaged_page_is_made_anew_by_the_next_writer(local_packages, damage):
    publish_versions(local_packages, "1.0.0", "1.1.0")
    local_packages.context.write(PACKUMENT, damage)

    publish_versions(local_packages, "1.2.0")

    assert sorted(listed(local_packages)) == ["1.0.0", "1.1.0", "1.2.0"]


def test_a_version_whose_description_is_lost_is_not_offered(local_packages):
    publish_versions(local_packages, "1.0.0", "1.1.0")
    (key,) = [
        one
        for one in contents(local_packages.context.store)
        if "/1.0.0/" in one and one.endswith(".json") and "/files/" in one
    ]
    local_packages.context.store.delete(key)

    local_packages.reindex("AbcDev")

    assert list(listed(local_packages)) == ["1.1.0"]
