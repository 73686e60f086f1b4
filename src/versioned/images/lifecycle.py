"""Lifecycle policies of ECR: which images ECR itself lets expire. Pure: no I/O.

What can be told without ECR is checked here, so that a slip is named by its rule and its field;
the rest only ECR knows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from versioned.images.errors import InvalidLifecyclePolicyError

KEEP_TAGGED = 20
"""Tagged images that the default policy keeps."""
EXPIRE_UNTAGGED_DAYS = 7
"""Age at which the default policy lets untagged images go."""

_MAX_WILDCARDS = 4
_RULE = {"rulePriority", "description", "selection", "action"}
_TAG_LISTS = ("tagPatternList", "tagPrefixList")
_SELECTION = {
    "tagStatus",
    *_TAG_LISTS,
    "storageClass",
    "countType",
    "countUnit",
    "countNumber",
}
_TAG_STATUS = ("tagged", "untagged", "any")
_BY_COUNT = "imageCountMoreThan"
_BY_AGE = ("sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")
_STORAGE = ("standard", "archive")
_HINT = "versioned images lifecycle get shows a policy as it has to be"


@dataclass(frozen=True, slots=True)
class LifecyclePreview:
    """An image that a policy would act on: `rule_priority` names the rule, `action` is its
    `expire` or `transition`."""

    digest: str
    tags: tuple[str, ...]
    pushed_at: datetime | None
    rule_priority: int
    action: str

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        document = asdict(self)
        document["tags"] = list(self.tags)
        document["pushed_at"] = self.pushed_at.isoformat() if self.pushed_at else None
        return document


def default_lifecycle_policy() -> dict[str, Any]:
    """Keep the 20 newest tagged images; untagged ones expire after 7 days."""
    tagged = {
        "tagStatus": "tagged",
        "tagPatternList": ["*"],
        "countType": _BY_COUNT,
        "countNumber": KEEP_TAGGED,
    }
    untagged = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": EXPIRE_UNTAGGED_DAYS,
    }
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": f"the {KEEP_TAGGED} newest tagged images stay",
                "selection": tagged,
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 2,
                "description": f"untagged images go after {EXPIRE_UNTAGGED_DAYS} days",
                "selection": untagged,
                "action": {"type": "expire"},
            },
        ]
    }


def parse_lifecycle_policy(text: str) -> dict[str, Any]:
    """The policy that a JSON text is. Raises InvalidLifecyclePolicyError, with line and column
    where it is no JSON."""
    try:
        policy = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidLifecyclePolicyError(
            f"the lifecycle policy is not JSON: line {error.lineno}, column {error.colno}: "
            f"{error.msg}",
            hint=_HINT,
        ) from None
    except RecursionError:
        raise _invalid("it is nested too deeply") from None
    return validate_lifecycle_policy(policy)


def validate_lifecycle_policy(policy: object) -> dict[str, Any]:
    """The policy as it was given. Raises InvalidLifecyclePolicyError, which names the rule by its
    place, the first being rule 1."""
    document = _object(policy, "it", {"rules"})
    rules = document.get("rules")
    if not isinstance(rules, list) or not rules:
        raise _invalid("it has no list of rules")
    for number, rule in enumerate(rules, start=1):
        _check_rule(rule, f"rule {number}")
    _check_priorities(rules)
    return dict(document)


def _check_rule(rule: object, where: str) -> None:
    document = _object(rule, where, _RULE)
    _positive(document, "rulePriority", where)
    if not isinstance(document.get("description", ""), str):
        raise _invalid(f"the description of {where} is no text")
    selection = _object(document.get("selection"), f"selection of {where}", _SELECTION)
    _check_tags(selection, where)
    _check_count(selection, where)
    action = _object(document.get("action"), f"action of {where}", {"type", "targetStorageClass"})
    kind = _one_of(action, "type", ("expire", "transition"), where)
    if kind == "transition":
        _one_of(action, "targetStorageClass", ("archive",), where)
    elif "targetStorageClass" in action:
        raise _invalid(f"{where} has targetStorageClass, and its action is no transition")


def _check_tags(selection: Mapping[str, Any], where: str) -> None:
    status = _one_of(selection, "tagStatus", _TAG_STATUS, where)
    given = [name for name in _TAG_LISTS if name in selection]
    if (status == "tagged") != bool(given):
        needs = "needs one of" if status == "tagged" else "may not have"
        raise _invalid(
            f"{where} is about tagStatus {status!r}, so it {needs} {', '.join(_TAG_LISTS)}"
        )
    for name in given:
        tags = selection[name]
        if not isinstance(tags, list) or not tags or not all(_is_pattern(tag) for tag in tags):
            raise _invalid(
                f"{where} has {name} = {_shown(tags)}; it takes a list of texts, each with "
                f"at most {_MAX_WILDCARDS} '*'"
            )


def _is_pattern(tag: object) -> bool:
    return isinstance(tag, str) and tag != "" and tag.count("*") <= _MAX_WILDCARDS


def _check_count(selection: Mapping[str, Any], where: str) -> None:
    kind = _one_of(selection, "countType", (_BY_COUNT, *_BY_AGE), where)
    _positive(selection, "countNumber", where)
    if kind in _BY_AGE:
        _one_of(selection, "countUnit", ("days",), where)
    elif "countUnit" in selection:
        raise _invalid(f"{where} has countUnit, which countType {kind!r} does not take")
    if "storageClass" in selection:
        _one_of(selection, "storageClass", _STORAGE, where)


def _check_priorities(rules: Collection[Mapping[str, Any]]) -> None:
    """ECR wants each priority once, and `any` after all others of its storage class."""
    priorities = [rule["rulePriority"] for rule in rules]
    if len(set(priorities)) < len(priorities):
        raise _invalid(f"its rules have the priorities {priorities}; each may be there once")
    last: dict[str, int] = {}
    for rule in sorted(rules, key=lambda rule: int(rule["rulePriority"])):
        storage = rule["selection"].get("storageClass", "standard")
        if storage in last:
            raise _invalid(
                f"the rule with the priority {last[storage]} is about any image, so it has to be "
                "the last: give it the highest rulePriority"
            )
        if rule["selection"]["tagStatus"] == "any":
            last[storage] = rule["rulePriority"]


def _object(value: object, where: str, known: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _invalid(f"{where} is {_shown(value)}, not an object")
    unknown = [str(key) for key in value if key not in known]
    if unknown:
        raise _invalid(
            f"{where} has {', '.join(unknown)[:80]}; it may have {', '.join(sorted(known))}"
        )
    return value


def _positive(document: Mapping[str, Any], name: str, where: str) -> None:
    value = document.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _invalid(f"{where} has {name} = {_shown(value)}; it takes a number from 1 on")


def _one_of(document: Mapping[str, Any], name: str, choices: Collection[str], where: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or value not in choices:
        raise _invalid(f"{where} has {name} = {_shown(value)}; it takes {' or '.join(choices)}")
    return value


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)[:80]


def _invalid(found: str) -> InvalidLifecyclePolicyError:
    return InvalidLifecyclePolicyError(f"the lifecycle policy is not valid: {found}", hint=_HINT)
