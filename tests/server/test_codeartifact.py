"""CodeArtifact's API as boto3 speaks it, before a real server: what looks at packages."""

import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from codeartifact_rig import (
    SCRIPTS,
    assets_of,
    builds,
    copy,
    file_name,
    local_rig,
    names,
    pyabc,
    refused,
    rig,
    version_of,
)
from package_making import PYABC, publish, sha256, wheel

from serving import PROGRAM


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    with local_rig(tmp_path_factory.mktemp("codeartifact")) as made:
        yield made


@pytest.fixture
def dev(ours):
    return ours.repositories("dev")[0]


@pytest.mark.only_stores("moto", "ceph")
def test_s3_serves_as_well(store, store_kind, tmp_path):
    with rig(store, store_kind, tmp_path / "log") as ours:
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
