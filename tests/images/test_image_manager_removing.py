"""`ImageManager` removes what it may, and says exactly what is gone."""

from datetime import timedelta

import pytest
from ecr_double import ACCOUNT, refusal
from image_builders import push_index, push_referrer

from versioned.errors import AccessDeniedError
from versioned.images.errors import (
    ImageRepositoryNotEmptyError,
    ReferencesUnknownError,
)

pytest_plugins = ("image_manager_fixtures",)

HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
APP = "shop/app"
OLD = timedelta(days=31)
HOURS = timedelta(hours=2)
SBOM = "application/vnd.example.sbom"


def test_a_tag_is_deleted(manager, push):
    image = push("1")
    assert manager.delete_tag("app", "1") == {
        "name": "shop/app",
        "tag": "1",
        "deleted": [{"digest": image.digest, "tag": "1"}],
        "failures": [],
    }


def test_a_tag_that_stays_is_among_the_failures(manager, push):
    push_index(manager.images.registry, APP, "index", [push("1")])
    result = manager.delete_tag("app", "1")
    assert result["deleted"] == []
    assert result["failures"] == [
        {
            "imageId": {"imageTag": "1"},
            "failureCode": "ImageReferencedByManifestList",
            "failureReason": "so the double says",
        }
    ]


def test_a_repository_is_deleted_with_images_by_force_only(manager, push):
    push("1")
    with pytest.raises(ImageRepositoryNotEmptyError):
        manager.delete_repo("app")
    assert manager.delete_repo("app", force=True) == {
        "name": "shop/app",
        "deleted": True,
        "registry_id": ACCOUNT,
    }


def test_cleanup_wants_a_name_or_all(manager):
    with pytest.raises(ValueError, match="neither a name nor all"):
        manager.cleanup()


def test_cleanup_deletes_every_untagged_image_that_is_not_being_pushed_just_now(manager, ecr, push):
    kept, young = push("1"), push(None, content="young")
    loose = [push(None, age=HOURS), push(None, name="web", age=OLD)]
    assert manager.cleanup("app") == {
        "repos_touched": 1,
        "tags_deleted": 1,
        "bytes_freed": loose[0].size,
        "failures": [],
        "spared": [],
    }
    assert manager.cleanup(all=True)["tags_deleted"] == 1
    assert set(ecr.images[APP]) == {kept.digest, young.digest}
    assert manager.cleanup(all=True)["repos_touched"] == 0


def test_prune_deletes_untagged_images_of_more_than_thirty_days(manager, ecr, push):
    push("1", age=OLD)
    young, old = push(None, content="young"), push(None, content="old", age=OLD)
    expected = {
        "repos_touched": 1,
        "tags_deleted": 1,
        "bytes_freed": old.size,
        "failures": [],
        "spared": [],
    }
    assert manager.prune() == {"dry_run": True, **expected}
    assert old.digest in ecr.images[APP]
    assert manager.prune(dry_run=False) == {"dry_run": False, **expected}
    assert old.digest not in ecr.images[APP]
    assert young.digest in ecr.images[APP]


def _delete(manager, how):
    return manager.cleanup(all=True) if how == "cleanup" else manager.prune(dry_run=False)


@pytest.mark.parametrize("how", ["cleanup", "prune"])
def test_what_could_not_be_deleted_counts_for_nothing(manager, ecr, push, how):
    gone, stuck = push(None, content="gone", age=OLD), push(None, content="stuck", age=OLD)
    plain = ecr.batch_delete_image

    def delete(*, imageIds, **asked):  # noqa: N803 - as ECR says it
        held = [one for one in imageIds if one["imageDigest"] == stuck.digest]
        answer = plain(imageIds=[one for one in imageIds if one not in held], **asked)
        failures = [{"imageId": one, "failureCode": "KmsError"} for one in held]
        return {"imageIds": answer["imageIds"], "failures": failures}

    ecr.batch_delete_image = delete
    result = _delete(manager, how)
    assert result["tags_deleted"] == 1
    assert result["bytes_freed"] == gone.size
    (failure,) = result["failures"]
    assert (failure["repository"], failure["digest"]) == (APP, stuck.digest)
    assert "KmsError" in failure["reason"]


@pytest.mark.parametrize("how", ["cleanup", "prune"])
def test_children_and_signatures_of_what_is_tagged_are_not_offered(manager, ecr, push, how):
    child = push(None, age=OLD)
    index = push_index(manager.images.registry, APP, "1", [child])
    signature = push_referrer(manager.images.registry, APP, index, SBOM)
    ecr.images[APP][signature.digest].pushed_at -= OLD
    assert manager.prune()["tags_deleted"] == 0
    assert _delete(manager, how)["tags_deleted"] == 0
    assert not ecr.asked("batch_delete_image"), "what ECR would refuse is not even offered"
    assert set(ecr.images[APP]) == {child.digest, index.digest, signature.digest}


def test_an_index_without_a_tag_goes_with_its_children_and_counts_bytes_once(manager, ecr, push):
    child = push(None, age=OLD)
    index = push_index(manager.images.registry, APP, None, [child])
    ecr.images[APP][index.digest].pushed_at -= OLD
    result = manager.cleanup("app")
    assert (result["tags_deleted"], result["bytes_freed"]) == (2, child.size)
    assert not ecr.images[APP]


@pytest.mark.parametrize("how", ["cleanup", "prune"])
def test_what_is_in_use_stays(manager, ecr, push, source, how):
    used = push(None, age=OLD)
    source.images = [f"{HOST}/shop/app@{used.digest}"]
    assert _delete(manager, how)["tags_deleted"] == 0
    assert used.digest in ecr.images[APP]


@pytest.mark.parametrize(
    "call",
    [
        lambda manager: manager.cleanup(all=True),
        lambda manager: manager.prune(),
        lambda manager: manager.prune(dry_run=False),
        lambda manager: manager.orphans(),
    ],
)
def test_a_source_that_does_not_answer_stops_everything(manager, ecr, push, source, call):
    push(None, age=OLD)
    source.fault = ConnectionError("nobody there")
    with pytest.raises(ReferencesUnknownError, match=r"tests: .*nobody there"):
        call(manager)
    assert len(ecr.images[APP]) == 1


@pytest.mark.parametrize("how", ["cleanup", "prune"])
def test_a_repository_that_cant_be_looked_at_is_an_error_and_not_clean(manager, ecr, push, how):
    push(None, age=OLD)
    ecr.faults["describe_images"] = [refusal("AccessDeniedException")]
    with pytest.raises(AccessDeniedError):
        _delete(manager, how)


def test_an_error_after_others_were_cleaned_is_among_the_failures(manager, ecr, push):
    gone = push(None, content="a", age=HOURS)
    left = push(None, name="web", content="b", age=HOURS)
    plain = ecr.batch_delete_image

    def delete(**asked):
        if asked["repositoryName"] == "shop/web":
            raise refusal("AccessDeniedException")
        return plain(**asked)

    ecr.batch_delete_image = delete
    result = manager.cleanup(all=True)
    assert (result["repos_touched"], result["bytes_freed"]) == (1, gone.size)
    (failure,) = result["failures"]
    assert (failure["repository"], failure["digest"]) == ("shop/web", left.digest)
    assert "AccessDeniedException" in failure["reason"]
    with pytest.raises(AccessDeniedError):
        manager.cleanup("web")


def test_what_is_tagged_since_the_plan_is_spared_and_said_to_be(manager, push, source):
    loose = push(None, age=HOURS)

    def tag_it():
        if source.asked == 2:
            manager.images.registry.put_manifest(APP, loose, tag="just-now")

    source.meanwhile = tag_it
    result = manager.cleanup("app")
    assert result["tags_deleted"] == 0
    assert result["spared"][0]["digest"] == loose.digest


# orphans


def test_an_orphan_is_a_tag_of_old_that_nothing_refers_to(manager, push, source):
    orphan = push("orphan", age=OLD)
    used = push("used", age=OLD)
    push("young")
    push(None, age=OLD)
    source.images = [f"{HOST}/shop/app:used"]
    (row,) = manager.orphans()
    assert row == {
        "repository": "shop/app",
        "tag": "orphan",
        "digest": orphan.digest,
        "pushed_at": row["pushed_at"],
        "uri": f"{HOST}/shop/app:orphan",
    }
    assert [row["tag"] for row in manager.orphans(threshold_days=0)] == ["orphan", "young"]
    source.images = [f"{HOST}/shop/app@{used.digest}"]
    assert [row["tag"] for row in manager.orphans()] == ["orphan"], "by digest it is used as well"


def test_an_image_is_in_use_by_any_of_its_names(manager, push, source):
    push("1", content="same", age=OLD)
    push("stable", content="same", age=OLD)
    source.images = [f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/shop/app:stable"]
    assert manager.orphans() == []
