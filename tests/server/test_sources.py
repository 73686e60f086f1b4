"""Publishing into a repository that takes promotions only, as each kind of client hears of it."""

import pytest
from asking import token
from codeartifact_rig import SCRIPTS, builds, copy, failures, local_rig, refused
from npm_making import publish_npm
from package_making import PYABC, publish_builds, sha256, unchanged, wheel
from test_npm_registry import document

REASON = "nothing is published into AbcProd: it takes promotions from AbcStaging only"


@pytest.fixture
def closed(server):
    """A server whose AbcProd takes promotions from AbcStaging only; one wheel came before."""
    publish_builds(server.packages, "23", repository="AbcProd")
    server.packages.create_repository("AbcProd", sources=["AbcStaging"])
    server.token = token(server.packages, "read", "publish", repository="AbcProd")
    return server


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    with local_rig(tmp_path_factory.mktemp("codeartifact")) as made:
        yield made


def test_twine_and_uv_are_told_403_which_none_of_them_skips(closed):
    with unchanged(closed.packages.context.store):
        answer = closed.upload(wheel(build="24"), "AbcProd")
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (403, "promotion-only")
    assert REASON in answer.text


def test_npm_is_told_in_its_own_form(closed):
    with unchanged(closed.packages.context.store):
        answer = closed.ask("PUT", "/npm/AbcProd/@acme%2fwidget", json=document())
    assert (answer.status_code, answer.json()["reason"]) == (403, "promotion-only")
    assert answer.json()["error"].startswith(REASON)


def test_a_put_of_an_asset_is_refused(closed):
    with unchanged(closed.packages.context.store):
        answer = closed.put("/generic/AbcProd/team/scripts/7/a.sh?unfinished=true", b"one")
    assert answer.status_code == 403
    assert REASON in answer.text


def test_what_was_there_is_served(closed):
    assert wheel(build="23")[0] in closed.get("/pypi/AbcProd/simple/pyabc/").text


def test_codeartifact_copies_from_a_source_only(ours):
    dev, staging, prod = ours.repositories("dev", "staging", "prod")
    ours.packages.create_repository(prod, sources=[staging])
    builds(ours, dev, "1")
    for said in ({}, {"allowOverwrite": True}):
        told = copy(ours, dev, prod, versions=["1.0.0"], **said)
        assert failures(told) == {"1.0.0": "NOT_ALLOWED"}
    known = ours.packages.describe_package_version(dev, PYABC, "1.0.0").revision
    told = copy(ours, dev, prod, versionRevisions={"1.0.0": known})
    assert f"from {staging} only" in told["failedVersions"]["1.0.0"]["errorMessage"]
    copy(ours, dev, staging, versions=["1.0.0"])
    assert not copy(ours, staging, prod, versions=["1.0.0"])["failedVersions"]


def test_codeartifact_publishes_nothing_there(ours):
    staging, prod = ours.repositories("staging", "prod")
    ours.packages.create_repository(prod, sources=[staging])
    with refused("AccessDeniedException", 403):
        ours.call(
            "publish_package_version",
            repository=prod,
            format="generic",
            namespace=SCRIPTS.namespace,
            package=SCRIPTS.name,
            packageVersion="7",
            assetName="a.sh",
            assetContent=b"one",
            assetSHA256=sha256(b"one"),
        )


class TestWhatNpmInstalls:
    """Tags and deprecations of a repository that takes promotions only are for who promotes."""

    PAGE = "/npm/AbcProd/@acme%2fwidget"
    TAG = "/npm/AbcProd/-/package/@acme%2fwidget/dist-tags/next"

    @pytest.fixture
    def stocked(self, server):
        publish_npm(server.packages, repository="AbcProd")
        return server

    def change(self, server, scope):
        """The statuses of a deprecation, and of a change of a tag."""
        server.token = token(server.packages, "read", scope, repository="AbcProd")
        page = server.get(self.PAGE).json()
        page["versions"]["1.0.0"]["deprecated"] = "old"
        before = page["dist-tags"]
        asked = [("PUT", self.PAGE, page), ("PUT", self.TAG, "1.0.0")]
        found = tuple(server.ask(how, url, json=it).status_code for how, url, it in asked)
        if 403 in found:
            page = server.get(self.PAGE).json()
            assert page["dist-tags"] == before
            assert "deprecated" not in page["versions"]["1.0.0"]
        return found

    def test_who_publishes_changes_neither(self, stocked):
        stocked.packages.create_repository("AbcProd", sources=["AbcStaging"])
        assert self.change(stocked, "publish") == (403, 403)

    def test_without_sources_who_publishes_changes_both(self, stocked):
        assert self.change(stocked, "publish") == (200, 200)

    @pytest.mark.parametrize("scope", ["promote", "admin"])
    def test_who_promotes_changes_both(self, scope, stocked):
        stocked.packages.create_repository("AbcProd", sources=["AbcStaging"])
        assert self.change(stocked, scope) == (200, 200)

    def test_who_promotes_only_publishes_nothing(self, stocked):
        stocked.token = token(stocked.packages, "read", "promote", repository="AbcProd")
        answer = stocked.ask("PUT", self.PAGE, json=document(version="1.1.0"))
        assert (answer.status_code, answer.json()["reason"]) == (403, "forbidden")
