"""Repositories that take only what is promoted into them, from the repositories that they name."""

import json

import pytest
from npm_making import WIDGET, publish_npm
from package_making import PYABC, names, publish, publish_builds, unchanged, wheel
from package_promises import reopened

from versioned.documents import dump
from versioned.errors import ContaminatedError, InvalidInputError
from versioned.packages import Package, PackageStatus
from versioned.packages.domain import decode_domain, encode_domain
from versioned.packages.errors import PackageRepositoryNotFoundError, PromotionOnlyError
from versioned.packages.room import HEARD_WITHIN

SCRIPTS = Package.of("generic", "scripts", "team")


def promote(packages, source, target, **options):
    return packages.copy_package_versions(source, target, PYABC, "1.0.0", **options)


@pytest.fixture
def ordered(local_packages):
    """AbcDev, then AbcStaging, then AbcProd, with build 24 in AbcDev."""
    local_packages.create_repository("AbcStaging", sources=["AbcDev"])
    local_packages.create_repository("AbcProd", sources=["AbcStaging"])
    publish_builds(local_packages, "24")
    return local_packages


class TestPromoting:
    def test_what_goes_from_source_to_source_arrives(self, ordered):
        promote(ordered, "AbcDev", "AbcStaging")
        arrived = promote(ordered, "AbcStaging", "AbcProd").revision
        assert names(arrived) == [wheel(build="24")[0]]

    def test_no_repository_is_skipped(self, ordered, local_store):
        with (
            unchanged(local_store),
            pytest.raises(
                PromotionOnlyError, match="from AbcStaging only, not from AbcDev"
            ) as told,
        ):
            promote(ordered, "AbcDev", "AbcProd")
        assert "versioned packages promote AbcStaging/... --to AbcProd" in told.value.hint

    @pytest.mark.parametrize(
        "options",
        [
            {"allow_overwrite": True},
            {"assets": [wheel(build="24")[0]]},
            {"asset_set": "24"},
            {"strip_build": True},
        ],
        ids=lambda options: next(iter(options)),
    )
    def test_no_option_leads_around_it(self, ordered, options):
        promote(ordered, "AbcDev", "AbcStaging")
        promote(ordered, "AbcStaging", "AbcProd")
        with pytest.raises(PromotionOnlyError):
            promote(ordered, "AbcDev", "AbcProd", **options)

    def test_a_named_revision_leads_not_around_it(self, ordered):
        found = ordered.describe_package_version("AbcDev", PYABC, "1.0.0")
        with pytest.raises(PromotionOnlyError):
            promote(ordered, "AbcDev", "AbcProd", revision=found.revision)

    def test_a_passing_verdict_leads_not_around_it(self, ordered):
        ordered.record_verdict("AbcDev", PYABC, "1.0.0", "tests", "pass")
        with pytest.raises(PromotionOnlyError):
            promote(ordered, "AbcDev", "AbcProd", require=["tests"])

    def test_any_of_several_sources_will_do(self, ordered):
        ordered.create_repository("AbcProd", sources=["AbcStaging", "AbcDev"])
        assert promote(ordered, "AbcDev", "AbcProd").changed

    def test_what_is_there_in_a_source_already_is_no_way_in_for_other_bytes(self, ordered):
        promote(ordered, "AbcDev", "AbcStaging")
        with pytest.raises(PromotionOnlyError):
            publish(ordered, wheel(build="25"), repository="AbcStaging")

    def test_a_rule_is_heard_by_every_process_at_once(self, ordered, local_store):
        other = reopened(local_store)
        other.repository("AbcProd")
        ordered.create_repository("AbcProd", sources=[])
        ordered.create_repository("AbcStaging", sources=["AbcProd"])
        with pytest.raises(PromotionOnlyError):
            promote(other, "AbcDev", "AbcStaging")


class TestPublishing:
    def test_files_are_refused_before_they_are_stored(self, ordered, local_store):
        with unchanged(local_store), pytest.raises(PromotionOnlyError) as told:
            publish(ordered, wheel(build="25"), repository="AbcProd")
        assert told.value.message == (
            "nothing is published into AbcProd: it takes promotions from AbcStaging only"
        )

    def test_what_was_promoted_is_not_published_again(self, ordered):
        promote(ordered, "AbcDev", "AbcStaging")
        with pytest.raises(PromotionOnlyError):
            publish(ordered, wheel(build="24"), repository="AbcStaging")

    @pytest.mark.parametrize(
        "options", [{}, {"whole": False}, {"whole": False, "unfinished": True}]
    )
    def test_generic_assets_are_refused(self, ordered, local_store, options):
        with unchanged(local_store), pytest.raises(PromotionOnlyError):
            ordered.publish_package_version("AbcProd", SCRIPTS, "7", {"a": b"1"}, **options)

    def test_npm_tarballs_are_refused_with_their_tags(self, ordered, local_store):
        with unchanged(local_store), pytest.raises(PromotionOnlyError):
            publish_npm(ordered, repository="AbcProd", tags=["latest"])

    def test_a_deleted_version_is_not_published_anew(self, ordered):
        promote(ordered, "AbcDev", "AbcStaging")
        ordered.change_version("AbcStaging", PYABC, "1.0.0").discard(PackageStatus.DELETED)
        with pytest.raises(PromotionOnlyError):
            publish(ordered, wheel(build="25"), repository="AbcStaging")

    def test_a_process_that_knew_the_domain_hears_of_it_in_time(self, local_packages, local_store):
        other = reopened(local_store)
        now = [0.0]
        other._room.clock = lambda: now[0]
        other.repository("AbcProd")
        local_packages.create_repository("AbcProd", sources=["AbcStaging"])
        now[0] += HEARD_WITHIN + 1
        with pytest.raises(PromotionOnlyError):
            publish(other, wheel(build="24"), repository="AbcProd")


class TestWhatStaysAllowed:
    def test_a_version_that_is_there_is_changed_and_removed(self, local_packages):
        publish_builds(local_packages, "23", "24", repository="AbcProd")
        local_packages.create_repository("AbcProd", sources=["AbcStaging"])
        changes = local_packages.change_version("AbcProd", PYABC, "1.0.0")
        assert changes.activate("23").revision.state.active == "23"
        assert changes.yank(None, "bad").changed
        assert changes.set_status(PackageStatus.UNLISTED).changed
        assert changes.discard(PackageStatus.DELETED).changed

    def test_tags_move(self, local_packages):
        publish_npm(local_packages, repository="AbcProd")
        local_packages.create_repository("AbcProd", sources=["AbcStaging"])
        tags = local_packages.npm.change_dist_tags("AbcProd", WIDGET, {"next": "1.0.0"})
        assert tags.tags["next"] == "1.0.0"

    def test_the_rule_is_lifted(self, ordered):
        ordered.create_repository("AbcProd", sources=[])
        assert promote(ordered, "AbcDev", "AbcProd").changed
        assert publish(ordered, wheel(build="25"), repository="AbcProd").changed


class TestSayingIt:
    def test_what_is_not_said_stays(self, ordered):
        made = ordered.create_repository("AbcProd", description="for customers")
        assert made.sources == ("AbcStaging",)

    def test_a_source_is_a_repository_of_the_domain(self, local_packages, local_store):
        with unchanged(local_store), pytest.raises(PackageRepositoryNotFoundError):
            local_packages.create_repository("AbcProd", sources=["AbcDev", "Nowhere"])

    def test_no_repository_is_its_own_source(self, local_packages):
        with pytest.raises(InvalidInputError, match="itself"):
            local_packages.create_repository("AbcProd", sources=["AbcProd"])

    def test_repositories_are_not_sources_of_each_other_in_a_circle(self, ordered):
        ordered.create_repository("AbcStaging", sources=["AbcDev"])
        with pytest.raises(InvalidInputError, match="from itself, by way of its sources"):
            ordered.create_repository("AbcDev", sources=["AbcProd"])
        assert ordered.create_repository("AbcProd", sources=["AbcDev", "AbcStaging"]).sources

    def test_a_domain_of_before_there_were_sources_is_read(self, local_packages):
        document = json.loads(encode_domain(local_packages.domain()))
        for one in document["repositories"].values():
            del one["sources"]
        assert decode_domain(dump(document)) == local_packages.domain()

    @pytest.mark.parametrize("sources", [None, "AbcDev", [1], ["a/b"], [""]])
    def test_sources_that_are_none_are_contaminated(self, local_packages, sources):
        document = json.loads(encode_domain(local_packages.domain()))
        document["repositories"]["AbcProd"]["sources"] = sources
        with pytest.raises(ContaminatedError):
            decode_domain(dump(document))
