"""`versioned events deliver` and `pending`."""

from __future__ import annotations

from typing import Any

import click

from versioned.cli.arguments import NAME
from versioned.cli.framework import Command, Group
from versioned.cli.hooks import read_hooks, warn_of
from versioned.cli.output import Block
from versioned.cli.session import Session
from versioned.cli.tables import Column, Table
from versioned.cli.words import time_words
from versioned.errors import DeliveryError
from versioned.events import DeliveryReport, deliver, deliver_all
from versioned.events import pending as find_pending

_names = click.argument("name", required=False, type=NAME)


@click.group("events", cls=Group)
def events() -> None:
    """Tell hooks what changed.

    Hooks are named in .versioned.toml. Commands that change something tell them right away;
    these are for what could not be told then, and for changes that programs made.
    """


@events.command("deliver", cls=Command, example="versioned events deliver")
@_names
@click.pass_obj
def deliver_command(session: Session, /, *, name: str | None) -> None:
    """Tell the hooks what they have not been told, of one artifact or of all.

    Run it from cron or CI. A hook that is new here is told what changes from now on.
    """
    hooks = read_hooks(session)
    context = session.repository().context
    report = deliver(context, name, hooks, reach=0) if name else deliver_all(context, hooks)
    people: list[Block] = [
        f"told {told.hook}: {told.event.type} {told.event.subject}" for told in report.told
    ]
    session.out.answer(
        _document(report),
        quiet=[told.event.id for told in report.told],
        people=people or ["nothing was told"],
    )
    if report.untold:
        warn_of(report, session.out)
        hooks_left = sorted({untold.hook for untold in report.untold})
        raise DeliveryError(
            f"not all could be told: {', '.join(hooks_left)}",
            hint="what is left is told by the next versioned events deliver",
        )


def _document(report: DeliveryReport) -> dict[str, Any]:
    return {
        "told": [{"hook": t.hook, "event": t.event.to_dict()} for t in report.told],
        "untold": [
            {
                "hook": u.hook,
                "subject": u.subject,
                "waiting": u.waiting,
                "error": u.error.code,
                "message": u.error.message,
            }
            for u in report.untold
        ],
    }


@events.command("pending", cls=Command, example="versioned events pending app")
@_names
@click.pass_obj
def pending_command(session: Session, /, *, name: str | None) -> None:
    """Show what the hooks have not been told, of one artifact or of all."""
    found = find_pending(session.repository().context, read_hooks(session), name)
    columns = (
        Column("HOOK"),
        Column("EVENT"),
        Column("SUBJECT"),
        Column("TIME", drop=1),
    )
    rows = [(p.hook, p.event.type, p.event.subject, time_words(p.event.time)) for p in found]
    session.out.answer(
        [{"hook": p.hook, "event": p.event.to_dict()} for p in found],
        quiet=[p.event.id for p in found],
        people=[Table(columns, rows, "the hooks have been told everything")],
    )
