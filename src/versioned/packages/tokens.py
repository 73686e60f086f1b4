"""Tokens: who may do what in which repository. Only a hash of each is stored.

A token is 256 random bits, so a plain SHA-256 of it is enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from versioned.context import Context, stamp
from versioned.documents import dump, parse
from versioned.errors import ContaminatedError, InvalidInputError, PreconditionFailedError
from versioned.naming import validate_sha256
from versioned.packages import layout
from versioned.packages.coordinates import validate_repository_name
from versioned.packages.errors import PackageConflictError, TokenNotFoundError
from versioned.pipelines.fields import FORMAT, check_format, check_note
from versioned.steps import Step, or_none

EVERY_REPOSITORY = "*"
_TOKEN = re.compile(r"vt-([0-9a-f]{16})-([0-9a-f]{64})")
_ATTEMPTS = 10
_LONGEST_LINE = 8


class Scope(StrEnum):
    """What a token allows in a repository. `ADMIN` is all of them, with statuses, yanks and
    removal; to promote takes `READ` where it comes from and `PROMOTE` where it goes."""

    READ = "read"
    PUBLISH = "publish"
    PROMOTE = "promote"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token, never the token itself. `scopes` are by repository, `*` means
    every one. Times are ISO 8601 in UTC by the store's clock. A token made from another one, its
    `parent`, ends with it."""

    identity: str
    name: str
    sha256: str
    scopes: Mapping[str, tuple[Scope, ...]]
    created_at: str
    created_by: str | None
    expires_at: str | None
    revoked_at: str | None = None
    parent: str | None = None

    def allows(self, repository: str, scope: Scope) -> bool:
        """Whether it may do that in that repository."""
        held = {*self.scopes.get(repository, ()), *self.scopes.get(EVERY_REPOSITORY, ())}
        return scope in held or Scope.ADMIN in held

    def is_valid(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        expired = self.expires_at is not None and datetime.fromisoformat(self.expires_at) <= now
        return self.revoked_at is None and not expired

    def to_dict(self) -> dict[str, Any]:
        """All fields but the hash, ready for JSON."""
        found = asdict(self)
        del found["sha256"]
        return found | {"scopes": {where: list(held) for where, held in self.scopes.items()}}


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made. `secret` is the token itself; it is told this once, and kept nowhere."""

    secret: str
    token: Token

    def __repr__(self) -> str:
        return f"NewToken(token={self.token!r})"


def parse_scopes(texts: Sequence[str]) -> dict[str, tuple[Scope, ...]]:
    """From `AbcDev:read,publish` and `*:read`. Raises InvalidInputError."""
    found: dict[str, tuple[Scope, ...]] = {}
    for text in texts:
        repository, colon, scopes = text.rpartition(":")
        try:
            held = tuple(Scope(one) for one in scopes.split(","))
        except ValueError:
            held = ()
        if not colon or not held:
            raise InvalidInputError(
                f"{text!r:.80} is no scope", hint=f"REPOSITORY:{','.join(Scope)}, or *:read"
            )
        if repository != EVERY_REPOSITORY:
            validate_repository_name(repository)
        found[repository] = tuple(dict.fromkeys((*found.get(repository, ()), *held)))
    return found


def create_token(
    context: Context,
    name: str,
    scopes: Mapping[str, Sequence[Scope]],
    *,
    seconds: float | None,
    by: str | None,
    parent: Token | None = None,
) -> NewToken:
    """Make a token that ends after so many seconds, or when it is revoked. One request.

    Raises InvalidInputError.
    """
    check_note("name", name)
    if not name.strip() or not name.isprintable() or not any(scopes.values()):
        raise InvalidInputError(
            "a token needs a printable name and a scope", hint="say what it is for, and where"
        )
    if seconds is not None and not 0 < seconds <= 10 * 366 * 24 * 3600:
        raise InvalidInputError(
            f"a token can't end after {seconds} seconds", hint="at most ten years"
        )
    _refuse_more(parent, scopes)
    context.capabilities()
    identity, secret = secrets.token_hex(8), secrets.token_hex(32)
    now = context.store.now()
    token = Token(
        identity=identity,
        name=name,
        sha256=hashlib.sha256(secret.encode()).hexdigest(),
        scopes={where: tuple(held) for where, held in scopes.items()},
        created_at=stamp(now),
        created_by=by or context.actor,
        expires_at=None if seconds is None else stamp(now + timedelta(seconds=seconds)),
        parent=parent.identity if parent else None,
    )
    context.write(layout.token_key(identity), _encode(token), if_absent=True)
    return NewToken(f"vt-{identity}-{secret}", token)


def _refuse_more(parent: Token | None, scopes: Mapping[str, Sequence[Scope]]) -> None:
    """Raises InvalidInputError where a token would allow more than the one that it is made from."""
    asked = [(where, scope) for where, held in scopes.items() for scope in held]
    more = [one for one in asked if parent is not None and not parent.allows(*one)]
    if more:
        where, scope = more[0]
        raise InvalidInputError(
            f"a token can't be made to {scope} in {where!r} from one that may not",
            hint="ask for less, or make it from another token",
        )


def find_token(context: Context, secret: str) -> Token | None:
    """The valid token that this is, or `None`. One request, and one for each token that it was
    made from; none for what can't be one."""
    match = _TOKEN.fullmatch(secret)
    token = _read(context, match[1]) if match else None
    if match is None or token is None:
        return None
    digest = hashlib.sha256(match[2].encode()).hexdigest()
    if not hmac.compare_digest(digest, token.sha256):
        return None
    return token if in_force(token, partial(_read, context), context.store.now()) else None


def in_force(token: Token, find: Callable[[str], Token | None], now: datetime) -> bool:
    """Whether a token is valid, and so is each that it was made from; `find` knows those by their
    identity."""
    for _ in range(_LONGEST_LINE):
        if not token.is_valid(now):
            return False
        if token.parent is None:
            return True
        parent = find(token.parent)
        if parent is None:
            return False
        token = parent
    return False


def list_tokens(context: Context) -> list[Token]:
    """All tokens, the oldest first, also those that ended."""
    lines = context.listed(layout.TOKENS_FOLDER)
    with Step(context.store) as step:
        asked = [step.add_optional(partial(context.read, line.key)) for line in lines]
    found = [
        _decode(line.key, one.result[1])
        for line, one in zip(lines, asked, strict=True)
        if one.result
    ]
    return sorted(found, key=lambda one: (one.created_at, one.identity))


def revoke_token(context: Context, identity: str) -> Token:
    """End a token now; the record of it stays. Idempotent. Raises TokenNotFoundError."""
    key = layout.token_key(identity)
    for _ in range(_ATTEMPTS):
        found = or_none(lambda: context.read(key))
        if found is None:
            raise TokenNotFoundError(
                f"there is no token {identity!r}", hint="versioned packages tokens ls shows them"
            )
        token = _decode(key, found[1])
        if token.revoked_at is not None:
            return token
        ended = replace(token, revoked_at=stamp(context.store.now()))
        try:
            context.write(key, _encode(ended), if_match=found[0].etag)
        except PreconditionFailedError:
            continue
        return ended
    raise PackageConflictError(
        f"the token {identity!r} is changed by others all the time", hint="repeat it"
    )


def prune_tokens(context: Context) -> list[Token]:
    """Remove the records of tokens that expired or were revoked, or were made from one that was;
    returns them."""
    now = context.store.now()
    found = {one.identity: one for one in list_tokens(context)}
    ended = [one for one in found.values() if not in_force(one, found.get, now)]
    context.store.delete_many([layout.token_key(one.identity) for one in ended])
    return ended


def _read(context: Context, identity: str) -> Token | None:
    key = layout.token_key(identity)
    found = or_none(lambda: context.read(key))
    return None if found is None else _decode(key, found[1])


def _encode(token: Token) -> bytes:
    return dump({"format": FORMAT, **token.to_dict(), "sha256": token.sha256})


def _decode(key: str, raw: bytes) -> Token:
    document = parse(key, raw)
    check_format(document)
    scopes = document.mapping("scopes")
    expires, revoked = document.text_or_none("expires_at"), document.text_or_none("revoked_at")
    try:
        token = Token(
            identity=document.text("identity"),
            name=document.text("name"),
            sha256=validate_sha256(key, document.text("sha256")),
            scopes={
                where: tuple(Scope(one) for one in scopes.texts(where)) for where in scopes.data
            },
            created_at=document.time("created_at"),
            created_by=document.text_or_none("created_by"),
            expires_at=None if expires is None else document.time("expires_at"),
            revoked_at=None if revoked is None else document.time("revoked_at"),
            parent=document.text_or_none("parent"),
        )
        place = layout.token_key(token.identity)
    except ValueError as error:
        raise ContaminatedError(f"{key!r} is no token: {error}", hint="revoke it") from error
    if place != key:
        raise ContaminatedError(f"{key!r} says that it lies elsewhere", hint="remove it")
    return token
