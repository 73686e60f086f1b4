"""What a format keeps ready for its clients: pages of an index, made from revisions alone.

The first page of a package holds what each version contributes, and which of its revisions that
is. So a page is merged, version by version, and never goes back; and whoever has all newest
revisions makes the same bytes. `docs/design/packages.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from versioned.context import Context
from versioned.packages.coordinates import Package
from versioned.packages.history import Heads
from versioned.stores.base import Attributes


@dataclass(frozen=True, slots=True)
class Page:
    """`positions` are those of the revisions that the page shows, `entries` what each version
    contributes, ready for JSON."""

    positions: Mapping[str, int] = field(default_factory=dict)
    entries: Mapping[str, Any] = field(default_factory=dict)

    @property
    def serial(self) -> int:
        """Grows with every change of the page."""
        return sum(self.positions.values())

    def behind(self, positions: Mapping[str, int]) -> list[str]:
        """The versions that have newer revisions."""
        return [one for one, at in positions.items() if at > self.positions.get(one, 0)]

    def merged(self, positions: Mapping[str, int], entries: Mapping[str, Any]) -> Page:
        """With what is newer, version by version."""
        newer = self.behind(positions)
        return Page(
            {**self.positions, **{one: positions[one] for one in newer}},
            {**self.entries, **{one: entries[one] for one in newer}},
        )


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page as it is written."""

    key: str
    body: bytes
    attributes: Attributes


class Pages(Protocol):
    """The pages of one format. All but `entry` are pure."""

    def key(self, repository: str, package: Package) -> str:
        """Of the first page of a package."""

    def decode(self, key: str, raw: bytes) -> Page:
        """Raises ContaminatedError."""

    def render(self, repository: str, package: Package, page: Page) -> Rendered:
        """The first page."""

    def copy_keys(self, repository: str, package: Package) -> list[str]:
        """Of what shows the same in other forms."""

    def copies(self, repository: str, package: Package, page: Page) -> list[Rendered]:
        """What lies under these keys; each is replaced by a newer serial only."""

    def serial(self, raw: bytes) -> int:
        """The serial of a copy; 0 for what is none."""

    def root(self, repository: str, packages: list[str]) -> list[Rendered]:
        """What lists the packages; the first one can be read by `listed`. May be empty."""

    def listed(self, raw: bytes) -> list[str]:
        """The packages that a root lists. Raises ContaminatedError."""

    def entry(self, context: Context, heads: Heads, version: str) -> Any:  # noqa: ANN401 - JSON
        """What the newest revision of a version contributes. Asks the store for it."""
