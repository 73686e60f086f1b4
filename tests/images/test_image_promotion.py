import contextlib

import pytest
from image_builders import push_image, push_index
from tapped_registry import Killed, TappedRegistry

from versioned import Pipeline, Repository
from versioned.errors import (
    AccessDeniedError,
    AliasConflictError,
    ConflictError,
    GateRefusedError,
    InvalidInputError,
    RankEmptyError,
    RankProtectedError,
    RepositoryNotFoundError,
)
from versioned.images.config import ImagesConfig
from versioned.images.errors import (
    ImageNotFoundError,
    InvalidImageError,
    RuntimeNotFoundError,
    TagBehindError,
    TagImmutableError,
    TagMovedError,
)
from versioned.images.images import Images
from versioned.pipelines.gate import Gate


def no_runtime():
    raise RuntimeNotFoundError("none here")


@pytest.fixture
def repository(make_store):
    return Repository(make_store("local"), actor="ann")


@pytest.fixture
def ranks(repository):
    pipeline = Pipeline(repository)
    pipeline.declare(["qa", "prod"])
    return pipeline


@pytest.fixture
def far(make_registry):
    return make_registry()


@pytest.fixture
def images(registry, prefix, repository, far):
    return Images(
        registry,
        config=ImagesConfig(registry=registry.host, repository_prefix=prefix),
        connect={far.host: far}.__getitem__,
        runtime=no_runtime,
        repository=repository,
    )


@pytest.fixture
def build(images, prefix):
    """Pushes an image of its own under a tag, without a runtime."""

    def build(tag, name="app"):
        return push_image(
            images.registry, f"{prefix}/{name}", tag, layers=[f"{name} {tag}".encode()]
        )

    return build


def tag_of(images, name, tag):
    return images.registry.resolve(images.config.repository(name), tag).digest


class TestPlainTags:
    def test_promoting_lets_another_tag_name_the_very_same_manifest(self, images, build):
        image = build("1.4")
        promoted = images.promote("app:1.4", "prod")
        assert (promoted.digest, promoted.was, promoted.moved) == (image.digest, None, True)
        assert tag_of(images, "app", "prod") == image.digest

    def test_again_it_writes_nothing(self, images, build, tapped):
        build("1.4")
        images.promote("app:1.4", "prod")
        again = tapped()
        assert again.promote("app:1.4", "prod").moved is False
        assert "put_manifest" not in again.registry.calls

    def test_to_another_repository_and_to_another_registry(self, images, build, far):
        image = build("1.4")
        images.promote("app:1.4", "app-prod:1.4")
        images.promote("app:1.4", f"{far.host}/live/app")
        assert tag_of(images, "app-prod", "1.4") == image.digest
        assert far.resolve("live/app", "1.4").digest == image.digest

    def test_an_index_keeps_its_digest(self, images, prefix, build, far):
        index = push_index(images.registry, f"{prefix}/app", "2.0", [build("a"), build("b")])
        images.promote("app:2.0", f"{far.host}/live/app:prod")
        assert far.get_manifest("live/app", "prod").content == index.content

    def test_what_was_tested_is_what_arrives(self, images, build):
        tested, other = build("1.4"), build("1.5")
        with pytest.raises(TagMovedError, match=tested.digest):
            images.promote("app:1.5", "prod", expect=tested.digest)
        assert images.promote("app:1.4", "prod", expect=tested.digest).digest != other.digest

    def test_retag_looks_what_the_tag_names_now(self, images, build):
        one, two = build("1.4"), build("1.5")
        images.retag("app:1.4", "stable")
        with pytest.raises(TagMovedError):
            images.retag("app:1.5", "stable", expect=two.digest)
        assert images.retag("app:1.5", "stable", expect=one.digest).was == one.digest

    def test_a_message_belongs_to_ranks(self, images, build):
        build("1.4")
        with pytest.raises(InvalidInputError, match="rank"):
            images.promote("app:1.4", "prod", message="why")

    def test_what_is_not_there_is_not_found(self, images, build):
        build("1.4")
        with pytest.raises(ImageNotFoundError):
            images.promote("app:nope", "prod")

    @pytest.mark.parametrize("to", ["", "-x", "app@sha256:" + "0" * 64, "App:x", "a b"])
    def test_what_is_no_target_is_refused(self, images, build, to):
        build("1.4")
        with pytest.raises(InvalidImageError):
            images.promote("app:1.4", to)


@pytest.mark.usefixtures("ranks")
class TestRanks:
    def test_the_rank_is_moved_with_its_ledger_and_the_tag_follows(self, images, build, repository):
        image = build("1.4")
        promoted = images.promote("app:1.4", "qa", message="tested")
        assert promoted.promotion.alias.sha256 == image.digest.removeprefix("sha256:")
        entry = repository.history("app", "qa")[0]
        assert (entry.by, entry.message, entry.cause.operation) == ("ann", "tested", "promote")
        assert tag_of(images, "app", "qa") == image.digest
        assert repository.get_content("app", "1") == image.content

    def test_without_a_tag_exactly_what_the_rank_before_holds_is_moved(self, images, build):
        image = build("1.4")
        images.promote("app:1.4", "qa")
        build("1.5")
        images.promote("app", "prod")
        assert tag_of(images, "app", "prod") == image.digest

    def test_into_the_first_rank_the_newest_that_was_recorded(self, images, build):
        build("1.4")
        newer = build("1.5")
        images.record("app:1.4")
        images.record("app:1.5")
        assert images.promote("app", "qa").digest == newer.digest

    def test_a_rank_can_not_be_skipped(self, images, build):
        build("1.4")
        with pytest.raises(GateRefusedError) as refused:
            images.promote("app:1.4", "prod")
        assert "order" in refused.value.unmet
        with pytest.raises(ImageNotFoundError):
            tag_of(images, "app", "prod")

    def test_nothing_waits_in_an_empty_rank(self, images, build):
        build("1.4")
        with pytest.raises(RankEmptyError):
            images.promote("app", "prod")

    def test_a_verdict_about_the_digest_opens_the_gate(self, images, build, ranks):
        ranks.set_gate("prod", Gate(("integration",)))
        build("1.4")
        images.promote("app:1.4", "qa")
        with pytest.raises(GateRefusedError):
            images.promote("app", "prod")
        ranks.record_verdict(f"app@{images.record('app:1.4').version}", "integration", "pass")
        assert images.promote("app", "prod").moved

    def test_refused_by_a_gate_nothing_is_copied(self, images, build, ranks, far):
        ranks.set_gate("qa", Gate(("integration",)))
        build("1.4")
        with pytest.raises(GateRefusedError):
            images.promote("app:1.4", f"{far.host}/live/app:qa")
        assert far.list_repositories() == []

    def test_force_is_recorded(self, images, build, repository):
        build("1.4")
        images.promote("app:1.4", "prod", force=True, message="hotfix")
        assert repository.history("app", "prod")[0].cause.overrides == ("order",)

    def test_other_ways_do_not_move_a_rank(self, images, build):
        build("1.4")
        for attempt in (
            lambda: images.retag("app:1.4", "qa"),
            lambda: images.copy("app:1.4", "app:qa"),
            lambda: images.delete_tag("app", "qa"),
            lambda: images.push("app", "qa", "local"),
            lambda: images.build(".", "app", tag="qa"),
        ):
            with pytest.raises((RankProtectedError, ConflictError, FileNotFoundError)):
                attempt()
        with pytest.raises(ImageNotFoundError):
            tag_of(images, "app", "qa")

    def test_a_tag_is_brought_back_to_what_its_rank_holds(self, images, build, repository):
        first, second = build("1.4"), build("1.5")
        for tag in ("1.4", "1.5"):
            images.promote(f"app:{tag}", "qa")
        repository.rollback("app", "qa")
        assert tag_of(images, "app", "qa") == second.digest
        images.retag("app@qa", "qa")
        assert tag_of(images, "app", "qa") == first.digest

    def test_what_an_alias_held_can_be_tagged(self, images, build):
        image = build("1.4")
        images.promote("app:1.4", "qa")
        images.retag("app@qa", "known-good")
        assert tag_of(images, "app", "known-good") == image.digest

    def test_somebody_elses_artifact_is_not_taken_for_an_image(self, images, build, repository):
        repository.put_artifact("app", b"a zip", content_type="application/zip")
        repository.publish_artifact_version("app")
        build("1.4")
        with pytest.raises(ConflictError, match="no image"):
            images.record("app:1.4")

    def test_recording_again_gives_the_same_version(self, images, build):
        build("1.4"), build("1.5")
        assert [images.record(f"app:{tag}").version for tag in ("1.4", "1.5", "1.4")] == [
            "1", "2", "1",
        ]  # fmt: skip


def test_without_a_repository_there_is_nothing_to_record_in(registry, app):
    push_image(registry, app, "1")
    config = ImagesConfig(registry=registry.host, repository_prefix=app.partition("/")[0])
    images = Images(registry, config=config, connect=None, runtime=no_runtime)
    for attempt in (lambda: images.record("app:1"), lambda: images.uri("app@prod")):
        with pytest.raises(RepositoryNotFoundError):
            attempt()


@pytest.mark.usefixtures("ranks")
class TestWhatIsNoWayRoundARank:
    def test_the_rank_of_one_image_is_not_moved_by_another(self, images, build):
        build("1.4"), build("6.6", name="junk")
        images.promote("app:1.4", "qa")
        images.promote("junk:6.6", "qa")
        with pytest.raises(InvalidImageError, match="app"):
            images.promote("junk", "app:prod")

    def test_an_image_of_another_registry_is_none_of_the_project(self, images, build, far):
        build("1.4")
        push_image(far, "app", "9")
        with pytest.raises(InvalidImageError, match="no image of this project"):
            images.promote(f"{far.host}/app:9", "qa")
        with pytest.raises(InvalidImageError, match="no image of this project"):
            images.record(f"{far.host}/app:9")

    def test_an_alias_is_of_the_project_alone(self, images, build, far):
        build("1.4")
        images.promote("app:1.4", "qa")
        for text in (f"{far.host}/app@qa", "app:2@qa"):
            with pytest.raises(InvalidImageError):
                images.retag(text, "x")

    def test_promoted_to_another_registry_both_tags_follow(self, images, build, far):
        image = build("1.4")
        images.promote("app:1.4", f"{far.host}/live/app:qa")
        assert tag_of(images, "app", "qa") == image.digest
        assert far.resolve("live/app", "qa").digest == image.digest

    def test_of_two_versions_of_one_image_the_one_in_the_rank_before_is_meant(
        self, images, build, repository
    ):
        image = build("1.4")
        images.record("app:1.4")
        repository.put_artifact("app", b"other", content_type=image.media_type)
        repository.publish_artifact_version("app")
        repository.put_artifact("app", image.content, content_type=image.media_type)
        repository.publish_artifact_version("app")
        Pipeline(repository).promote("app", "qa", version=3)
        assert images.promote("app:1.4", "prod").promotion.alias.version == "3"
        assert images.record("app:1.4").version == "1"


@pytest.fixture
def tapped(images):
    """The same images with a tap on the registry."""

    def tap(**options):
        registry = TappedRegistry(images.registry, **options)
        return Images(
            registry,
            config=images.config,
            connect={}.__getitem__,
            runtime=no_runtime,
            repository=images._repository,
        )

    return tap


@pytest.mark.parametrize("after", [False, True])
def test_killed_anywhere_a_repeat_brings_tag_and_rank_together(
    images, build, repository, ranks, tapped, after
):
    build("0")
    images.promote("app:0", "qa")
    wanted = build("1.4")
    counted = tapped()
    for stop in range(12):
        images.promote("app:0", "qa", expect=None)
        images.retag("app@qa", "qa")
        try:
            tapped(stop=stop, after=after).promote("app:1.4", "qa")
        except Killed:
            pass
        else:
            break
        images.promote("app:1.4", "qa")
        assert tag_of(images, "app", "qa") == wanted.digest
        assert repository.get_alias("app", "qa").sha256 == wanted.digest.partition(":")[2]
    assert stop > 4
    assert counted.registry.calls == []


def test_of_two_who_promote_at_once_the_rank_decides_and_the_tag_agrees(
    images, build, repository, ranks, tapped
):
    build("0"), build("1"), build("2")
    for turn in range(12):
        images.promote("app:0", "qa")

        def meanwhile(number, turn=turn):
            if number == turn:
                images.promote("app:2", "qa")

        with contextlib.suppress(AliasConflictError):
            tapped(between=meanwhile).promote("app:1", "qa")
        held = repository.get_alias("app", "qa").sha256
        assert tag_of(images, "app", "qa") == f"sha256:{held}"


@pytest.mark.usefixtures("ranks")
def test_a_tag_that_can_not_move_keeps_the_rank_where_it_is(images, build, repository, tapped):
    build("1.4")
    kept = tapped()
    kept.registry.check_tag_is_free = raising(TagImmutableError("it can't move"))
    with pytest.raises(TagImmutableError):
        kept.promote("app:1.4", "qa")
    assert repository.list_aliases("app") == []


@pytest.mark.usefixtures("ranks")
def test_a_rank_that_was_moved_and_a_tag_that_does_not_follow_are_told(
    images, build, repository, tapped
):
    build("1.4")
    denied = tapped()
    denied.registry.put_manifest = raising(AccessDeniedError("not you"))
    with pytest.raises(TagBehindError, match=r"app@qa was moved.*not you"):
        denied.promote("app:1.4", "qa")
    assert repository.get_alias("app", "qa")


@pytest.mark.usefixtures("ranks")
def test_bringing_a_tag_back_undoes_no_promotion_that_runs_meanwhile(
    images, build, repository, tapped
):
    build("1"), build("2")
    for turn in range(8):
        images.promote("app:1", "qa")

        def meanwhile(number, turn=turn):
            if number == turn:
                images.promote("app:2", "qa")

        with contextlib.suppress(RankProtectedError):
            tapped(between=meanwhile).retag("app@qa", "qa")
        held = repository.get_alias("app", "qa").sha256
        assert tag_of(images, "app", "qa") == f"sha256:{held}"


def raising(error):
    def refuse(*_, **__):
        raise error

    return refuse
