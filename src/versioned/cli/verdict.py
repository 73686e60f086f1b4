"""`versioned verdict`."""

from __future__ import annotations

import click

from versioned.cli.arguments import REF, message_option
from versioned.cli.framework import command
from versioned.cli.session import Session
from versioned.cli.words import SHORT_SHA
from versioned.pipelines.pipeline import Pipeline
from versioned.references import Reference


@command("verdict", example="versioned verdict app@12 integration --pass --url https://ci/77")
@click.argument("reference", metavar="REF", type=REF)
@click.argument("check")
@click.option("--pass", "passed", is_flag=True, help="It passed.")
@click.option("--fail", "failed", is_flag=True, help="It failed.")
@click.option("--url", help="Where the report is.")
@message_option
@click.pass_obj
def verdict(
    session: Session,
    /,
    *,
    reference: Reference,
    check: str,
    passed: bool,
    failed: bool,
    url: str | None,
    message: str | None,
) -> None:
    """Record the outcome of a check for the bytes of a version.

    The newest outcome counts, and it counts for these bytes under any number.
    """
    if passed == failed:
        raise click.UsageError("Say either --pass or --fail.")
    outcome = "pass" if passed else "fail"
    found = Pipeline(session.repository()).record_verdict(
        str(reference), check, outcome, url=url, message=message
    )
    ref = f"{found.artifact}@{found.version}"
    session.out.answer(
        found.to_dict(),
        quiet=[found.position],
        people=[f"{check}: {outcome} for {ref} (sha256 {found.sha256[:SHORT_SHA]})"],
    )
