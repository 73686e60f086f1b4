"""Reading aliases: one, or all of an artifact."""

from __future__ import annotations

from functools import partial

from versioned import layout, ledger
from versioned.alias_records import HeldAlias, decode_alias
from versioned.context import Context
from versioned.errors import AliasNotFoundError
from versioned.models import Alias
from versioned.steps import Step, or_none


def read_held(context: Context, name: str, alias: str) -> HeldAlias | None:
    """An alias with its event, or `None`. One request. Raises ContaminatedError."""
    return read_key(context, name, alias, layout.alias_key(name, alias))


def read_key(context: Context, name: str, alias: str, key: str) -> HeldAlias | None:
    """The alias under a key, whatever another tool called it. Raises ContaminatedError."""
    found = or_none(lambda: context.read(key))
    if found is None:
        return None
    info, raw = found
    return decode_alias(name, alias, raw, info, partial(ledger.version_uri, context, name))


def get_alias(context: Context, name: str, alias: str) -> Alias:
    """One request. Raises AliasNotFoundError, ContaminatedError."""
    held = read_held(context, name, alias)
    if held is None:
        raise AliasNotFoundError(
            f"artifact {name!r} has no alias {alias!r}", hint=f"see versioned alias ls {name}"
        )
    return held.alias


def list_held(context: Context, name: str) -> list[HeldAlias]:
    """All aliases of an artifact, sorted by name. Two steps. Raises ContaminatedError."""
    folder = layout.aliases_folder(name)
    keys = [line.key for line in context.listed(folder)]
    with Step(context.store) as step:
        found = [
            step.add(partial(read_key, context, name, layout.alias_of_key(key), key))
            for key in keys
        ]
    return [held.result for held in found if held.result is not None]
