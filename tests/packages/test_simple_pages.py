"""The pages that pip and uv read: what they say, where they lead, and how they are mended."""

import json
import posixpath
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urljoin

import pytest
from package_making import (
    PYABC,
    contents,
    keys,
    publish,
    publish_builds,
    sdist,
    sha256,
    unchanged,
    wheel,
)

from versioned.errors import ContaminatedError
from versioned.packages import Package, PackageStatus
from versioned.packages.simple_pages import file_entries

SIMPLE = "AbcDev/pypi/simple/"
PAGE = f"{SIMPLE}pyabc/"
JSON_TYPE = "application/vnd.pypi.simple.v1+json"


class Links(HTMLParser):
    """The anchors of a page, as dictionaries, with their `text`, and its `meta`."""

    def __init__(self):
        super().__init__()
        self.anchors, self.meta = [], {}

    def handle_starttag(self, tag, attributes):
        if tag == "a":
            self.anchors.append(dict(attributes) | {"text": ""})
        if tag == "meta" and "name" in dict(attributes):
            self.meta[dict(attributes)["name"]] = dict(attributes)["content"]

    def handle_data(self, data):
        if self.lasttag == "a" and self.anchors and not self.anchors[-1]["text"]:
            self.anchors[-1]["text"] = data


def page(packages, key=PAGE):
    return json.loads(packages.context.read(f"{key}index.json")[1])


def html(packages, key=PAGE):
    found = Links()
    found.feed(packages.context.read(key)[1].decode())
    return found


def listed(packages):
    return {one["filename"]: one["yanked"] for one in page(packages)["files"]}


def named(build):
    return wheel(build=build)[0]


def target_of(url, key=PAGE):
    """The key that a link of a page leads to, in a bucket where nothing else is asked."""
    return unquote(posixpath.normpath(posixpath.join(key, urldefrag(url)[0])))


class TestWhatPagesSay:
    def test_a_file_is_described_as_the_standards_have_it(self, local_packages):
        filename, data = wheel(build="24", extra="Requires-Python: >=3.8,<4\n")
        publish(local_packages, (filename, data))
        found = page(local_packages)
        assert found["meta"]["api-version"] == "1.1"
        assert found["name"] == "pyabc"
        assert found["versions"] == ["1.0.0"]
        (one,) = found["files"]
        assert one["filename"] == filename
        assert one["hashes"] == {"sha256": sha256(data)}
        assert one["size"] == len(data)
        assert one["requires-python"] == ">=3.8,<4"
        assert one["yanked"] is False
        assert one["upload-time"].endswith("Z")

    def test_both_forms_say_the_same(self, local_packages):
        publish(local_packages, wheel(build="9"), sdist())
        publish(local_packages, wheel(build="24", extra="Requires-Python: >=3.8,<4\n"))
        local_packages.change_version("AbcDev", PYABC, "1.0.0").yank(["pyabc-1.0.0.tar.gz"], "")
        said = [
            {
                "text": one["filename"],
                "href": f"{one['url']}#sha256={one['hashes']['sha256']}",
            }
            | ({"data-requires-python": one["requires-python"]} if "requires-python" in one else {})
            | (
                {"data-core-metadata": f"sha256={one['core-metadata']['sha256']}"}
                if "core-metadata" in one
                else {}
            )
            | (
                {"data-yanked": "" if one["yanked"] is True else one["yanked"]}
                if one["yanked"]
                else {}
            )
            for one in page(local_packages)["files"]
        ]
        assert html(local_packages).anchors == said
        assert len(said) == 3

    def test_each_link_leads_to_the_bytes_that_it_names(self, packages, store):
        publish(packages, wheel(build="9"), sdist())
        publish_builds(packages, "24", version="1!2.0+local.1")
        held = contents(store)
        found = page(packages)["files"]
        assert len(found) == 3
        for one in found:
            assert sha256(held[target_of(one["url"])]) == one["hashes"]["sha256"]
            if "core-metadata" in one:
                metadata = held[f"{target_of(one['url'])}.metadata"]
                assert sha256(metadata) == one["core-metadata"]["sha256"]
                assert metadata.startswith(b"Metadata-Version: ")

    def test_a_link_is_right_behind_any_address(self, local_packages):
        publish_builds(local_packages, "24")
        (one,) = page(local_packages)["files"]
        url = urljoin("https://example.org/some/where/pypi/simple/pyabc/", one["url"])
        assert url.startswith("https://example.org/some/where/pypi/files/pyabc/1.0.0/0-")

    def test_pages_have_the_types_that_clients_ask_for(self, packages, store):
        publish_builds(packages, "24")
        for folder in (PAGE, SIMPLE):
            assert store.head(f"{folder}index.json").content_type == JSON_TYPE
            for name in ("", "index.html"):
                assert store.head(f"{folder}{name}").content_type == "text/html; charset=utf-8"
        assert html(packages).meta["pypi:repository-version"] == "1.1"

    def test_the_list_of_packages_leads_to_their_pages(self, packages, store):
        for name in ("PyABC", "Zoo_Keeper"):
            publish(packages, wheel(name))
        assert page(packages, SIMPLE)["projects"] == [{"name": "pyabc"}, {"name": "zoo-keeper"}]
        anchors = html(packages, SIMPLE).anchors
        assert [one["href"] for one in anchors] == ["pyabc/", "zoo-keeper/"]
        assert {f"{SIMPLE}{one['href']}" for one in anchors} <= set(keys(store, SIMPLE))

    def test_versions_are_in_their_order(self, local_packages):
        for version in ("1.10.0", "1.0.0", "1.9.0", "2.0.0rc1"):
            publish_builds(local_packages, "1", version=version)
        assert page(local_packages)["versions"] == ["1.0.0", "1.9.0", "1.10.0", "2.0.0rc1"]

    def test_text_of_a_package_is_no_markup(self, local_packages):
        reason = "\" onload='x'><b>&lt;"
        publish_builds(local_packages, "24")
        local_packages.change_version("AbcDev", PYABC, "1.0.0").yank(None, reason)
        (anchor,) = html(local_packages).anchors
        assert anchor["data-yanked"] == reason
        assert set(anchor) == {"href", "data-yanked", "data-core-metadata", "text"}


class TestBuilds:
    def test_superseded_builds_are_yanked_and_the_newest_is_not(self, local_packages):
        publish_builds(local_packages, "9", "24", "23")
        assert listed(local_packages)[named("24")] is False
        assert listed(local_packages)[named("9")] == "build 24 is active"

    def test_a_build_that_installers_would_prefer_to_the_active_one_is_not_offered(
        self, local_packages
    ):
        publish_builds(local_packages, "23", "24")
        local_packages.change_version("AbcDev", PYABC, "1.0.0").activate("23")
        assert listed(local_packages) == {named("23"): False}

    def test_a_build_for_a_platform_that_the_active_one_lacks_is_not_offered(self, local_packages):
        filename, data = wheel(build="9")
        publish(local_packages, (filename.replace("none-any", "none-linux_x86_64"), data))
        publish_builds(local_packages, "24")
        assert listed(local_packages) == {named("24"): False}
        publish(
            local_packages, (named("25").replace("none-any", "none-win32"), wheel(build="25")[1])
        )
        assert listed(local_packages) == {named("25").replace("none-any", "none-win32"): False}

    def test_a_yank_by_hand_says_its_own_reason(self, local_packages):
        publish_builds(local_packages, "9", "24")
        local_packages.change_version("AbcDev", PYABC, "1.0.0").yank([named("9")], "broken")
        assert listed(local_packages) == {named("9"): "broken", named("24"): False}

    @pytest.mark.parametrize("status", [PackageStatus.ARCHIVED, PackageStatus.PUBLISHED])
    def test_a_version_that_is_put_away_is_in_no_page(self, local_packages, status):
        publish_builds(local_packages, "24")
        publish_builds(local_packages, "1", version="2.0.0")
        local_packages.change_version("AbcDev", PYABC, "1.0.0").set_status(PackageStatus.ARCHIVED)
        local_packages.change_version("AbcDev", PYABC, "1.0.0").set_status(status)
        shown = status is PackageStatus.PUBLISHED
        assert ("1.0.0" in page(local_packages)["versions"]) == shown
        assert (named("24") in {one["text"] for one in html(local_packages).anchors}) == shown

    def test_a_promoted_build_is_offered_where_it_arrived_only(self, local_packages):
        publish_builds(local_packages, "24")
        local_packages.copy_package_versions("AbcDev", "AbcProd", PYABC, "1.0.0", strip_build=True)
        arrived = page(local_packages, "AbcProd/pypi/simple/pyabc/")["files"]
        assert [one["filename"] for one in arrived] == ["PyABC-1.0.0-py3-none-any.whl"]
        assert listed(local_packages) == {named("24"): False}


def test_a_build_that_holds_what_is_no_wheel_was_written_by_somebody_else(local_packages):
    revision = publish_builds(local_packages, "9", "24")
    odd = tuple(replace(one, name=f"{one.name}.txt") for one in revision.state.assets)
    with pytest.raises(ContaminatedError, match="no wheel"):
        file_entries(replace(revision, state=replace(revision.state, assets=odd)))


DAMAGES = {
    "empty": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "no revisions": b'{"meta":{}}',
    "files that are none": b'{"meta":{"_revisions":{"1.0.0":1}},"files":[1]}',
    "a file of no version": b'{"meta":{"_revisions":{}},"files":[{"_version":"1.0.0"}]}',
    "a version that is none": b'{"meta":{"_revisions":{"latest":1}},"files":[]}',
    "a version in another spelling": b'{"meta":{"_revisions":{"v1.0.0":1}},"files":[]}',
    "text that has no UTF-8 form": (
        b'{"meta":{"_revisions":{"0.9":1}},"files":[{"_version":"0.9","filename":"\\ud800",'
        b'"url":"x","hashes":{"sha256":"x"},"yanked":false}]}'
    ),
    "somebody else's page": b"<!DOCTYPE html><html><body>Index of /</body></html>",
}


@pytest.mark.parametrize("damage", [pytest.param(v, id=k) for k, v in DAMAGES.items()])
class TestDamage:
    @pytest.mark.parametrize("name", ["index.json", "", "index.html"])
    def test_the_next_writer_mends_the_pages_of_a_package(self, local_packages, damage, name):
        store = local_packages.context.store
        publish_builds(local_packages, "9")
        local_packages.context.write(f"{PAGE}{name}", damage)
        publish_builds(local_packages, "24")
        made = contents(store, PAGE)
        assert local_packages.reindex("AbcDev") == []
        assert set(listed(local_packages)) == {named("9"), named("24")}
        assert contents(store, PAGE) == made

    def test_pages_are_made_anew_as_they_were(self, local_packages, damage):
        store = local_packages.context.store
        publish_builds(local_packages, "9", "24")
        made = contents(store, SIMPLE)
        for key in made:
            local_packages.context.write(key, damage)
        assert local_packages.reindex("AbcDev") == ["pypi/pyabc", "pypi/"]
        assert contents(store, SIMPLE) == made

    def test_a_new_package_is_listed_all_the_same(self, local_packages, damage):
        publish_builds(local_packages, "9")
        local_packages.context.write(f"{SIMPLE}index.json", damage)
        publish(local_packages, wheel("Other"))
        assert {"name": "other"} in page(local_packages, SIMPLE)["projects"]
        local_packages.reindex("AbcDev")
        assert page(local_packages, SIMPLE)["projects"] == [{"name": "other"}, {"name": "pyabc"}]


class TestReindexing:
    def test_pages_that_were_deleted_come_back_to_the_byte(self, packages, store):
        publish(packages, wheel(build="9"), sdist())
        publish_builds(packages, "24")
        publish(packages, wheel("Other", "2.0"))
        packages.change_version("AbcDev", PYABC, "1.0.0").yank([named("9")], "broken")
        made = contents(store, SIMPLE)
        store.delete_many(list(made))
        assert set(packages.reindex("AbcDev")) == {"pypi/pyabc", "pypi/other", "pypi/"}
        assert contents(store, SIMPLE) == made

    def test_pages_that_are_right_are_not_written(self, local_packages, local_store):
        publish_builds(local_packages, "9", "24")
        with unchanged(local_store):
            assert local_packages.reindex("AbcDev") == []

    def test_pages_say_no_more_than_the_revisions_do(self, local_packages):
        publish_builds(local_packages, "9", "24")
        foreign = page(local_packages)
        invented = foreign["files"][0] | {"_version": "9.9.9", "filename": "PyABC-9.9.9.tar.gz"}
        foreign["files"].append(invented)
        foreign["meta"]["_revisions"] |= {"9.9.9": 7, "1.0.0": 99}
        local_packages.context.write(f"{PAGE}index.json", json.dumps(foreign).encode())
        assert local_packages.reindex("AbcDev", PYABC) == ["pypi/pyabc"]
        assert set(listed(local_packages)) == {named("9"), named("24")}
        assert {one["text"] for one in html(local_packages).anchors} == {named("9"), named("24")}

    def test_a_package_that_is_not_there_is_not_indexed(self, local_packages):
        with unchanged(local_packages.context.store), pytest.raises(FileNotFoundError):
            local_packages.reindex("AbcDev", Package.of("pypi", "other"))

    @pytest.mark.parametrize(
        "key", ["PyABC/1.0.0/x.json", "..%2f/1.0.0/x.json", "pyabc/1.0.0/x.json", "pyabc/x.json"]
    )
    def test_a_foreign_object_among_the_revisions_is_named_and_hides_nothing(
        self, local_packages, key
    ):
        publish_builds(local_packages, "24")
        local_packages.context.write(f"AbcDev/pypi/revisions/{key}", b"{}")
        with pytest.raises(ContaminatedError, match=r"is (of )?no|foreign"):
            local_packages.reindex("AbcDev")
        assert listed(local_packages) == {named("24"): False}
