"""Whether a ledger is whole: a chain of hashes, and the alias that it ends in. Pure: no I/O.

What is proved, and what it can't prove, is in `docs/formats/aliases.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from versioned import layout
from versioned.alias_records import HeldAlias
from versioned.documents import parse
from versioned.errors import ContaminatedError, InvalidInputError
from versioned.ledger_records import decode_entry, digest
from versioned.models import LedgerEntry
from versioned.references import Reference

_HASH = re.compile(r"[0-9a-f]{64}")
_POSITION = re.compile(r"[0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class Anchor:
    """The SHA-256 of a ledger's entry, kept where whoever can write the ledger can't."""

    name: str
    alias: str
    position: int
    sha256: str

    @classmethod
    def parse(cls, line: str) -> Anchor:
        """Read what `str` gives: `app@prod 3 9a81...`. Raises InvalidInputError."""
        ref, position, sha256 = [*line.rsplit(maxsplit=2), "", "", ""][:3]
        sound = _POSITION.fullmatch(position) and _HASH.fullmatch(sha256)
        reference = Reference.parse(ref) if sound else None
        if reference is None or reference.alias is None or reference.at:
            raise InvalidInputError(
                f"{line!r} is not an anchor",
                hint="a line of versioned verify --ledger -q: app@prod, a position, its SHA-256",
            )
        return cls(reference.name, reference.alias, int(position), sha256)

    def __str__(self) -> str:
        return f"{self.name}@{self.alias} {self.position} {self.sha256}"


@dataclass(frozen=True, slots=True)
class ProvenLedger:
    """What was found out about one ledger.

    `tip` is the SHA-256 of its newest entry, empty without one. `faults` are sentences that name
    the key; `notices` tell of what can't be proved and is no fault.
    """

    name: str
    alias: str
    entries: int
    tip: str
    faults: tuple[str, ...]
    notices: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.faults

    @property
    def anchor(self) -> Anchor | None:
        """To be kept elsewhere; `None` for an empty ledger, or a broken one."""
        if not self.ok or not self.entries:
            return None
        return Anchor(self.name, self.alias, self.entries, self.tip)


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """Every ledger that was read, and, a sentence each, what lies among them and is none."""

    ledgers: tuple[ProvenLedger, ...]
    foreign: tuple[str, ...] = ()

    @property
    def broken(self) -> tuple[ProvenLedger, ...]:
        """The ledgers that were changed, or that miss entries."""
        return tuple(ledger for ledger in self.ledgers if not ledger.ok)

    @property
    def ok(self) -> bool:
        """Whether all of them are whole, and nothing foreign lies among them."""
        return not self.broken and not self.foreign

    def to_dict(self) -> dict[str, Any]:
        """The report, ready for JSON."""
        ledgers = [{"ok": ledger.ok} | asdict(ledger) for ledger in self.ledgers]
        return {"ok": self.ok, "foreign": list(self.foreign), "ledgers": ledgers}


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of a chain; without an identity where it can't be understood."""

    sha256: str
    identity: str | None = None
    action: Literal["put", "delete"] | None = None


@dataclass(slots=True)
class Chain:
    """A ledger as it was read from its first entry on, and what is wrong with it."""

    name: str
    alias: str
    links: dict[int, Link] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    newest: int = 0
    _time: datetime | None = None

    def add(self, position: int, body: bytes | str) -> None:
        """The next entry that is there: its bytes, or why it can't be read.

        Positions rise; one that is left out is missing.
        """
        key = layout.ledger_key(self.name, self.alias, position)
        if position != self.newest + 1:
            self._lacks(self.newest + 1, position - 1)
        before = self.links.get(position - 1)
        self.newest = position
        if isinstance(body, str):
            self.faults.append(body)
            self._time = None
            return
        self.links[position] = Link(digest(body))
        try:
            entry = decode_entry(key, body, str)
            previous = parse(key, body).text("previous")
        except ContaminatedError as error:
            self.faults.append(error.message)
            self._time = None
            return
        self.links[position] = Link(digest(body), entry.identity, entry.action)
        self._check_name(key, entry, position)
        self._check_previous(key, previous, position, before)
        self._check_time(key, entry, entry.at_datetime)

    def _lacks(self, first: int, last: int) -> None:
        what = f"{_key(self, first)!r}" + (f" to {_key(self, last)!r}" if last > first else "")
        self.faults.append(f"{what} {'are' if last > first else 'is'} missing")
        self._time = None

    def _check_name(self, key: str, entry: LedgerEntry, position: int) -> None:
        if (entry.name, entry.alias, entry.position) != (self.name, self.alias, position):
            self.faults.append(
                f"{key!r} says that it is entry {entry.position} of {entry.name}@{entry.alias}"
            )

    def _check_previous(self, key: str, previous: str, position: int, before: Link | None) -> None:
        if position == 1 and previous:
            self.faults.append(f"{key!r} is the first entry, and names one before it")
        if before and previous != before.sha256:
            self.faults.append(
                f"{key!r} does not follow from the entry before it: one of the two was changed"
            )

    def _check_time(self, key: str, entry: LedgerEntry, moment: datetime) -> None:
        """Our writers set a later time than the state before has, whatever the clocks say; for
        deletions and for other tools a clock may have been set back."""
        foreign = entry.identity.startswith("foreign-")
        if entry.action == "put" and not foreign and self._time and moment <= self._time:
            self.faults.append(f"{key!r} is of {entry.at}, no later than the state before it")
        self._time = moment if entry.action == "put" else None


def _key(chain: Chain, position: int) -> str:
    return layout.ledger_key(chain.name, chain.alias, position)


def link_faults(chain: Chain, held: HeldAlias, *, moved: bool) -> list[str]:
    """What contradicts that an alias which has an event continues its ledger.

    The alias was read before the ledger was listed; `moved` tells that it was another one
    after that, so what follows on it is none of its own.
    """
    key = layout.alias_key(chain.name, chain.alias)
    if held.event is None:
        return []
    position, previous = held.event.position, held.event.previous
    if not 0 <= position <= chain.newest:
        end = f"the ledger ends with {chain.newest}: entries were removed"
        return [f"{key!r} was written after entry {position}, and {end}"]
    link = chain.links.get(position)
    if (link and previous != link.sha256) or (position == 0 and previous):
        return [f"{key!r} does not follow from entry {position}: one of the two was changed"]
    if moved:
        return []
    return [
        f"{_key(chain, later)!r} records a state that {key!r} does not know of"
        for later, link in chain.links.items()
        if later > position and link.action == "put" and link.identity != held.identity
    ]


def is_gone_untold(chain: Chain) -> bool:
    """Whether a ledger ends with a state, though the alias is gone."""
    link = chain.links.get(chain.newest)
    return link is not None and link.action == "put"


def anchor_faults(chain: Chain, anchors: Iterable[Anchor]) -> list[str]:
    """What contradicts anchors that were kept."""
    return [
        f"{_key(chain, anchor.position)!r} is not the entry that was kept as an anchor"
        if anchor.position in chain.links
        else f"{_key(chain, anchor.position)!r} was kept as an anchor, and is not there"
        for anchor in anchors
        if (link := chain.links.get(anchor.position)) is None or link.sha256 != anchor.sha256
    ]
