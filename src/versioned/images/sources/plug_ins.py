"""Sources that other packages bring along, by an entry point."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

from versioned.errors import InputTypeError
from versioned.images.sources.base import PLUG_INS, ImageUse


class PlugInSource:
    """The source that an entry point names: a callable without arguments that returns one. It is
    loaded when it is asked, so that one that can't be loaded is one that did not answer."""

    def __init__(self, entry_point: EntryPoint) -> None:
        self._entry_point = entry_point
        self.name = entry_point.name

    def uses(self) -> Iterable[ImageUse]:
        """Raises whatever loading, making and asking it raises."""
        source = self._entry_point.load()()
        uses = getattr(source, "uses", None)
        if not callable(uses):
            raise InputTypeError(
                f"{self._entry_point.value} gave a {type(source).__name__}, which is no source",
                hint="it has to return an object with a method uses",
            )
        found: Iterable[ImageUse] = uses()
        return found


def plug_in_sources() -> list[PlugInSource]:
    """All that are installed, in the order of their names. Loads none of them."""
    found = sorted(entry_points(group=PLUG_INS), key=lambda one: (one.name, one.value))
    return [PlugInSource(one) for one in found]
