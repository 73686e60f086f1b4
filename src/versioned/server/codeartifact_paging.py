"""Lists in parts: tokens that say where the next part begins. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar, TypeVar

from versioned.server.problems import RequestError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Paging:
    """At most `limit` items, those whose key comes after `after`. A token belongs to the question
    that it was made for, by `question`, and holds nothing secret."""

    most: ClassVar[int] = 1000

    question: str
    limit: int
    after: str

    @classmethod
    def of(
        cls,
        path: str,
        parameters: Sequence[tuple[str, str]],
        limit: int | None,
        token: str | None,
    ) -> Paging:
        """Raises RequestError for a token that was not made here, or for another question."""
        asked = json.dumps([path, sorted(parameters)])
        question = hashlib.sha256(asked.encode()).hexdigest()[:16]
        after = "" if token is None else _read(token, question)
        return cls(question, limit or cls.most, after)

    def cut(self, items: Sequence[tuple[str, T]]) -> tuple[list[T], dict[str, str]]:
        """The items of this part, of all by their keys, and the token for the next part as a
        field of the answer, if there is one. Keys are told apart; items come in their order."""
        rest = sorted((one for one in items if one[0] > self.after), key=lambda one: one[0])
        part = rest[: self.limit]
        more = {"nextToken": self._token(part[-1][0])} if len(rest) > len(part) else {}
        return [item for _, item in part], more

    def _token(self, key: str) -> str:
        raw = json.dumps([self.question, key], ensure_ascii=False).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _read(token: str, question: str) -> str:
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        asked, after = found
    except (binascii.Error, ValueError, TypeError, RecursionError):
        asked, after = None, None
    if asked != question or not isinstance(after, str):
        raise RequestError(
            HTTPStatus.BAD_REQUEST,
            "this next-token is of no such list",
            hint="ask with the same parameters as for the first part",
        )
    return after
