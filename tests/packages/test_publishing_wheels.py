"""Publishing wheels and source distributions: what changes, what does not, and what is remembered."""

import pytest
from package_making import (
    PYABC,
    contents,
    keys,
    names,
    publish,
    publish_builds,
    read,
    sdist,
    sha256,
    unchanged,
    wheel,
)

from versioned.errors import InvalidInputError
from versioned.packages import Package, Packages, PackageStatus
from versioned.packages.errors import (
    AssetExistsError,
    AssetNotFoundError,
    DomainNotFoundError,
    InvalidDistributionError,
    InvalidPackageError,
    PackageNotFoundError,
    PackageRepositoryNotFoundError,
    PackageVersionNotFoundError,
    RevisionNotFoundError,
    VersionExistsError,
)
from versioned.packages.revision import ordered_assets


def revisions(packages):
    return packages.list_package_version_revisions("AbcDev", PYABC, "1.0.0")


class TestPublishing:
    def test_a_wheel_that_was_published_is_the_active_build(self, local_packages):
        change = publish(local_packages, wheel(build="24"))
        assert change.changed
        assert change.revision.state.active == "24"
        assert names(change.revision) == ["PyABC-1.0.0-24-py3-none-any.whl"]
        assert change.before is None

    def test_the_bytes_that_were_published_are_the_bytes_one_gets(self, local_packages):
        filename, data = wheel(build="24")
        publish(local_packages, (filename, data))
        assert read(local_packages, "AbcDev", filename) == data

    def test_an_asset_says_what_it_is(self, local_packages):
        filename, data = wheel(build="24", extra="Requires-Python: >=3.8\nSummary: An ABC\n")
        state = publish(local_packages, (filename, data)).revision.state
        (asset,) = state.assets
        assert (asset.name, asset.asset_set, asset.size) == (filename, "24", len(data))
        assert asset.sha256 == sha256(data)
        assert asset.details == {"requires_python": ">=3.8"}
        assert state.about == {"summary": "An ABC"}

    def test_the_same_bytes_again_change_nothing(self, packages, store):
        publish_builds(packages, "9", "24")
        with unchanged(store):
            for build in ("9", "24"):
                assert not publish(packages, wheel(build=build)).changed

    def test_other_bytes_under_the_same_name_are_refused(self, packages, store):
        publish_builds(packages, "24")
        with unchanged(store), pytest.raises(AssetExistsError, match="with other bytes"):
            publish(packages, wheel(build="24", body="OTHER = 1\n"))

    def test_a_build_is_refused_in_another_spelling(self, local_packages, local_store):
        publish_builds(local_packages, "24")
        with unchanged(local_store), pytest.raises(AssetExistsError, match="written '24'"):
            publish(local_packages, wheel(build="024"))

    def test_files_of_one_moment_are_one_revision(self, packages):
        change = publish(packages, wheel(build="24"), sdist())
        assert [one.position for one in revisions(packages)] == [1]
        assert sorted(names(change.revision)) == [
            "PyABC-1.0.0-24-py3-none-any.whl",
            "pyabc-1.0.0.tar.gz",
        ]

    def test_of_several_files_those_that_are_new_are_added(self, local_packages):
        publish(local_packages, wheel(build="24"))
        change = publish(local_packages, wheel(build="24"), sdist())
        assert change.changed
        assert names(change.revision)[1:] == ["pyabc-1.0.0.tar.gz"]

    def test_one_refused_file_keeps_the_others_out(self, local_packages, local_store):
        publish_builds(local_packages, "24")
        with unchanged(local_store), pytest.raises(AssetExistsError):
            publish(local_packages, wheel(build="25"), wheel(build="24", body="OTHER = 1\n"))

    def test_a_version_is_refused_in_another_spelling(self, local_packages, local_store):
        publish_builds(local_packages, "24", version="1.0")
        with unchanged(local_store), pytest.raises(VersionExistsError, match="the same version"):
            publish_builds(local_packages, "25", version="1.0.0")

    def test_a_version_takes_another_spelling_once_the_first_is_deleted(self, local_packages):
        publish_builds(local_packages, "24", version="1.0")
        local_packages.change_version("AbcDev", PYABC, "1.0").discard(PackageStatus.DELETED)
        publish_builds(local_packages, "25", version="1.0.0")
        with pytest.raises(VersionExistsError, match="the same version"):
            publish_builds(local_packages, "24", version="1.0")

    def test_files_are_published_by_their_paths(self, local_packages, tmp_path):
        filename, data = wheel(build="24")
        (tmp_path / filename).write_bytes(data)
        change = local_packages.publish_files("AbcDev", "pypi", [tmp_path / filename])
        assert names(change.revision) == [filename]

    def test_a_name_in_any_spelling_is_one_package(self, local_packages):
        publish(local_packages, wheel("PyABC_Demo", build="1"))
        publish(local_packages, wheel("pyabc.demo", build="2"))
        assert local_packages.list_packages("AbcDev") == [Package.of("pypi", "pyabc-demo")]
        found = local_packages.describe_package_version(
            "AbcDev", Package.of("pypi", "PyABC.Demo"), "1.0.0"
        )
        assert found.state.active == "2"

    def test_who_and_why_is_in_the_revision(self, local_packages):
        found = publish(local_packages, wheel(), by="bob", message="nightly").revision
        assert (found.by, found.message, found.action) == ("bob", "nightly", "publish")
        assert publish(local_packages, wheel(build="2")).revision.by == "ann"

    def test_a_file_named_twice_is_refused(self, local_packages, tmp_path):
        filename, data = wheel()
        for folder in ("a", "b"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / filename).write_bytes(data)
        with pytest.raises(InvalidInputError, match="named twice"):
            local_packages.publish_files("AbcDev", "pypi", [tmp_path / f / filename for f in "ab"])

    def test_nothing_to_publish_is_refused(self, local_packages):
        with pytest.raises(InvalidDistributionError):
            local_packages.publish_files("AbcDev", "pypi", {})

    def test_a_set_can_not_be_named_for_wheels(self, local_packages):
        with pytest.raises(InvalidInputError, match="its build tag"):
            publish(local_packages, wheel(), asset_set="24")

    def test_nothing_is_published_to_a_repository_that_is_not_there(self, local_packages):
        with pytest.raises(PackageRepositoryNotFoundError, match="AbcDev, AbcProd, AbcStaging"):
            publish(local_packages, wheel(), repository="AbcQa")

    def test_nothing_is_published_to_a_repository_with_a_name_that_is_none(self, local_packages):
        with pytest.raises(InvalidPackageError):
            publish(local_packages, wheel(), repository="../AbcDev")

    def test_nothing_is_published_before_there_is_a_domain(self, store):
        with pytest.raises(DomainNotFoundError):
            publish(Packages(store), wheel())


class TestLooking:
    def test_the_newest_build_is_the_last_of_the_assets(self, local_packages):
        revision = publish_builds(local_packages, "100", "9", "24")
        ordered = ordered_assets(PYABC.format, revision.state)
        assert ordered[-1].name == "PyABC-1.0.0-100-py3-none-any.whl"
        assert revision.state.active == "100"

    def test_a_revision_is_named_and_read_after_later_uploads(self, packages):
        first = publish_builds(packages, "23")
        publish_builds(packages, "24", "25")
        found = packages.describe_package_version("AbcDev", PYABC, "1.0.0", revision=first.revision)
        assert found == first
        assert found.state.active == "23"
        filename, data = wheel(build="23")
        assert read(packages, "AbcDev", filename, revision=first.revision) == data

    def test_every_revision_is_listed_the_newest_first_and_linked_to_the_one_before(
        self, local_packages
    ):
        publish_builds(local_packages, "23", "24", "25")
        found = revisions(local_packages)
        assert [one.position for one in found] == [3, 2, 1]
        assert [one.previous for one in found] == [found[1].digest, found[2].digest, ""]

    @pytest.mark.parametrize(
        "revision", ["", "1", "2-0123456789abcdef", "9-0123456789abcdef", "../1-0123456789abcdef"]
    )
    def test_a_revision_that_never_was_is_not_found(self, local_packages, revision):
        publish_builds(local_packages, "23", "24")
        with pytest.raises(RevisionNotFoundError):
            local_packages.describe_package_version("AbcDev", PYABC, "1.0.0", revision=revision)

    def test_what_is_not_there_is_not_found(self, local_packages):
        publish_builds(local_packages, "24")
        with pytest.raises(PackageVersionNotFoundError):
            local_packages.describe_package_version("AbcDev", PYABC, "2.0.0")
        with pytest.raises(PackageNotFoundError):
            local_packages.list_package_versions("AbcDev", Package.of("pypi", "other"))
        with pytest.raises(AssetNotFoundError):
            local_packages.open_asset("AbcDev", PYABC, "1.0.0", "other.whl")
        with pytest.raises(PackageVersionNotFoundError):
            local_packages.describe_package_version("AbcProd", PYABC, "1.0.0")

    def test_versions_are_listed_as_they_are_now(self, local_packages):
        for version in ("1.0.0", "1.10.0", "1.9.0"):
            publish_builds(local_packages, "1", "2", version=version)
        found = local_packages.list_package_versions("AbcDev", PYABC)
        assert {one.version: one.state.active for one in found} == {
            "1.0.0": "2",
            "1.9.0": "2",
            "1.10.0": "2",
        }

    def test_a_repository_holds_nothing_of_another_one(self, local_packages, local_store):
        publish_builds(local_packages, "24")
        assert local_packages.list_packages("AbcProd") == []
        assert keys(local_store, "AbcProd/") == []


class TestGenericAssets:
    SCRIPTS = Package.of("generic", "scripts", "team")

    def put(self, packages, files, **options):
        return packages.publish_package_version("AbcDev", self.SCRIPTS, "7", files, **options)

    def test_files_with_the_same_bytes_are_all_there(self, packages):
        self.put(packages, {"a": b"", "b": b""})
        for name in ("a", "b"):
            assert read(packages, "AbcDev", name, package=self.SCRIPTS, version="7") == b""

    def test_a_whole_set_gets_the_next_number_and_is_active(self, local_packages):
        for content in (b"1", b"2"):
            change = self.put(local_packages, {"run.sh": content})
        assert change.revision.state.active == "2"
        assert read(local_packages, "AbcDev", "run.sh", package=self.SCRIPTS, version="7") == b"2"
        older = read(
            local_packages, "AbcDev", "run.sh", package=self.SCRIPTS, version="7", asset_set="1"
        )
        assert older == b"1"

    def test_a_set_is_filled_in_turn_and_active_once_it_is_finished(self, packages):
        for name, unfinished in (("a", True), ("b", True), ("c", False)):
            change = self.put(packages, {name: name.encode()}, whole=False, unfinished=unfinished)
            assert (change.revision.state.active is None) == unfinished
        assert [one.name for one in change.revision.state.active_assets] == ["a", "b", "c"]

    def test_an_older_set_stays_active_while_the_next_is_filled(self, local_packages):
        self.put(local_packages, {"a": b"1"})
        change = self.put(local_packages, {"a": b"2"}, whole=False, unfinished=True)
        assert change.revision.state.active == "1"
        assert self.put(local_packages, {"b": b"2"}, whole=False).revision.state.active == "2"

    def test_the_same_set_again_changes_nothing(self, local_packages, local_store):
        self.put(local_packages, {"a": b"1", "b": b"1"})
        with unchanged(local_store):
            assert not self.put(local_packages, {"b": b"1", "a": b"1"}).changed
            assert not self.put(local_packages, {"a": b"1"}, whole=False).changed

    def test_a_finished_set_takes_nothing_more(self, local_packages, local_store):
        self.put(local_packages, {"a": b"1"})
        with unchanged(local_store), pytest.raises(AssetExistsError, match="finished"):
            self.put(local_packages, {"b": b"1"}, whole=False)

    @pytest.mark.parametrize("name", ["", "a/b", "..", "9" * 5000, "x y"])
    def test_a_set_with_a_name_that_is_none_is_refused(self, local_packages, name):
        with pytest.raises(InvalidInputError):
            self.put(local_packages, {"a": b"1"}, asset_set=name)

    @pytest.mark.parametrize("name", ["../a", "a/b", "", "a\n", "\ud800"])
    def test_an_asset_with_a_name_that_is_none_is_refused(self, local_packages, local_store, name):
        before = contents(local_store)
        with pytest.raises(InvalidPackageError):
            self.put(local_packages, {name: b"1"})
        assert contents(local_store) == before

    def test_names_that_make_a_key_too_long_for_a_bucket_are_refused(
        self, local_packages, local_store
    ):
        package = Package.of("generic", "é" * 120, "ü" * 120)
        before = contents(local_store)
        with pytest.raises(InvalidPackageError, match="too long"):
            local_packages.publish_package_version("AbcDev", package, "1", {"a": b"1"})
        assert contents(local_store) == before

    def test_files_of_python_say_themselves_what_they_are(self, local_packages):
        with pytest.raises(InvalidInputError, match="say themselves"):
            local_packages.publish_package_version("AbcDev", PYABC, "1.0.0", {"a": b"1"})
