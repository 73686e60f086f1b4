"""What holds in a domain at every moment, checked on the objects themselves, and copies of stores."""

import base64
import hashlib
import json
import posixpath
import re
import shutil
from urllib.parse import unquote

from package_making import REPOSITORIES, contents

from versioned.packages import Package, Packages
from versioned.packages.assets import beside_key_of, key_of
from versioned.stores.local import LocalStore

HREF = re.compile(r'<a href="([^"]*)"([^>]*)>')


class Copies:
    """Copies of a local store as it was prepared: each test of a point begins with a fresh one."""

    def __init__(self, folder, prepare):
        self._folder = folder
        self._made = 0
        self._template = folder / "template"
        store = LocalStore(self._template, settle=0)
        store.create()
        prepare(store)
        store.close()

    def fresh(self):
        self._made += 1
        place = self._folder / f"copy-{self._made}"
        shutil.copytree(self._template, place)
        return LocalStore(place, settle=0)

    def done(self, store):
        store.close()
        shutil.rmtree(self._folder / f"copy-{self._made}")


def reopened(store, actor="bob"):
    """Another process on the same store."""
    packages = Packages(store, actor=actor)
    packages.context.sleep = lambda _seconds: None
    return packages


def revisions_of(store):
    """All revisions, by the folder of their version, the oldest first; the chain is proved."""
    found = {}
    for key, raw in contents(store).items():
        if "/revisions/" in key:
            folder = key.rpartition("/")[0]
            found.setdefault(folder, []).append((json.loads(raw), raw))
    chains = {}
    for folder, documents in found.items():
        documents.sort(key=lambda one: one[0]["position"])
        assert [one["position"] for one, _ in documents] == list(range(1, len(documents) + 1))
        before = ""
        for document, raw in documents:
            assert document["previous"] == before, f"the chain of {folder} is broken"
            before = hashlib.sha256(raw).hexdigest()
        chains[folder] = [one for one, _ in documents]
    return chains


def check_promises(store):
    """Every link leads to its bytes, no page lists what no revision has, and the assets of each
    newest revision are there."""
    objects = contents(store)
    chains = revisions_of(store)
    committed = {
        (document["repository"], asset["name"], asset["sha256"])
        for chain in chains.values()
        for document in chain
        for asset in document.get("assets", [])
    }
    for key, raw in objects.items():
        if "/simple/" in key:
            for url, sha256, beside in _links(key, raw):
                target = posixpath.normpath(posixpath.join(posixpath.dirname(key), unquote(url)))
                name = target.rpartition("/")[2]
                assert (key.partition("/")[0], name, sha256) in committed, f"{key}: {name}"
                assert target in objects, f"{key} leads to {target}, which is not there"
                assert hashlib.sha256(objects[target]).hexdigest() == sha256
                if beside:
                    found = objects[f"{target}.metadata"]
                    assert hashlib.sha256(found).hexdigest() == beside
        if "/packuments/" in key:
            _check_packument(key, json.loads(raw), objects)
    packages = reopened(store)
    for chain in chains.values():
        for revision in _newest(packages, chain):
            for asset in revision.state.assets:
                key = key_of(revision.place, asset)
                assert key in objects, f"{revision.revision} names {key}, which is not there"
                assert hashlib.sha256(objects[key]).hexdigest() == asset.sha256
                if asset.beside:
                    found = objects[beside_key_of(revision.place, asset)]
                    assert hashlib.sha256(found).hexdigest() == asset.beside


def check_pages(store):
    """The pages are what `reindex` makes of the revisions."""
    packages = reopened(store)
    assert [packages.reindex(one, write=False) for one in REPOSITORIES] == [[], [], []]


def check_no_leftovers(store, monkeypatch):
    """No bytes lie there that no version has."""
    monkeypatch.setattr("versioned.packages.orphans.UPLOAD_LEASE", -60)
    packages = reopened(store)
    assert [packages.find_orphans(one) for one in REPOSITORIES] == [[], [], []]


def states(store):
    """What each version is now, without times and positions."""
    found = {}
    for folder, chain in revisions_of(store).items():
        newest = chain[-1]
        if folder.endswith("/@dist-tags"):
            found[folder] = newest["tags"]
            continue
        found[folder] = {
            "status": newest["status"],
            "active": newest["active"],
            "deprecated": newest["deprecated"],
            "sets": sorted((one["name"], one["finished"]) for one in newest["sets"]),
            "assets": sorted(
                (one["set"] or "", one["name"], one["sha256"], one["yanked"])
                for one in newest["assets"]
            ),
            "withdrawn": sorted(newest["withdrawn"]),
        }
    return found


def _newest(packages, chain):
    document = chain[-1]
    if document.get("status", "Deleted") == "Deleted":
        return
    package = Package.of(document["package_format"], document["package"], document["namespace"])
    yield packages.describe_package_version(document["repository"], package, document["version"])


def _check_packument(key, document, objects):
    held = {
        f"sha512-{base64.b64encode(hashlib.sha512(data).digest()).decode()}"
        for name, data in objects.items()
        if name.startswith(key.partition("/packuments/")[0] + "/files/")
    }
    for version, described in document["versions"].items():
        assert described["dist"]["integrity"] in held, f"{key}: {version}"


def _links(key, raw):
    if key.endswith(("/simple/index.json", "/simple/", "/simple/index.html")):
        return
    if key.endswith(".json"):
        for one in json.loads(raw)["files"]:
            yield one["url"], one["hashes"]["sha256"], one.get("core-metadata", {}).get("sha256")
        return
    for url, rest in HREF.findall(raw.decode()):
        target, _, sha256 = url.partition("#sha256=")
        beside = re.search(r'data-core-metadata="sha256=([0-9a-f]+)"', rest)
        yield target, sha256, beside and beside[1]
