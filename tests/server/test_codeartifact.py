"""CodeArtifact's API as boto3 speaks it, before a real server; each answer fits boto3's model."""

import json
import secrets
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from codeartifact_rig import SCRIPTS, builds, file_name, pyabc, refused, rig
from package_making import PYABC, open_packages, publish, read, sha256, wheel

from serving import PROGRAM, domain_url
from versioned.stores.local import LocalStore


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """One server before a local store, for what no store has a part in."""
    place = tmp_path_factory.mktemp("codeartifact")
    with closing(LocalStore(place / "domain", settle=0)) as store:
        store.create()
        with rig(open_packages(store), domain_url(store, "local"), place / "log") as made:
            yield made


@pytest.fixture
def dev(ours):
    return ours.repositories("dev")[0]


def version_of(ours, repository, version="1.0.0"):
    return ours.call("describe_package_version", **pyabc(repository, version))["packageVersion"]


def assets_of(ours, repository, version="1.0.0", **others):
    return ours.call("list_package_version_assets", **pyabc(repository, version, **others))


def copy(ours, source, target, **said):
    named = {"sourceRepository": source, "destinationRepository": target}
    return ours.call("copy_package_versions", **named, format="pypi", package="pyabc", **said)


def failures(answer):
    return {version: one["errorCode"] for version, one in answer["failedVersions"].items()}


def names(answer):
    return [one["name"] for one in answer["assets"]]


@pytest.mark.only_stores("moto", "ceph")
def test_s3_serves_as_well(store, store_kind, tmp_path):
    with rig(open_packages(store), domain_url(store, store_kind), tmp_path / "log") as ours:
        tested, _ = builds(ours, "AbcDev", "1", "2")
        assert names(assets_of(ours, "AbcDev")) == [file_name("1"), file_name("2")]
        copy(ours, "AbcDev", "AbcProd", versionRevisions={"1.0.0": tested})
        assert names(assets_of(ours, "AbcProd")) == [file_name("1")]
        asked = pyabc("AbcProd", "1.0.0", asset=file_name("1"))
        found = ours.call("get_package_version_asset", **asked)
        assert found["asset"].read() == wheel(build="1")[1]


class TestLooking:
    def test_packages_are_listed_by_format_and_name(self, ours, dev):
        builds(ours, dev, "24")
        publish(ours.packages, wheel("Other"), repository=dev)
        ours.packages.publish_package_version(dev, SCRIPTS, "7", {"a.sh": b"one"})
        found = ours.call("list_packages", repository=dev)["packages"]
        told = [(one["format"], one.get("namespace"), one["package"]) for one in found]
        assert told == [
            ("generic", "team", "scripts"),
            ("pypi", None, "other"),
            ("pypi", None, "pyabc"),
        ]
        some = ours.call("list_packages", repository=dev, format="pypi", packagePrefix="py")
        assert [one["package"] for one in some["packages"]] == ["pyabc"]
        some = ours.call("list_packages", repository=dev, namespace="te")
        assert [one["package"] for one in some["packages"]] == ["scripts"]
        for nothing in ({"publish": "BLOCK"}, {"upstream": "ALLOW"}):
            assert not ours.call("list_packages", repository=dev, **nothing)["packages"]

    def test_a_package_is_described_in_any_spelling(self, ours, dev):
        builds(ours, dev, "24")
        for spelling in ("PyABC", "pyabc"):
            found = ours.call("describe_package", **pyabc(dev) | {"package": spelling})
            assert found["package"]["name"] == "pyabc"

    def test_versions_are_listed_with_revision_and_status(self, ours, dev):
        for version in ("1.0.0", "1.1.0"):
            [revision] = builds(ours, dev, "24", version=version)
        found = ours.call("list_package_versions", **pyabc(dev))
        assert [one["version"] for one in found["versions"]] == ["1.0.0", "1.1.0"]
        assert found["versions"][1]["revision"] == revision
        assert {one["status"] for one in found["versions"]} == {"Published"}
        assert found["defaultDisplayVersion"] == "1.1.0"

    def test_versions_are_filtered_by_status_and_sorted_by_time(self, ours, dev):
        for version in ("2.0", "1.0", "3.0"):
            builds(ours, dev, "1", version=version)
        ours.packages.change_version(dev, PYABC, "1.0").set_status("Archived")

        def listed(**said):
            found = ours.call("list_package_versions", **pyabc(dev), **said)
            return [one["version"] for one in found["versions"]]

        assert listed(sortBy="PUBLISHED_TIME") == ["3.0", "1.0", "2.0"]
        assert listed(status="Published") == ["2.0", "3.0"]
        assert listed(status="Archived") == ["1.0"]
        assert listed(status="Deleted") == listed(originType="EXTERNAL") == []

    def test_a_version_is_described(self, ours, dev):
        extra = "Summary: all of it\nHome-page: https://example.com\nLicense-Expression: MIT"
        done = publish(ours.packages, wheel(extra=extra), repository=dev)
        found = version_of(ours, dev)
        age = datetime.now(UTC) - found.pop("publishedTime")
        assert age < timedelta(minutes=5)
        assert found == {
            "format": "pypi",
            "packageName": "pyabc",
            "displayName": "pyabc",
            "version": "1.0.0",
            "revision": done.revision.revision,
            "status": "Published",
            "origin": {"originType": "INTERNAL"},
            "licenses": [{"name": "MIT"}],
            "summary": "all of it",
            "homePage": "https://example.com",
        }

    def test_the_last_asset_is_of_the_newest_build(self, ours, dev):
        *_, revision = builds(ours, dev, "9", "100", "24")
        found = assets_of(ours, dev)
        assert names(found) == [file_name("9"), file_name("24"), file_name("100")]
        assert found["versionRevision"] == revision
        data = wheel(build="100")[1]
        assert found["assets"][-1]["size"] == len(data)
        assert found["assets"][-1]["hashes"] == {"SHA-256": sha256(data)}

    def test_an_asset_is_had_with_what_it_is_of(self, ours, dev):
        first, second = builds(ours, dev, "1", "2")
        for said, revision in (({}, second), ({"packageVersionRevision": first}, first)):
            found = ours.call(
                "get_package_version_asset", **pyabc(dev, "1.0.0", asset=file_name("1"), **said)
            )
            assert found.pop("asset").read() == wheel(build="1")[1]
            assert found == {
                "assetName": file_name("1"),
                "packageVersion": "1.0.0",
                "packageVersionRevision": revision,
            }

    def test_an_asset_is_not_in_a_revision_before_it(self, ours, dev):
        first, _ = builds(ours, dev, "1", "2")
        asked = pyabc(dev, "1.0.0", asset=file_name("2"), packageVersionRevision=first)
        with refused("ResourceNotFoundException", 404, resourceType="asset"):
            ours.call("get_package_version_asset", **asked)

    def test_an_asset_may_have_a_name_that_no_header_can_hold(self, ours, dev):
        ours.packages.publish_package_version(dev, SCRIPTS, "v\u00fc", {"\u00e4 \u2603.sh": b"one"})
        found = ours.call(
            "get_package_version_asset",
            repository=dev,
            format="generic",
            namespace="team",
            package="scripts",
            packageVersion="v\u00fc",
            asset="\u00e4 \u2603.sh",
        )
        assert found["asset"].read() == b"one"
        assert found["assetName"] == "%C3%A4%20%E2%98%83.sh"

    def test_no_readme_is_kept(self, ours, dev):
        builds(ours, dev, "1")
        with refused("ResourceNotFoundException", 404):
            ours.call("get_package_version_readme", **pyabc(dev, "1.0.0"))

    def test_the_command_line_says_the_same(self, ours, dev):
        builds(ours, dev, "9", "100", "24")
        ours.packages.change_version(dev, PYABC, "1.0.0").set_status("Unlisted")
        command = [PROGRAM, "packages", "assets", f"{dev}/pypi/pyabc@1.0.0", "--json"]
        done = subprocess.run(
            [*command, "--domain", ours.domain], capture_output=True, check=True, text=True
        )
        said, now, listed = json.loads(done.stdout), version_of(ours, dev), assets_of(ours, dev)
        assert names(said) == names(listed)
        assert (said["revision"], said["status"]) == (now["revision"], now["status"])
        assert said["revision"] == listed["versionRevision"]


class TestPaging:
    def test_every_list_comes_in_parts(self, ours, dev):
        for name in ("A", "B", "C", "D", "E"):
            publish(ours.packages, wheel(name), repository=dev)
        pages = ours.client.get_paginator("list_packages").paginate(
            domain="abc", repository=dev, PaginationConfig={"PageSize": 2}
        )
        parts = [[one["package"] for one in page["packages"]] for page in pages]
        assert parts == [["a", "b"], ["c", "d"], ["e"]]

    def test_versions_come_in_parts_by_time_too(self, ours, dev):
        for version in ("2.0", "3.0", "1.0"):
            builds(ours, dev, "1", version=version)
        pages = ours.client.get_paginator("list_package_versions").paginate(
            domain="abc", **pyabc(dev), sortBy="PUBLISHED_TIME", PaginationConfig={"PageSize": 1}
        )
        found = [one["version"] for page in pages for one in page["versions"]]
        assert found == ["1.0", "3.0", "2.0"]

    def test_assets_stay_those_of_the_revision_that_was_first_looked_at(self, ours, dev):
        *_, second = builds(ours, dev, "1", "2")
        part = assets_of(ours, dev, maxResults=1)
        builds(ours, dev, "3")
        rest = assets_of(ours, dev, nextToken=part["nextToken"])
        assert names(part) + names(rest) == [file_name("1"), file_name("2")]
        assert part["versionRevision"] == rest["versionRevision"] == second

    def test_what_goes_between_two_parts_is_not_missed(self, ours, dev):
        for version in ("1.0", "2.0", "3.0"):
            builds(ours, dev, "1", version=version)
        part = ours.call("list_package_versions", **pyabc(dev), maxResults=1)
        ours.packages.change_version(dev, PYABC, "1.0").discard("Deleted")
        rest = ours.call("list_package_versions", **pyabc(dev), nextToken=part["nextToken"])
        assert [one["version"] for one in rest["versions"]] == ["2.0", "3.0"]

    def test_a_token_is_good_for_its_question_only(self, ours, dev):
        builds(ours, dev, "1", "2")
        token = assets_of(ours, dev, maxResults=1)["nextToken"]
        with refused("ValidationException", 400):
            ours.call("list_packages", repository=dev, nextToken=token)


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


class TestTheDomain:
    def test_the_domain_is_listed_and_described(self, ours):
        [listed] = ours.client.list_domains()["domains"]
        described = ours.call("describe_domain")["domain"]
        assert described.pop("repositoryCount") >= 3
        assert listed == described
        assert (listed["name"], listed["status"]) == ("abc", "Active")
        assert listed["arn"].endswith(":domain/abc")

    def test_another_domain_is_not_found(self, ours):
        for operation in ("describe_domain", "get_authorization_token"):
            with refused("ResourceNotFoundException", 404, resourceId="xyz", resourceType="domain"):
                getattr(ours.client, operation)(domain="xyz")

    def test_repositories_are_listed(self, ours):
        made = ours.repositories("one", "two")
        unique = made[0].partition("-")[2]
        for operation in ("list_repositories", "list_repositories_in_domain"):
            said = {"domain": "abc"} if operation.endswith("domain") else {}
            pages = ours.client.get_paginator(operation).paginate(
                **said, PaginationConfig={"PageSize": 3}
            )
            found = [one["name"] for page in pages for one in page["repositories"]]
            assert {*made, "AbcDev"} <= set(found)
            prefixed = getattr(ours.client, operation)(**said, repositoryPrefix=made[0])
            assert [one["name"] for one in prefixed["repositories"]] == [f"one-{unique}"]

    def test_who_may_do_nothing_in_a_repository_does_not_see_it(self, ours, dev):
        client = ours.with_token(ours.secret({dev: ("promote",)}))
        assert [one["name"] for one in client.list_repositories()["repositories"]] == [dev]

    def test_a_repository_is_made_once(self, ours):
        name = f"made-{secrets.token_hex(4)}"
        made = ours.call("create_repository", repository=name, description="of a test")
        described = ours.call("describe_repository", repository=name)
        assert made == described
        assert made["repository"]["description"] == "of a test"
        assert made["repository"]["upstreams"] == []
        with refused("ConflictException", 409, resourceId=name, resourceType="repository"):
            ours.call("create_repository", repository=name)

    def test_the_account_is_whichever_the_client_believes_in(self, ours, dev):
        found = ours.call("describe_repository", repository=dev, domainOwner="111122223333")
        assert found["repository"]["domainOwner"] == "111122223333"

    @pytest.mark.parametrize(
        "said",
        [
            {"upstreams": [{"repositoryName": "AbcDev"}]},
            {"tags": [{"key": "team", "value": "web"}]},
        ],
        ids=["upstreams", "tags"],
    )
    def test_what_repositories_do_not_have_is_refused(self, said, ours):
        with refused("ValidationException", 400):
            ours.call("create_repository", repository="never", **said)

    @pytest.mark.parametrize("kind", ["pypi", "npm", "generic"])
    def test_the_endpoint_is_where_that_client_goes(self, kind, ours, dev):
        found = ours.call("get_repository_endpoint", repository=dev, format=kind)
        assert found["repositoryEndpoint"] == f"{ours.url}/{kind}/{dev}/"

    def test_other_formats_have_no_endpoint(self, ours, dev):
        with refused("ValidationException", 400):
            ours.call("get_repository_endpoint", repository=dev, format="maven")


class TestTokens:
    def test_a_token_is_made_that_may_the_same_for_a_while(self, ours, dev):
        caller = ours.with_token(ours.secret({dev: ("read",)}))
        made = caller.get_authorization_token(domain="abc", durationSeconds=900)
        left = made["expiration"] - datetime.now(UTC)
        assert timedelta(seconds=800) < left <= timedelta(seconds=901)
        found = ours.packages.find_token(made["authorizationToken"])
        assert dict(found.scopes) == {dev: ("read",)}
        assert found.name == "tests"

    @pytest.mark.parametrize("said", [{}, {"durationSeconds": 0}], ids=["unsaid", "0"])
    def test_twelve_hours_where_nothing_is_said(self, said, ours):
        made = ours.call("get_authorization_token", **said)
        left = made["expiration"] - datetime.now(UTC)
        assert timedelta(hours=11, minutes=58) < left <= timedelta(hours=12, seconds=1)

    def test_it_ends_no_later_than_the_token_it_came_from(self, ours, dev):
        caller = ours.with_token(ours.secret({dev: ("read",)}, seconds=600))
        made = caller.get_authorization_token(domain="abc")
        assert made["expiration"] - datetime.now(UTC) <= timedelta(seconds=601)

    def test_it_ends_with_the_token_it_came_from(self, ours, dev):
        root = ours.packages.create_token("tests", {dev: ("read",)})
        made = ours.with_token(root.secret).get_authorization_token(domain="abc")
        ours.packages.revoke_token(root.token.identity)
        assert ours.packages.find_token(made["authorizationToken"]) is None

    def test_it_makes_no_further_ones(self, ours):
        made = ours.call("get_authorization_token")["authorizationToken"]
        with refused("AccessDeniedException", 403):
            ours.with_token(made).get_authorization_token(domain="abc")

    @pytest.mark.parametrize("seconds", [1, 899, 43201])
    def test_other_times_are_refused(self, seconds, ours):
        with refused("ValidationException", 400):
            ours.call("get_authorization_token", durationSeconds=seconds)
