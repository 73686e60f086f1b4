"""Lifecycle policies: what is valid, what ECR makes of them, and what a preview shows."""

import copy
import json
from datetime import UTC, datetime, timedelta

import pytest
from ecr_double import refusal
from image_builders import push_image, push_index

from versioned.errors import NotFoundError, StoreUnavailableError
from versioned.images.errors import (
    ImageRepositoryNotFoundError,
    InvalidLifecyclePolicyError,
    RegistryError,
)
from versioned.images.lifecycle import (
    default_lifecycle_policy,
    parse_lifecycle_policy,
    validate_lifecycle_policy,
)

pytest_plugins = ("ecr_fixtures",)

APP = "team/app"
UNDER_WAY = "LifecyclePolicyPreviewInProgressException"


def rule(priority=1, *, action=None, **selection):
    chosen = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}
    chosen = {key: value for key, value in (chosen | selection).items() if value is not None}
    return {
        "rulePriority": priority,
        "selection": chosen,
        "action": action or {"type": "expire"},
    }


def policy(*rules):
    return {"rules": list(rules)}


def test_the_default_keeps_twenty_tagged_and_drops_untagged_after_a_week():
    tagged, untagged = default_lifecycle_policy()["rules"]
    assert tagged["rulePriority"] == 1
    assert tagged["selection"] == {
        "tagStatus": "tagged",
        "tagPatternList": ["*"],
        "countType": "imageCountMoreThan",
        "countNumber": 20,
    }
    assert untagged["rulePriority"] == 2
    assert untagged["selection"] == {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 7,
    }
    assert tagged["action"] == untagged["action"] == {"type": "expire"}
    assert validate_lifecycle_policy(default_lifecycle_policy()) == default_lifecycle_policy()


@pytest.mark.parametrize(
    "given",
    [
        policy(rule()),
        policy(rule(tagStatus="tagged", tagPrefixList=["prod"])),
        policy(rule(tagStatus="tagged", tagPatternList=["a*b*c*d*"])),
        policy(rule(countType="sinceImagePulled", countUnit="days")),
        policy(
            rule(
                countType="sinceImagePulled",
                countUnit="days",
                action={"type": "transition", "targetStorageClass": "archive"},
            ),
            rule(
                2,
                countType="sinceImageTransitioned",
                countUnit="days",
                storageClass="archive",
            ),
        ),
        policy(rule(9), rule(3, tagStatus="untagged")),
    ],
)
def test_what_ecr_documents_is_valid(given):
    assert parse_lifecycle_policy(json.dumps(given)) == given


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"rules": [}', "line 1, column 12"),
        ('{\n "rules"\n}', "line 3, column 1"),
        ("", "line 1, column 1"),
        ("[" * 100_000, "not valid|not JSON"),
        ("[]", "not an object"),
        ('"rules"', "not an object"),
        ("{}", "no list of rules"),
        ('{"rules": []}', "no list of rules"),
        ('{"rules": {}}', "no list of rules"),
        ('{"rule": []}', "has rule; it may have rules"),
        ('{"rules": [1]}', "rule 1 is 1, not an object"),
    ],
)
def test_a_text_that_is_no_policy_is_named_by_its_place(text, said):
    with pytest.raises(InvalidLifecyclePolicyError, match=said):
        parse_lifecycle_policy(text)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([rule(0)], "rule 1 has rulePriority = 0"),
        ([rule(True)], "rule 1 has rulePriority = True"),
        ([rule("1")], "rule 1 has rulePriority = '1'"),
        ([rule() | {"description": 1}], "description of rule 1"),
        ([rule() | {"descripton": "x"}], "rule 1 has descripton"),
        ([rule() | {"selection": None}], "selection of rule 1 is nothing"),
        ([rule() | {"action": []}], "action of rule 1"),
        ([rule(tagStatus="tagd")], "tagStatus = 'tagd'; it takes tagged or untagged or any"),
        ([rule(tagStatus=None)], "tagStatus = nothing"),
        ([rule(tagStatus=["any"])], "tagStatus = "),
        ([rule(tagStatus="tagged")], "needs one of tagPatternList"),
        ([rule(tagStatus="untagged", tagPrefixList=["a"])], "may not have"),
        ([rule(tagPatternList=["a"])], "may not have"),
        ([rule(tagStatus="tagged", tagPatternList=[])], "tagPatternList"),
        ([rule(tagStatus="tagged", tagPatternList="*")], "tagPatternList"),
        ([rule(tagStatus="tagged", tagPatternList=["*1*2*3*4*"])], "at most 4"),
        ([rule(tagStatus="tagged", tagPatternList=[""])], "tagPatternList"),
        ([rule(countType="sinceYesterday")], "countType = 'sinceYesterday'"),
        ([rule(countNumber=0)], "countNumber = 0"),
        ([rule(countNumber=1.5)], "countNumber = 1.5"),
        ([rule(countType="sinceImagePushed")], "countUnit = nothing; it takes days"),
        ([rule(countUnit="days")], "does not take"),
        ([rule(storageClass="glacier")], "storageClass = 'glacier'"),
        ([rule(count=1)], "selection of rule 1 has count"),
        ([rule(action={"type": "delete"})], "type = 'delete'; it takes expire or transition"),
        ([rule(action={"type": "transition"})], "targetStorageClass = nothing"),
        ([rule(action={"type": "expire", "targetStorageClass": "archive"})], "no transition"),
        ([rule(tagStatus="untagged"), rule()], r"priorities \[1, 1\]"),
        ([rule(1), rule(2, tagStatus="untagged")], "priority 1 is about any image"),
        ([rule(1), rule(2, countNumber=-1)], "rule 2 has countNumber = -1"),
    ],
)
def test_a_rule_that_is_none_is_named_by_its_place_and_field(rules, said):
    with pytest.raises(InvalidLifecyclePolicyError, match=said) as raised:
        validate_lifecycle_policy(policy(*rules))
    assert isinstance(raised.value, ValueError)


def test_a_policy_is_set_and_read_back(ecr_registry, ecr_app):
    assert ecr_registry.get_lifecycle_policy(ecr_app) is None
    assert ecr_registry.put_lifecycle_policy(ecr_app, policy(rule())) == "123456789012"
    assert ecr_registry.get_lifecycle_policy(ecr_app) == policy(rule())


def test_no_policy_is_sent_that_is_known_to_be_wrong(ecr, ecr_registry, ecr_app):
    for send in (ecr_registry.put_lifecycle_policy, ecr_registry.preview_lifecycle):
        with pytest.raises(InvalidLifecyclePolicyError):
            send(ecr_app, policy(rule(countNumber=0)))
    assert not ecr.asked("put_lifecycle_policy")
    assert not ecr.asked("start_lifecycle_policy_preview")


def test_what_only_ecr_knows_to_be_wrong_is_an_invalid_policy_too(ecr, ecr_registry, ecr_app):
    for operation in ("put_lifecycle_policy", "start_lifecycle_policy_preview"):
        ecr.faults[operation] = [refusal("InvalidParameterException", "too long")]
    for send in (ecr_registry.put_lifecycle_policy, ecr_registry.preview_lifecycle):
        with pytest.raises(InvalidLifecyclePolicyError, match="too long"):
            send(ecr_app, policy(rule()))


def test_a_refusal_for_another_reason_is_none(ecr, ecr_registry, ecr_app):
    ecr.faults["put_lifecycle_policy"] = [refusal("LimitExceededException")]
    with pytest.raises(RegistryError, match="LimitExceeded"):
        ecr_registry.put_lifecycle_policy(ecr_app, policy(rule()))


def test_no_repository_is_not_the_same_as_no_policy(ecr_registry):
    with pytest.raises(ImageRepositoryNotFoundError):
        ecr_registry.get_lifecycle_policy(APP)


def test_a_preview_shows_what_would_go_by_which_rule_and_deletes_nothing(
    ecr, ecr_registry, ecr_app, ecr_pauses
):
    images = [push_image(ecr_registry, ecr_app, f"v{n}", layers=(b"%d" % n,)) for n in range(5)]
    child = push_image(ecr_registry, ecr_app, None, layers=(b"child",))
    push_index(ecr_registry, ecr_app, "index", [child])
    loose = push_image(ecr_registry, ecr_app, None, layers=(b"loose",))
    for age, image in enumerate([*images, child, loose]):
        ecr.images[ecr_app][image.digest].pushed_at = datetime.now(UTC) - timedelta(days=10 + age)
    before = copy.deepcopy(dict(ecr.images[ecr_app]))
    found = ecr_registry.preview_lifecycle(
        ecr_app,
        policy(
            rule(1, tagStatus="tagged", tagPatternList=["v*"], countNumber=1),
            rule(2, tagStatus="untagged", countType="sinceImagePushed", countUnit="days"),
        ),
    )
    assert [(one.digest, one.tags, one.rule_priority, one.action) for one in found] == [
        *((images[n].digest, (f"v{n}",), 1, "expire") for n in range(1, 5)),
        (loose.digest, (), 2, "expire"),
    ]
    assert found[0].pushed_at == before[images[1].digest].pushed_at
    assert ecr.images[ecr_app] == before
    assert ecr_pauses == [2.0]
    assert json.loads(json.dumps(found[0].to_dict()))["tags"] == ["v1"]


def test_without_a_policy_the_one_that_is_set_is_previewed(ecr_registry, ecr_app):
    with pytest.raises(NotFoundError, match="no lifecycle policy"):
        ecr_registry.preview_lifecycle(ecr_app)
    ecr_registry.put_lifecycle_policy(ecr_app, policy(rule(countNumber=1)))
    for n in range(2):
        push_image(ecr_registry, ecr_app, str(n), layers=(b"%d" % n,))
    assert len(ecr_registry.preview_lifecycle(ecr_app)) == 1


def test_another_preview_is_waited_for(ecr, ecr_registry, ecr_app, ecr_pauses):
    ecr.faults["start_lifecycle_policy_preview"] = [refusal(UNDER_WAY)] * 3
    assert ecr_registry.preview_lifecycle(ecr_app, policy(rule())) == ()
    assert len(ecr_pauses) == 4


@pytest.mark.parametrize("is_busy", [True, False])
def test_a_preview_is_not_waited_for_for_ever(ecr, ecr_registry, ecr_app, ecr_pauses, is_busy):
    ecr.looks_before_preview = 10_000
    ecr.faults["start_lifecycle_policy_preview"] = [refusal(UNDER_WAY)] * (10_000 * is_busy)
    with pytest.raises(StoreUnavailableError, match="120 seconds"):
        ecr_registry.preview_lifecycle(ecr_app, policy(rule()))
    assert sum(ecr_pauses) == 120


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_a_preview_that_fails_is_an_error(ecr, ecr_registry, ecr_app, status):
    ecr.preview_ends_as = status
    with pytest.raises(RegistryError, match=status):
        ecr_registry.preview_lifecycle(ecr_app, policy(rule()))
