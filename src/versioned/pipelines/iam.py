"""Policies of AWS that let credentials keep the order of ranks too. Pure: no I/O.

In a policy a `*` matches slashes as well, so an allowed pattern reaches further than the keys
that are meant: `*/ledger/qa/*` also into `app/ledger/production/ledger/qa/`. So each allowed
pattern comes with denials of itself with a `*/*` for a `*`: what is left has no slash in any `*`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from versioned import layout
from versioned.errors import InvalidInputError
from versioned.pipelines.policy import Policy

_SCHEME = "s3://"
_USER = "${aws:username}"
_STAR = re.compile(r"(?<!\{)\*")
_OWNED = layout.superseded_pipeline_key(0).replace("0" * 8, "*")


@dataclass(frozen=True, slots=True)
class RolePolicy:
    """An IAM policy for a role: `promoter:qa`, `reporter:integration`, `approver:production` or
    `owner`. `document` is what IAM takes."""

    role: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Room:
    """Where a repository lies, as the resources of a policy name it."""

    bucket: str
    prefix: str

    @classmethod
    def of_uri(cls, uri: str) -> Room:
        """Raises InvalidInputError for a repository that is in no bucket."""
        bucket, _, prefix = uri.removeprefix(_SCHEME).partition("/")
        if not uri.startswith(_SCHEME) or not bucket:
            raise InvalidInputError(
                f"{uri} is in no bucket, and IAM knows nothing else",
                hint="name one: versioned --repo s3://bucket/prefix pipeline iam",
            )
        return cls(bucket, prefix)

    @property
    def arn(self) -> str:
        """The bucket itself."""
        return f"arn:aws:s3:::{self.bucket}"

    def below(self, pattern: str) -> str:
        """The objects that a pattern of keys means."""
        return f"{self.arn}/{_escaped(self.prefix)}{pattern}"


def _escaped(text: str) -> str:
    """A name inside a pattern, where `*`, `?` and `$` would mean something."""
    return "".join(f"${{{c}}}" if c in "*?$" else c for c in text)


def role_policies(room: Room, policy: Policy, *, create_only: bool) -> list[RolePolicy]:
    """A policy for each role of a pipeline.

    `create_only` lets entries of ledgers, verdicts and approvals be made and never overwritten,
    by the condition key `s3:if-none-match`; without it for stores that don't know that key.
    """
    role = _Roles(room, create_only=create_only)
    checks = sorted({check for gate in policy.gates.values() for check in gate.verdicts})
    approved = [rank for rank in policy.ranks if policy.gate(rank).approvals]
    return [
        *(role.promoter(rank) for rank in policy.ranks),
        *(role.reporter(check) for check in checks),
        *(role.approver(rank) for rank in approved),
        role.owner(),
    ]


@dataclass(frozen=True, slots=True)
class _Roles:
    room: Room
    create_only: bool

    def promoter(self, rank: str) -> RolePolicy:
        name = _escaped(rank)
        alias, entries = f"*/aliases/{name}.json", f"*/ledger/{name}/*"
        rollout, ended = f"*/rollouts/{name}.json", f"*/rollouts/{name}/*"
        return self._role(
            f"promoter:{rank}",
            self._allow("MoveRank", ["s3:PutObject", "s3:DeleteObject"], alias),
            self._create("WriteHistory", entries),
            self._allow("MoveRollout", ["s3:PutObject"], rollout),
            self._create("KeepEndedRollouts", ended),
            self._deny(["s3:PutObject", "s3:DeleteObject"], [alias, entries, rollout, ended]),
        )

    def reporter(self, check: str) -> RolePolicy:
        entries = f"*/verdicts/*/{check}/*"
        return self._role(
            f"reporter:{check}",
            self._create("Report", entries),
            self._deny(["s3:PutObject"], [entries]),
        )

    def approver(self, rank: str) -> RolePolicy:
        entries = f"*/approvals/*/{_escaped(rank)}/{_USER}/*"
        return self._role(
            f"approver:{rank}",
            self._create("Approve", entries),
            self._deny(["s3:PutObject"], [entries]),
        )

    def owner(self) -> RolePolicy:
        return self._role(
            "owner",
            self._allow("Declare", ["s3:PutObject"], layout.PIPELINE_KEY),
            self._create("KeepSuperseded", _OWNED),
            self._deny(["s3:PutObject"], [_OWNED]),
        )

    def _role(self, role: str, *statements: dict[str, Any]) -> RolePolicy:
        reading = [
            _statement("List", "Allow", ["s3:ListBucket"], [self.room.arn]),
            self._allow("Read", ["s3:GetObject"], "*"),
        ]
        return RolePolicy(role, {"Version": "2012-10-17", "Statement": [*reading, *statements]})

    def _allow(self, sid: str, actions: Sequence[str], pattern: str) -> dict[str, Any]:
        return _statement(sid, "Allow", actions, [self.room.below(pattern)])

    def _create(self, sid: str, pattern: str) -> dict[str, Any]:
        """What may be made and not overwritten."""
        statement = self._allow(sid, ["s3:PutObject"], pattern)
        if self.create_only:
            statement["Condition"] = {"Null": {"s3:if-none-match": "false"}}
        return statement

    def _deny(self, actions: Sequence[str], patterns: Sequence[str]) -> dict[str, Any]:
        further = [self.room.below(one) for pattern in patterns for one in deeper(pattern)]
        return _statement("NoDeeper", "Deny", actions, further)


def _statement(
    sid: str, effect: str, actions: Sequence[str], resources: Sequence[str]
) -> dict[str, Any]:
    return {"Sid": sid, "Effect": effect, "Action": list(actions), "Resource": list(resources)}


def deeper(pattern: str) -> list[str]:
    """The pattern once for each of its `*`, which then matches only what has a slash. Pure."""
    return [
        f"{pattern[: star.start()]}*/*{pattern[star.end() :]}" for star in _STAR.finditer(pattern)
    ]
