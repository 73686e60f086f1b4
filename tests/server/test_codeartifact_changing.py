"""CodeArtifact's API as boto3 speaks it: promoting, publishing, statuses, removal."""

import pytest
from codeartifact_rig import (
    SCRIPTS,
    assets_of,
    builds,
    copy,
    failures,
    file_name,
    local_rig,
    names,
    pyabc,
    refused,
    version_of,
)
from package_making import PYABC, read, sha256, wheel


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    with local_rig(tmp_path_factory.mktemp("codeartifact")) as made:
        yield made


@pytest.fixture
def dev(ours):
    return ours.repositories("dev")[0]


class TestCopying:
    def test_a_version_is_promoted(self, ours):
        dev, prod = ours.repositories("dev", "prod")
        builds(ours, dev, "1", "2")
        found = copy(ours, dev, prod, versions=["1.0.0"])
        now = version_of(ours, prod)
        assert found["successfulVersions"] == {
            "1.0.0": {"revision": now["revision"], "status": "Published"}
        }
        assert not found["failedVersions"]
        assert names(assets_of(ours, prod)) == [file_name("2")]
        assert read(ours.packages, prod, file_name("2")) == wheel(build="2")[1]

    def test_what_was_tested_is_promoted_whatever_came_since(self, ours):
        dev, prod = ours.repositories("dev", "prod")
        tested, _ = builds(ours, dev, "1", "2")
        found = copy(ours, dev, prod, versionRevisions={"1.0.0": tested})
        assert not found["failedVersions"]
        assert names(assets_of(ours, prod)) == [file_name("1")]

    def test_one_asset_is_promoted_by_its_name(self, ours):
        dev, prod = ours.repositories("dev", "prod")
        *_, newest = builds(ours, dev, "1", "2", "3")
        said = {"1.0.0": f"{newest}/{file_name('2')}"}
        assert not copy(ours, dev, prod, versionRevisions=said)["failedVersions"]
        assert names(assets_of(ours, prod)) == [file_name("2")]

    def test_to_promote_again_changes_nothing(self, ours):
        dev, prod = ours.repositories("dev", "prod")
        builds(ours, dev, "1")
        first, second = (copy(ours, dev, prod, versions=["1.0.0"]) for _ in range(2))
        assert first == second

    def test_more_comes_into_a_version_only_where_that_is_allowed(self, ours):
        dev, prod = ours.repositories("dev", "prod")
        builds(ours, dev, "1")
        copy(ours, dev, prod, versions=["1.0.0"])
        builds(ours, dev, "2")
        assert failures(copy(ours, dev, prod, versions=["1.0.0"])) == {"1.0.0": "ALREADY_EXISTS"}
        allowed = copy(ours, dev, prod, versions=["1.0.0"], allowOverwrite=True)
        assert not allowed["failedVersions"]
        assert names(assets_of(ours, prod)) == [file_name("1"), file_name("2")]

    def test_each_version_tells_why_it_was_not_promoted(self, ours):
        dev, prod = ours.repositories("dev", "prod")
        [known] = builds(ours, dev, "1", version="1.0")
        builds(ours, dev, "1", version="2.0")
        builds(ours, dev, "1", version="3.0")
        ours.packages.change_version(dev, PYABC, "3.0").set_status("Archived")
        said = {
            "1.0": known,
            "2.0": known,
            "3.0": ours.packages.describe_package_version(dev, PYABC, "3.0").revision,
            "4.0": known,
            "no version": known,
            "v1.0": f"{known}/unknown.whl",
            "1.0.0.0": f"{known}/",
        }
        found = copy(ours, dev, prod, versionRevisions=said)
        assert list(found["successfulVersions"]) == ["1.0"]
        assert failures(found) == {
            "2.0": "MISMATCHED_REVISION",
            "3.0": "NOT_ALLOWED",
            "4.0": "NOT_FOUND",
            "no version": "NOT_FOUND",
            "v1.0": "NOT_FOUND",
            "1.0.0.0": "NOT_FOUND",
        }
        assert failures(copy(ours, dev, prod, versions=["4.0"])) == {"4.0": "NOT_FOUND"}

    def test_what_the_target_requires_is_enforced(self, ours):
        dev, prod = ours.repositories("dev", "prod")
        ours.packages.create_repository(prod, requires=["tests"])
        builds(ours, dev, "1")
        assert failures(copy(ours, dev, prod, versions=["1.0.0"])) == {"1.0.0": "NOT_ALLOWED"}
        ours.packages.record_verdict(dev, PYABC, "1.0.0", "tests", "pass")
        assert not copy(ours, dev, prod, versions=["1.0.0"])["failedVersions"]

    @pytest.mark.parametrize(
        "said",
        [
            {},
            {"versions": []},
            {"versions": ["1.0"], "versionRevisions": {"1.0": "1-0"}},
            {"versions": ["1.0"], "includeFromUpstream": True},
            {"versions": [f"1.{n}" for n in range(101)]},
        ],
        ids=["nothing", "no versions", "both", "upstream", "too many"],
    )
    def test_what_can_not_be_meant_is_refused(self, said, ours):
        dev, prod = ours.repositories("dev", "prod")
        with refused("ValidationException", 400, reason="FIELD_VALIDATION_FAILED"):
            copy(ours, dev, prod, **said)

    def test_nothing_is_promoted_into_itself(self, ours, dev):
        builds(ours, dev, "1")
        with refused("ValidationException", 400):
            copy(ours, dev, dev, versions=["1.0.0"])

    def test_an_unknown_repository_is_not_found(self, ours, dev):
        builds(ours, dev, "1")
        for source, target in ((dev, "nowhere"), ("nowhere", dev)):
            with refused("ResourceNotFoundException", 404, resourceType="repository"):
                copy(ours, source, target, versions=["1.0.0"])


class TestPublishing:
    def publish(self, ours, dev, name="a.sh", data=b"one", version="7", **said):
        return ours.call(
            "publish_package_version",
            repository=dev,
            format="generic",
            namespace="team",
            package="scripts",
            packageVersion=version,
            assetName=name,
            assetContent=data,
            **{"assetSHA256": sha256(data)} | said,
        )

    def test_assets_come_into_an_unfinished_version(self, ours, dev):
        first = self.publish(ours, dev, unfinished=True)
        assert first["status"] == "Unfinished"
        assert first["asset"] == {
            "name": "a.sh",
            "size": 3,
            "hashes": {"SHA-256": sha256(b"one")},
        }
        last = self.publish(ours, dev, "b.sh", b"two")
        assert last["status"] == "Published"
        found = ours.packages.describe_package_version(dev, SCRIPTS, "7")
        assert [one.name for one in found.state.active_assets] == ["a.sh", "b.sh"]
        assert last["versionRevision"] == found.revision
        assert found.by == "ann"

    def test_the_same_asset_again_changes_nothing(self, ours, dev):
        assert self.publish(ours, dev) == self.publish(ours, dev)

    def test_a_finished_version_takes_no_more(self, ours, dev):
        self.publish(ours, dev)
        for name, data in (("a.sh", b"other"), ("b.sh", b"two")):
            with refused("ConflictException", 409, resourceType="asset"):
                self.publish(ours, dev, name, data)

    def test_other_bytes_than_announced_are_refused(self, ours, dev):
        with refused("ValidationException", 400):
            self.publish(ours, dev, assetSHA256="0" * 64)
        with refused("ResourceNotFoundException", 404):
            ours.call(
                "list_package_versions",
                repository=dev,
                format="generic",
                namespace="team",
                package="scripts",
            )

    def test_wheels_come_by_twine_alone(self, ours, dev):
        with refused("ValidationException", 400):
            ours.call(
                "publish_package_version",
                **pyabc(dev, "1.0.0", assetName="a.whl", assetContent=b"", assetSHA256="0" * 64),
            )


class TestStatuses:
    def update(self, ours, dev, target, **said):
        said = {"versions": ["1.0.0"]} | said
        return ours.call(
            "update_package_versions_status", **pyabc(dev), targetStatus=target, **said
        )

    def test_a_status_is_set_and_seen(self, ours, dev):
        builds(ours, dev, "1")
        for target in ("Unlisted", "Archived", "Published"):
            found = self.update(ours, dev, target)["successfulVersions"]["1.0.0"]
            now = version_of(ours, dev)
            assert found == {"revision": now["revision"], "status": target}
            assert now["status"] == target

    def test_an_archived_version_has_no_assets_to_get(self, ours, dev):
        builds(ours, dev, "1")
        self.update(ours, dev, "Archived")
        assert names(assets_of(ours, dev)) == [file_name("1")]
        with refused("ConflictException", 409):
            ours.call("get_package_version_asset", **pyabc(dev, "1.0.0", asset=file_name("1")))

    def test_it_is_set_where_the_version_is_what_was_expected(self, ours, dev):
        old, new = builds(ours, dev, "1", "2")
        wrong = self.update(ours, dev, "Archived", versionRevisions={"1.0.0": old})
        assert failures(wrong) == {"1.0.0": "MISMATCHED_REVISION"}
        wrong = self.update(ours, dev, "Archived", expectedStatus="Unlisted")
        assert failures(wrong) == {"1.0.0": "MISMATCHED_STATUS"}
        right = {"versionRevisions": {"1.0.0": new}, "expectedStatus": "Published"}
        assert not self.update(ours, dev, "Archived", **right)["failedVersions"]

    @pytest.mark.parametrize("target", ["Deleted", "Disposed", "Unfinished"])
    def test_other_statuses_can_not_be_set(self, target, ours, dev):
        with refused("ValidationException", 400):
            self.update(ours, dev, target)

    def test_a_disposed_version_is_remembered_without_its_bytes(self, ours, dev):
        builds(ours, dev, "1")
        found = ours.call("dispose_package_versions", **pyabc(dev), versions=["1.0.0"])
        assert found["successfulVersions"]["1.0.0"]["status"] == "Disposed"
        assert version_of(ours, dev)["status"] == "Disposed"
        assert not names(assets_of(ours, dev))
        assert failures(self.update(ours, dev, "Published")) == {"1.0.0": "NOT_ALLOWED"}

    def test_a_deleted_version_is_gone(self, ours, dev):
        for version in ("1.0", "2.0"):
            builds(ours, dev, "1", version=version)
        found = ours.call("delete_package_versions", **pyabc(dev), versions=["1.0", "3.0"])
        assert found["successfulVersions"]["1.0"]["status"] == "Deleted"
        assert failures(found) == {"3.0": "NOT_FOUND"}
        with refused("ResourceNotFoundException", 404, resourceType="package-version"):
            version_of(ours, dev, "1.0")

    def test_a_deleted_package_is_gone_with_all_its_versions(self, ours, dev):
        for version in ("1.0", "2.0"):
            builds(ours, dev, "1", version=version)
        found = ours.call("delete_package", **pyabc(dev))
        assert found["deletedPackage"]["package"] == "pyabc"
        for operation in ("describe_package", "list_package_versions", "delete_package"):
            with refused(
                "ResourceNotFoundException", 404, resourceType="package", resourceId="pyabc"
            ):
                ours.call(operation, **pyabc(dev))
