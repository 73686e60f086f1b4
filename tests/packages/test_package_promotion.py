"""Promoting exactly the assets that passed."""

import pytest
from package_making import (
    PYABC,
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

from versioned.errors import ContentMismatchError, InvalidInputError, InvalidNameError
from versioned.packages import Package, Packages, PackageStatus
from versioned.packages.errors import (
    AssetExistsError,
    AssetNotFoundError,
    PackageRepositoryNotFoundError,
    PackageStatusError,
    PackageVersionNotFoundError,
    RevisionNotFoundError,
    VerdictMissingError,
    VersionExistsError,
)
from versioned.stores.base import Attributes

SCRIPTS = Package.of("generic", "scripts", "team")


def named(build):
    return wheel(build=build)[0]


def promote(packages, source="AbcDev", target="AbcStaging", *, version="1.0.0", **options):
    return packages.copy_package_versions(source, target, PYABC, version, **options)


def status(packages, wanted, repository="AbcDev"):
    changes = packages.change_version(repository, PYABC, "1.0.0")
    if wanted in {PackageStatus.DISPOSED, PackageStatus.DELETED}:
        return changes.discard(wanted)
    return changes.set_status(wanted)


def put_sets(packages, *sets):
    for number, files in enumerate(sets, 1):
        packages.publish_package_version("AbcDev", SCRIPTS, "7", files, asset_set=str(number))


class TestWhatIsPromoted:
    def test_the_active_build_arrives_and_no_other(self, packages):
        publish_builds(packages, "9", "24", "23")
        arrived = promote(packages).revision
        assert names(arrived) == [named("24")]
        assert arrived.state.active == "24"
        assert read(packages, "AbcStaging", named("24")) == wheel(build="24")[1]

    def test_a_build_is_promoted_by_its_name_after_later_uploads(self, local_packages):
        publish_builds(local_packages, "23", "24", "25")
        arrived = promote(local_packages, assets=[named("23")]).revision
        assert names(arrived) == [named("23")]
        assert arrived.state.active == "23"

    def test_a_build_is_promoted_by_its_sha256(self, local_packages):
        publish_builds(local_packages, "23", "24")
        digest = sha256(wheel(build="23")[1])
        assert names(promote(local_packages, sha256=[digest]).revision) == [named("23")]

    def test_a_build_is_promoted_as_a_set_with_what_belongs_to_every_set(self, local_packages):
        publish_builds(local_packages, "23", "24")
        publish(local_packages, sdist())
        arrived = promote(local_packages, asset_set="23").revision
        assert sorted(names(arrived)) == [named("23"), "pyabc-1.0.0.tar.gz"]

    def test_an_older_revision_is_promoted_as_it_was_then(self, local_packages):
        tested = publish_builds(local_packages, "23")
        publish_builds(local_packages, "24", "25")
        arrived = promote(local_packages, revision=tested.revision).revision
        assert names(arrived) == [named("23")]
        assert arrived.state.assets[0].origin.revision == tested.revision

    def test_an_asset_says_where_it_came_from(self, local_packages):
        source = publish_builds(local_packages, "24")
        arrived = promote(local_packages, by="bob", message="passed").revision
        origin = arrived.state.assets[0].origin
        assert (origin.repository, origin.revision) == ("AbcDev", source.revision)
        assert origin.asset == named("24")
        assert (arrived.action, arrived.by, arrived.message) == ("promote", "bob", "passed")

    def test_a_promotion_goes_on_from_repository_to_repository(self, local_packages):
        publish_builds(local_packages, "23", "24")
        promote(local_packages, assets=[named("23")])
        arrived = promote(local_packages, "AbcStaging", "AbcProd").revision
        assert names(arrived) == [named("23")]
        assert read(local_packages, "AbcProd", named("23")) == wheel(build="23")[1]

    def test_a_name_that_is_unknown_is_refused_with_those_there_are(
        self, local_packages, local_store
    ):
        publish_builds(local_packages, "24")
        with unchanged(local_store), pytest.raises(AssetNotFoundError, match="PyABC-1"):
            promote(local_packages, assets=[named("24"), named("25")])

    def test_an_asset_is_named_in_one_way(self, local_packages):
        publish_builds(local_packages, "24")
        with pytest.raises(InvalidInputError, match="two ways"):
            promote(local_packages, assets=[named("24")], asset_set="24")

    @pytest.mark.parametrize("choice", [{"asset_set": "99"}, {"sha256": ["ab" * 32]}])
    def test_what_is_not_there_is_not_promoted(self, local_packages, choice):
        publish_builds(local_packages, "24")
        with pytest.raises(AssetNotFoundError):
            promote(local_packages, **choice)

    def test_a_version_or_a_revision_that_is_not_there_is_not_promoted(self, local_packages):
        publish_builds(local_packages, "24")
        with pytest.raises(PackageVersionNotFoundError):
            promote(local_packages, version="2.0.0")
        with pytest.raises(RevisionNotFoundError):
            promote(local_packages, revision="1-0123456789abcdef")

    @pytest.mark.parametrize(("source", "target"), [("AbcDev", "AbcQa"), ("AbcQa", "AbcDev")])
    def test_both_repositories_have_to_be_there(self, local_packages, source, target):
        publish_builds(local_packages, "24")
        with pytest.raises(PackageRepositoryNotFoundError, match="AbcQa"):
            promote(local_packages, source, target)


class TestSetsOfGenericAssets:
    def promote(self, packages, **options):
        return packages.copy_package_versions("AbcDev", "AbcStaging", SCRIPTS, "7", **options)

    def held(self, packages):
        found = packages.describe_package_version("AbcStaging", SCRIPTS, "7")
        return {(one.asset_set, one.name) for one in found.state.assets}

    def test_of_a_name_in_several_sets_that_of_the_active_set_is_promoted(self, local_packages):
        put_sets(local_packages, {"a": b"1", "b": b"1"}, {"a": b"2"})
        self.promote(local_packages, assets=["a"])
        assert self.held(local_packages) == {("2", "a")}

    def test_a_name_of_another_set_is_never_left_out_in_silence(self, local_packages):
        put_sets(local_packages, {"a": b"1", "b": b"1"}, {"a": b"2"})
        self.promote(local_packages, assets=["a", "b"])
        assert self.held(local_packages) == {("2", "a"), ("1", "b")}

    def test_a_name_in_several_sets_that_are_not_active_is_refused(self, local_packages):
        put_sets(local_packages, {"a": b"1"}, {"a": b"2"}, {"b": b"3"})
        with pytest.raises(AssetNotFoundError, match="2 asset sets and not in the active one"):
            self.promote(local_packages, assets=["a"])

    def test_files_of_two_sets_with_one_name_arrive_with_all_their_bytes(self, local_packages):
        put_sets(local_packages, {"a": b"1"}, {"a": b"2"})
        self.promote(local_packages, sha256=[sha256(b"1"), sha256(b"2")])
        for asset_set in ("1", "2"):
            found = read(
                local_packages, "AbcStaging", "a", package=SCRIPTS, version="7", asset_set=asset_set
            )
            assert found == asset_set.encode()

    def test_of_the_same_bytes_in_several_sets_the_active_one_is_promoted(self, local_packages):
        put_sets(local_packages, {"a": b"1"}, {"a": b"1", "b": b"2"})
        self.promote(local_packages, sha256=[sha256(b"1")])
        assert self.held(local_packages) == {("2", "a")}

    @pytest.mark.parametrize("choice", [{"assets": ["b"]}, {"asset_set": "2"}, {"sha256": ["b"]}])
    def test_nothing_of_a_set_that_is_being_filled_is_promoted(self, local_packages, choice):
        put_sets(local_packages, {"a": b"1"})
        local_packages.publish_package_version(
            "AbcDev", SCRIPTS, "7", {"b": b"2"}, whole=False, unfinished=True
        )
        choice = {"sha256": [sha256(b"2")]} if "sha256" in choice else choice
        with pytest.raises(AssetNotFoundError):
            self.promote(local_packages, **choice)

    def test_an_unfinished_version_is_not_promoted(self, local_packages):
        local_packages.publish_package_version(
            "AbcDev", SCRIPTS, "7", {"a": b"1"}, whole=False, unfinished=True
        )
        with pytest.raises(PackageStatusError, match="unfinished"):
            self.promote(local_packages)


class TestStrippingTheBuild:
    def test_the_build_leaves_the_name_and_no_byte_of_the_file(self, packages):
        publish_builds(packages, "24")
        arrived = promote(packages, strip_build=True).revision
        assert names(arrived) == ["PyABC-1.0.0-py3-none-any.whl"]
        assert arrived.state.active == ""
        assert read(packages, "AbcStaging", names(arrived)[0]) == wheel(build="24")[1]
        assert arrived.state.assets[0].origin.asset == named("24")

    def test_another_build_does_not_replace_the_one_that_was_released(
        self, local_packages, local_store
    ):
        publish_builds(local_packages, "24")
        promote(local_packages, strip_build=True)
        publish_builds(local_packages, "25")
        with (
            unchanged(local_store, "AbcStaging/"),
            pytest.raises(AssetExistsError, match="other bytes"),
        ):
            promote(local_packages, strip_build=True, allow_overwrite=True)

    def test_two_builds_can_not_be_stripped_to_one_name(self, local_packages, local_store):
        publish_builds(local_packages, "24", "25")
        with unchanged(local_store), pytest.raises(AssetExistsError):
            promote(local_packages, assets=[named("24"), named("25")], strip_build=True)

    def test_names_without_a_build_stay_as_they_are(self, local_packages):
        publish(local_packages, wheel(), sdist())
        arrived = promote(local_packages, strip_build=True).revision
        assert sorted(names(arrived)) == ["PyABC-1.0.0-py3-none-any.whl", "pyabc-1.0.0.tar.gz"]


class TestWhatIsThereAlready:
    def test_the_same_promotion_again_changes_nothing(self, packages, store):
        publish_builds(packages, "24")
        promote(packages)
        with unchanged(store):
            assert not promote(packages).changed

    def test_a_version_that_has_something_else_is_not_added_to(self, local_packages, local_store):
        publish_builds(local_packages, "23", "24")
        promote(local_packages, assets=[named("23")])
        with unchanged(local_store), pytest.raises(VersionExistsError, match="--allow-overwrite"):
            promote(local_packages)

    def test_it_is_added_to_where_that_is_allowed_and_nothing_is_lost(self, local_packages):
        publish_builds(local_packages, "23", "24")
        promote(local_packages, assets=[named("23")])
        arrived = promote(local_packages, allow_overwrite=True).revision
        assert names(arrived) == [named("23"), named("24")]
        assert arrived.state.active == "24"
        assert read(local_packages, "AbcStaging", named("23")) == wheel(build="23")[1]

    def test_an_older_build_can_be_promoted_over_a_newer_one(self, local_packages):
        publish_builds(local_packages, "23", "24")
        promote(local_packages)
        arrived = promote(local_packages, assets=[named("23")], allow_overwrite=True).revision
        assert arrived.state.active == "23"

    def test_other_bytes_under_a_name_are_refused_even_then(self, local_packages, local_store):
        publish_builds(local_packages, "24")
        publish(local_packages, wheel(build="24", body="OTHER = 1\n"), repository="AbcStaging")
        with unchanged(local_store), pytest.raises(AssetExistsError, match="with other bytes"):
            promote(local_packages, allow_overwrite=True)

    def test_a_version_that_was_deleted_is_promoted_anew(self, local_packages):
        publish_builds(local_packages, "24")
        promote(local_packages)
        status(local_packages, PackageStatus.DELETED, "AbcStaging")
        assert names(promote(local_packages).revision) == [named("24")]
        assert read(local_packages, "AbcStaging", named("24")) == wheel(build="24")[1]

    def test_nothing_is_promoted_into_its_own_repository(self, local_packages, local_store):
        publish_builds(local_packages, "24")
        with unchanged(local_store), pytest.raises(InvalidInputError, match="into itself"):
            promote(local_packages, "AbcDev", "AbcDev")

    @pytest.mark.parametrize("wanted", [PackageStatus.ARCHIVED, PackageStatus.DISPOSED])
    def test_a_version_that_was_put_away_is_not_promoted(self, local_packages, local_store, wanted):
        publish_builds(local_packages, "24")
        status(local_packages, wanted)
        with unchanged(local_store), pytest.raises(PackageStatusError, match=str(wanted)):
            promote(local_packages)

    def test_a_build_that_was_yanked_is_not_promoted_not_even_by_an_older_revision(
        self, local_packages, local_store
    ):
        tested = publish_builds(local_packages, "24").revision
        changes = local_packages.change_version("AbcDev", PYABC, "1.0.0")
        changes.yank([named("24")], "loses orders")
        for revision in (None, tested):
            with unchanged(local_store), pytest.raises(PackageStatusError, match="loses orders"):
                promote(local_packages, revision=revision)
        changes.yank([named("24")], None)
        assert promote(local_packages, revision=tested).changed

    @pytest.mark.parametrize("wanted", [PackageStatus.ARCHIVED, PackageStatus.DISPOSED])
    def test_nothing_is_promoted_into_a_version_that_was_put_away(self, local_packages, wanted):
        publish_builds(local_packages, "23", "24")
        promote(local_packages, assets=[named("23")])
        status(local_packages, wanted, "AbcStaging")
        with pytest.raises(PackageStatusError, match=str(wanted)):
            promote(local_packages, allow_overwrite=True)

    def test_an_older_revision_whose_bytes_were_removed_is_not_promoted(
        self, local_packages, local_store
    ):
        tested = publish_builds(local_packages, "23")
        publish_builds(local_packages, "24")
        local_packages.change_version("AbcDev", PYABC, "1.0.0").remove_named([named("23")])
        with (
            unchanged(local_store, "AbcStaging/"),
            pytest.raises(AssetNotFoundError, match="removed"),
        ):
            promote(local_packages, revision=tested.revision)


class TestBytes:
    def test_bytes_that_were_tampered_with_do_not_arrive(self, packages, store):
        revision = publish_builds(packages, "24")
        (key,) = [one for one in keys(store, "AbcDev/pypi/files/") if one.endswith(".whl")]
        found = store.head(key)
        packages.context.write(
            key, b"EVIL" * 200, attributes=Attributes(metadata=dict(found.metadata))
        )
        with pytest.raises(ContentMismatchError):
            promote(packages, revision=revision.revision)
        assert not keys(store, "AbcStaging/pypi/revisions/")

    def test_metadata_that_was_tampered_with_does_not_arrive(self, packages, store):
        publish_builds(packages, "24")
        (key,) = [one for one in keys(store, "AbcDev/pypi/files/") if one.endswith(".metadata")]
        packages.context.write(key, b"Name: Evil\n")
        with pytest.raises(ContentMismatchError):
            promote(packages)
        assert not keys(store, "AbcStaging/pypi/revisions/")


class TestVerdicts:
    def verdict(self, packages, outcome, **options):
        return packages.record_verdict("AbcDev", PYABC, "1.0.0", "integration", outcome, **options)

    def test_a_build_without_a_verdict_that_is_required_is_refused(
        self, local_packages, local_store
    ):
        publish_builds(local_packages, "24")
        with unchanged(local_store), pytest.raises(VerdictMissingError) as caught:
            promote(local_packages, require=["integration"])
        assert caught.value.unmet == {f"integration of {named('24')}": "no verdict"}

    def test_a_build_that_passed_is_promoted(self, packages):
        publish_builds(packages, "24")
        self.verdict(packages, "pass")
        arrived = promote(packages, require=["integration"]).revision
        assert arrived.state.assets[0].origin.checks == ("integration",)

    def test_a_build_that_failed_after_it_passed_is_refused(self, local_packages):
        publish_builds(local_packages, "24")
        self.verdict(local_packages, "pass")
        self.verdict(local_packages, "fail")
        with pytest.raises(VerdictMissingError, match="it failed"):
            promote(local_packages, require=["integration"])

    def test_after_a_failure_nobody_is_told_to_record_a_pass(self, local_packages):
        publish_builds(local_packages, "24")
        local_packages.record_verdict("AbcDev", PYABC, "1.0.0", "integration", "fail")
        with pytest.raises(VerdictMissingError) as refused:
            promote(local_packages, require=["integration"])
        assert "--pass" not in refused.value.hint
        assert "a build that passes" in refused.value.hint

    def test_a_build_that_passed_after_it_failed_is_promoted(self, local_packages):
        publish_builds(local_packages, "24")
        self.verdict(local_packages, "fail")
        self.verdict(local_packages, "pass")
        assert promote(local_packages, require=["integration"]).changed

    def test_a_verdict_is_of_these_bytes_and_not_of_a_later_build(self, local_packages):
        publish_builds(local_packages, "24")
        self.verdict(local_packages, "pass")
        publish_builds(local_packages, "25")
        with pytest.raises(VerdictMissingError, match=named("25")):
            promote(local_packages, require=["integration"])
        assert promote(local_packages, require=["integration"], assets=[named("24")]).changed

    def test_a_verdict_holds_in_every_repository_and_under_a_stripped_name(self, local_packages):
        publish_builds(local_packages, "24")
        self.verdict(local_packages, "pass")
        promote(local_packages, strip_build=True)
        assert promote(local_packages, "AbcStaging", "AbcProd", require=["integration"]).changed

    def test_every_asset_needs_its_verdict(self, local_packages):
        publish(local_packages, wheel(build="24"), sdist())
        self.verdict(local_packages, "pass", assets=[named("24")])
        with pytest.raises(VerdictMissingError, match=r"pyabc-1\.0\.0\.tar\.gz"):
            promote(local_packages, require=["integration"])

    def test_what_a_repository_requires_itself_is_required_always(self, local_packages):
        local_packages.create_repository("AbcProd", requires=["integration"])
        publish_builds(local_packages, "24")
        with pytest.raises(VerdictMissingError):
            promote(local_packages, target="AbcProd")
        self.verdict(local_packages, "pass")
        arrived = promote(local_packages, target="AbcProd").revision
        assert arrived.state.assets[0].origin.checks == ("integration",)

    def test_what_is_required_from_now_on_is_heard_by_every_process(
        self, local_packages, local_store
    ):
        publish_builds(local_packages, "24")
        local_packages.repository("AbcProd")
        Packages(local_store).create_repository("AbcProd", requires=["license"])
        with pytest.raises(VerdictMissingError, match="license"):
            promote(local_packages, target="AbcProd")

    @pytest.mark.parametrize("check", ["", "a/b", "..", "x" * 65])
    def test_a_check_with_a_name_that_is_none_is_refused(self, local_packages, check):
        publish_builds(local_packages, "24")
        with pytest.raises(InvalidNameError):
            promote(local_packages, require=[check])
