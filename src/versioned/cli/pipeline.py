"""`versioned pipeline set`, `show`, `gate`, `history` and `iam`."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from versioned.cli.arguments import DURATION, message_option, yes_option
from versioned.cli.exits import NeedsYesError
from versioned.cli.framework import Command, Group
from versioned.cli.session import Session
from versioned.cli.tables import Column, Table
from versioned.cli.words import time_words
from versioned.errors import InvalidInputError
from versioned.pipelines.gate import Gate
from versioned.pipelines.gates import gate_words
from versioned.pipelines.pipeline import Pipeline
from versioned.pipelines.policy import Policy
from versioned.ranks import parse_ranks


@click.group("pipeline", cls=Group)
def pipeline() -> None:
    """Declare ranks in order, and what it takes to enter one."""


def _table(policy: Policy) -> Table:
    rows = [
        (str(place), rank, gate_words(policy.gate(rank)))
        for place, rank in enumerate(policy.ranks, start=1)
    ]
    columns = (Column("", right=True), Column("RANK"), Column("TO ENTER", shrink=16))
    return Table(columns, rows, "no ranks are declared: versioned pipeline set qa production")


def _show(session: Session, policy: Policy) -> None:
    session.out.answer(policy.to_dict(), quiet=policy.ranks, people=[_table(policy)])


@pipeline.command("set", cls=Command, example="versioned pipeline set qa staging production")
@click.argument("ranks", nargs=-1, required=True)
@message_option
@yes_option
@click.pass_obj
def set_ranks(
    session: Session, /, *, ranks: tuple[str, ...], message: str | None, yes: bool
) -> None:
    """Declare all ranks, the lowest first. Those that stay keep their gates.

    Commas may stand between them. That a rank goes takes --yes: its gate is forgotten.
    """
    named = [rank.strip() for word in ranks for rank in word.split(",")]
    ours = Pipeline(session.repository())
    going = [] if yes else _going(ours.policy(), parse_ranks(named))
    if going:
        session.out.answer({"going": going}, quiet=going, people=[f"to go: {', '.join(going)}"])
        raise NeedsYesError
    _show(session, ours.declare(named, message=message))


def _going(before: Policy, named: Sequence[str]) -> list[str]:
    """The ranks that are not among those named, each with what it takes to enter it."""
    gone = [rank for rank in before.ranks if rank not in named]
    words = ((rank, gate_words(before.gate(rank))) for rank in gone)
    return [f"{rank} ({asked})" if asked else rank for rank, asked in words]


@pipeline.command("show", cls=Command, example="versioned pipeline show")
@click.pass_obj
def show(session: Session, /) -> None:
    """Show the ranks in order, and what it takes to enter each."""
    _show(session, Pipeline(session.repository()).policy())


@pipeline.command(
    "gate",
    cls=Command,
    example="""
    versioned pipeline gate staging --require integration --soak 1h
    versioned pipeline gate production --approvals 2 --approver ann --approver bob
    """,
)
@click.argument("rank")
@click.option("--require", "checks", metavar="CHECK", multiple=True, help="Its newest must pass.")
@click.option("--soak", type=DURATION, help="So long with all traffic of the rank before.")
@click.option("--approvals", metavar="N", type=int, help="So many persons approve.")
@click.option("--approver", "approvers", metavar="NAME", multiple=True, help="Only these count.")
@click.option("--none", "nothing", is_flag=True, help="Ask nothing.")
@message_option
@click.pass_obj
def gate(
    session: Session,
    /,
    *,
    rank: str,
    checks: tuple[str, ...],
    soak: float | None,
    approvals: int | None,
    approvers: tuple[str, ...],
    nothing: bool,
    message: str | None,
) -> None:
    """Declare all that it takes to enter a rank, in place of what it took before."""
    asked = checks or approvers or soak is not None or approvals is not None
    if bool(asked) == nothing:
        raise click.UsageError("Say what it takes, or --none.")
    count = approvals if approvals is not None else min(len(approvers), 1)
    wanted = Gate(checks, soak or 0.0, count, approvers)
    _show(session, Pipeline(session.repository()).set_gate(rank, wanted, message=message))


@pipeline.command("history", cls=Command, example="versioned pipeline history")
@click.pass_obj
def history(session: Session, /) -> None:
    """Show every pipeline that was declared, newest first."""
    found = Pipeline(session.repository()).policy_history()
    columns = (
        Column("", right=True),
        Column("WHEN", drop=2),
        Column("BY", drop=1, shrink=8),
        Column("RANKS", shrink=8),
        Column("TO ENTER", shrink=16),
        Column("MESSAGE", drop=3, shrink=16),
    )
    rows = [
        (
            str(policy.position),
            time_words(policy.at),
            policy.by or "",
            ", ".join(policy.ranks),
            "; ".join(
                f"{rank}: {gate_words(policy.gates[rank])}"
                for rank in policy.ranks
                if rank in policy.gates
            ),
            policy.message or "",
        )
        for policy in found
    ]
    session.out.answer(
        [policy.to_dict() for policy in found],
        quiet=[policy.position for policy in found],
        people=[Table(columns, rows, "no ranks were ever declared")],
    )


@pipeline.command(
    "iam",
    cls=Command,
    example="""
    versioned pipeline iam -q
    versioned pipeline iam promoter:qa > promoter-qa.json
    """,
)
@click.argument("role", required=False)
@click.option("--no-conditions", is_flag=True, help="For stores that don't know s3:if-none-match.")
@click.pass_obj
def iam(session: Session, /, *, role: str | None, no_conditions: bool) -> None:
    """Print IAM policies for those who promote, report, approve and declare.

    One JSON document: of a role the policy, of all roles each by its name.
    """
    found = Pipeline(session.repository()).iam(create_only=not no_conditions)
    documents = {one.role: one.document for one in found}
    if role is not None and role not in documents:
        raise InvalidInputError(
            f"{role!r} is no role of this pipeline", hint=f"there are {', '.join(documents)}"
        )
    document = documents if role is None else documents[role]
    session.out.answer(
        document, quiet=documents, people=json.dumps(document, indent=2).splitlines()
    )
