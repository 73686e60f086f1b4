"""Activating, yanking, statuses, removal and deletion of versions."""

import json

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
    unchanged,
    wheel,
)

from versioned.errors import InvalidInputError
from versioned.packages import PackageStatus
from versioned.packages.errors import (
    AssetExistsError,
    AssetNotFoundError,
    PackageConflictError,
    PackageStatusError,
    PackageVersionNotFoundError,
)


def named(build):
    return wheel(build=build)[0]


def changes(packages, **options):
    return packages.change_version("AbcDev", PYABC, "1.0.0", **options)


def listed(packages):
    """What the page of the package offers: by file name, whether and why it is yanked."""
    _, raw = packages.context.read("AbcDev/pypi/simple/pyabc/index.json")
    page = json.loads(raw)
    return {one["filename"]: one["yanked"] for one in page["files"]}


def files_of(store):
    return [one for one in keys(store, "AbcDev/pypi/files/") if one.endswith(".whl")]


class TestActivating:
    def test_an_older_build_is_made_active_again(self, local_packages):
        publish_builds(local_packages, "23", "24")
        assert changes(local_packages).activate("23").revision.state.active == "23"

    def test_what_is_active_already_changes_nothing(self, local_packages, local_store):
        publish_builds(local_packages, "23", "24")
        with unchanged(local_store):
            assert not changes(local_packages).activate("24").changed

    def test_a_build_that_is_not_there_is_refused_with_those_there_are(self, local_packages):
        publish_builds(local_packages, "23")
        with pytest.raises(AssetNotFoundError, match="'23'"):
            changes(local_packages).activate("24")

    def test_a_change_of_another_revision_than_was_looked_at_is_refused(self, packages, store):
        seen = publish_builds(packages, "23")
        publish_builds(packages, "24")
        with unchanged(store), pytest.raises(PackageConflictError, match=seen.revision):
            changes(packages, expect=seen.revision).activate("23")


class TestYanking:
    def test_one_file_is_yanked_with_its_reason(self, packages):
        publish(packages, wheel(build="24"), sdist())
        changes(packages).yank([named("24")], "broken")
        assert listed(packages) == {"pyabc-1.0.0.tar.gz": False, named("24"): "broken"}

    def test_every_file_is_yanked_and_taken_back(self, local_packages):
        publish(local_packages, wheel(build="24"), sdist())
        changes(local_packages).yank(None, "")
        assert set(listed(local_packages).values()) == {True}
        changes(local_packages).yank(None, None)
        assert set(listed(local_packages).values()) == {False}

    def test_a_yanked_file_can_still_be_had(self, local_packages):
        publish_builds(local_packages, "24")
        changes(local_packages).yank(None, "broken")
        assert read(local_packages, "AbcDev", named("24")) == wheel(build="24")[1]

    def test_a_yank_outlives_later_builds(self, local_packages):
        publish_builds(local_packages, "24")
        changes(local_packages).yank(None, "broken")
        publish_builds(local_packages, "25")
        assert listed(local_packages) == {named("24"): "broken", named("25"): False}

    def test_a_file_that_is_not_there_is_not_yanked(self, local_packages):
        publish_builds(local_packages, "24")
        with pytest.raises(AssetNotFoundError):
            changes(local_packages).yank([named("25")], "broken")

    @pytest.mark.parametrize("reason", ["\ud800", "a\0b", "x" * 2001, "\x1b[2J"])
    def test_a_reason_that_no_page_can_hold_is_refused(self, local_packages, reason):
        publish_builds(local_packages, "24")
        with unchanged(local_packages.context.store), pytest.raises(InvalidInputError):
            changes(local_packages).yank(None, reason)
        with unchanged(local_packages.context.store), pytest.raises(InvalidInputError):
            changes(local_packages).deprecate(reason)

    def test_a_reason_may_look_like_a_page(self, local_packages):
        publish_builds(local_packages, "24")
        reason = "\"><script>alert('x')</script>\n&amp; größer"
        changes(local_packages).yank(None, reason)
        assert listed(local_packages) == {named("24"): reason}
        assert b"<script>" not in local_packages.context.read("AbcDev/pypi/simple/pyabc/")[1]


class TestStatuses:
    def test_an_unlisted_version_is_there_for_whoever_names_it(self, local_packages):
        publish_builds(local_packages, "24")
        changes(local_packages).set_status(PackageStatus.UNLISTED)
        assert listed(local_packages) == {named("24"): "unlisted"}
        assert read(local_packages, "AbcDev", named("24")) == wheel(build="24")[1]

    def test_an_archived_version_is_shown_to_nobody_and_comes_back(self, local_packages):
        publish_builds(local_packages, "24")
        changes(local_packages).set_status(PackageStatus.ARCHIVED)
        assert listed(local_packages) == {}
        with pytest.raises(PackageStatusError, match="Archived"):
            read(local_packages, "AbcDev", named("24"))
        changes(local_packages).set_status(PackageStatus.PUBLISHED)
        assert listed(local_packages) == {named("24"): False}
        assert read(local_packages, "AbcDev", named("24")) == wheel(build="24")[1]

    def test_the_same_status_again_changes_nothing(self, local_packages, local_store):
        publish_builds(local_packages, "24")
        with unchanged(local_store):
            assert not changes(local_packages).set_status(PackageStatus.PUBLISHED).changed

    @pytest.mark.parametrize("wanted", ["Unfinished", "Disposed", "Deleted"])
    def test_other_statuses_are_not_set(self, local_packages, wanted):
        publish_builds(local_packages, "24")
        with pytest.raises(InvalidInputError):
            changes(local_packages).set_status(PackageStatus(wanted))

    def test_a_version_is_deprecated_and_that_is_taken_back(self, local_packages):
        publish_builds(local_packages, "24")
        found = changes(local_packages).deprecate("use 2.0.0").revision
        assert found.state.deprecated == "use 2.0.0"
        assert changes(local_packages).deprecate(None).revision.state.deprecated is None


class TestRemoving:
    def test_a_build_is_removed_with_its_bytes(self, packages, store):
        publish_builds(packages, "23", "24")
        changes(packages).remove_named([named("23")])
        assert names(packages.describe_package_version("AbcDev", PYABC, "1.0.0")) == [named("24")]
        assert [one.rpartition("/")[2] for one in files_of(store)] == [named("24")]
        assert listed(packages) == {named("24"): False}

    def test_the_active_build_is_not_removed(self, local_packages, local_store):
        publish_builds(local_packages, "23", "24")
        with unchanged(local_store), pytest.raises(PackageStatusError, match="activate another"):
            changes(local_packages).remove_named([named("24")])

    def test_what_was_removed_takes_its_bytes_again_and_no_others(self, local_packages):
        publish_builds(local_packages, "23", "24")
        changes(local_packages).remove_named([named("23")])
        with pytest.raises(AssetExistsError, match="was there with other bytes"):
            publish(local_packages, wheel(build="23", body="OTHER = 1\n"))
        publish_builds(local_packages, "23")
        assert read(local_packages, "AbcDev", named("23")) == wheel(build="23")[1]

    def test_a_deleted_version_is_gone_with_its_bytes(self, local_packages, local_store):
        publish_builds(local_packages, "23", "24")
        changes(local_packages).discard(PackageStatus.DELETED)
        assert listed(local_packages) == {}
        assert not keys(local_store, "AbcDev/pypi/files/")
        assert local_packages.list_package_versions("AbcDev", PYABC) == []
        with pytest.raises(PackageVersionNotFoundError):
            local_packages.describe_package_version("AbcDev", PYABC, "1.0.0")
        with pytest.raises(PackageVersionNotFoundError):
            changes(local_packages).activate("24")

    def test_its_history_stays(self, local_packages):
        seen = publish_builds(local_packages, "24")
        changes(local_packages).discard(PackageStatus.DELETED)
        found = local_packages.list_package_version_revisions("AbcDev", PYABC, "1.0.0")
        assert [one.action for one in found] == ["remove", "publish"]
        assert found[1] == seen

    def test_a_version_is_published_again_after_it_was_deleted(self, packages):
        publish_builds(packages, "23", "24")
        changes(packages).discard(PackageStatus.DELETED)
        with pytest.raises(AssetExistsError, match="was there with other bytes"):
            publish(packages, wheel(build="24", body="OTHER = 1\n"))
        revision = publish_builds(packages, "24")
        assert names(revision) == [named("24")]
        assert read(packages, "AbcDev", named("24")) == wheel(build="24")[1]
        assert listed(packages) == {named("24"): False}

    def test_a_disposed_version_leaves_its_record_and_takes_nothing(
        self, local_packages, local_store
    ):
        publish_builds(local_packages, "24")
        changes(local_packages).discard(PackageStatus.DISPOSED)
        found = local_packages.describe_package_version("AbcDev", PYABC, "1.0.0")
        assert found.state.status is PackageStatus.DISPOSED
        assert not keys(local_store, "AbcDev/pypi/files/")
        with pytest.raises(PackageStatusError):
            publish_builds(local_packages, "25")

    def test_a_removal_in_one_repository_leaves_the_others_alone(self, local_packages, local_store):
        publish_builds(local_packages, "24")
        local_packages.copy_package_versions("AbcDev", "AbcProd", PYABC, "1.0.0")
        before = contents(local_store, "AbcProd/")
        changes(local_packages).discard(PackageStatus.DELETED)
        assert contents(local_store, "AbcProd/") == before
        assert read(local_packages, "AbcProd", named("24")) == wheel(build="24")[1]
