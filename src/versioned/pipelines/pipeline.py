"""The pipeline of a repository: its ranks, their gates, and how versions move through them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from versioned.pipelines import (
    board,
    comparison,
    demotion,
    iam,
    policies,
    promotion,
    recording,
)
from versioned.pipelines.approval import Approval
from versioned.pipelines.board import BoardRow
from versioned.pipelines.comparison import Difference
from versioned.pipelines.demotion import Demotion
from versioned.pipelines.gate import Gate
from versioned.pipelines.iam import RolePolicy, Room
from versioned.pipelines.policy import Policy
from versioned.pipelines.promotion import Promotion
from versioned.pipelines.verdict import Verdict
from versioned.repository import Repository


class Pipeline:
    """Ordered ranks over the aliases of a repository.

    A rank is an alias that is moved by promotion, demotion, rollback or a rollout only. Ranks
    and gates are declared once for all artifacts. Who acts is `by`, else the repository's
    `actor`. Besides the errors that a method names, all raise InvalidRankError for what is no
    declared rank, ContaminatedError for a pipeline that can't be read, and what `Repository`
    raises.
    """

    def __init__(self, repository: Repository) -> None:
        self._context = repository.context

    # what is declared

    def declare(
        self, ranks: Iterable[str], *, message: str | None = None, by: str | None = None
    ) -> Policy:
        """Say which ranks there are, the lowest first; those that stay keep their gates.

        One compare-and-set, idempotent; the policy before stays known. Raises InvalidRankError;
        RankInUseError where something sits in a rank that would go, or where a name that
        becomes a rank points at LATEST or is moved by a rollout in some artifact;
        ContaminatedError where that can't be told; ConflictError where somebody else changed
        the pipeline at the same time.
        """
        return policies.declare(self._context, ranks, message=message, by=by)

    def set_gate(
        self, rank: str, gate: Gate, *, message: str | None = None, by: str | None = None
    ) -> Policy:
        """Say what is asked on the way into a rank; `Gate()` asks nothing. Else as `declare`.

        Raises InvalidInputError for soak time before the first rank, ConflictError.
        """
        return policies.set_gate(self._context, rank, gate, message=message, by=by)

    def policy(self) -> Policy:
        """Ranks and gates as they are now; without ranks where none were declared."""
        return policies.read_policy(self._context)

    def policy_history(self) -> list[Policy]:
        """Every policy that ever held, newest first. Raises LedgerBrokenError."""
        return policies.policy_history(self._context)

    # moving

    def promote(
        self,
        name: str,
        rank: str,
        *,
        version: int | str | None = None,
        expect: int | str | None = None,
        force: bool = False,
        message: str | None = None,
        by: str | None = None,
    ) -> Promotion:
        """Move exactly what the rank before holds into a rank; into the first rank the newest
        number, or `version`. Idempotent: what is there already is not written again.

        `expect` says what was tested, a number or at least 8 hex digits of a sha256. `version`
        into a later rank is refused by the gate `order`, unless the rank before holds it.
        `force` overrides gates; it takes a message, and the ledger keeps which they were.

        Atomic: one compare-and-set on the rank as it was seen. The bytes that enter are those
        whose gates were looked at, by their sha256. Where the rank before or the pipeline
        changes meanwhile, the promotion counts as made before that change: it still moves what
        it looked at, never the newcomer.

        Raises GateRefusedError, RankEmptyError; AliasConflictError where `expect` is not met,
        the rank before is split, or somebody else moved the rank; RolloutConflictError where a
        rollout is under way in it; ContentMismatchError, ArtifactNotFoundError,
        InvalidInputError for `force` without a message.
        """
        return promotion.promote(
            self._context,
            name,
            rank,
            version=version,
            expect=expect,
            force=force,
            message=message,
            by=by,
        )

    def demote(
        self,
        name: str,
        rank: str,
        *,
        to: int | str | None = None,
        empty: bool = False,
        message: str | None = None,
        by: str | None = None,
    ) -> Demotion:
        """Take a rank back to the newest earlier version that had all of its traffic. `to` names
        a version that it had before; where it has that already, nothing is written. `empty`
        leaves nothing in it. No gate is asked.

        One compare-and-set on the state that was seen. Raises RankEmptyError; InvalidInputError
        without an earlier version, or for `to` a version that it never had; AliasConflictError,
        ArtifactNotFoundError and ContentMismatchError where the version is gone, or its number
        was used again.
        """
        return demotion.demote(
            self._context, name, rank, to=to, empty=empty, message=message, by=by
        )

    def board(self, name: str | None = None) -> list[BoardRow]:
        """What sits in each rank of one artifact, or of all, and what waits for it; empty where
        no ranks are declared. A damaged alias, rollout or version is the `fault` of its row and
        hides no other. Raises ArtifactNotFoundError for a name without anything."""
        return board.board(self._context, name)

    def diff(self, name: str, one: str, other: str) -> Difference:
        """How two aliases differ, ranks or not. Raises AliasNotFoundError,
        ArtifactNotFoundError."""
        return comparison.diff(self._context, name, one, other)

    # evidence

    def record_verdict(
        self,
        reference: str,
        check: str,
        outcome: str,
        *,
        url: str | None = None,
        message: str | None = None,
        by: str | None = None,
    ) -> Verdict:
        """Attach the outcome of a check, `"pass"` or `"fail"`, to the bytes of `app@12`.

        Create-only; the newest of a check counts, for these bytes under any number. `url` is
        where the report is. Raises InvalidNameError, InvalidInputError, InvalidVersionError for
        LATEST, ArtifactNotFoundError.
        """
        return recording.record_verdict(
            self._context, reference, check, outcome, url=url, message=message, by=by
        )

    def verdicts(self, reference: str, check: str | None = None) -> list[Verdict]:
        """All verdicts for the bytes of a version, or those of one check; sorted by check, the
        newest of each first."""
        return recording.list_verdicts(self._context, reference, check)

    def approve(
        self,
        reference: str,
        rank: str,
        *,
        revoke: bool = False,
        message: str | None = None,
        by: str | None = None,
    ) -> Approval:
        """Say that the bytes of `app@12` may go into a rank, or with `revoke` that they may not.

        Create-only; the newest word of each person counts. Whoever promotes may be one of those
        who approve: ask for two where that is not enough. Raises InvalidInputError where nobody
        is named, or where the gate names others.
        """
        return recording.approve(
            self._context, reference, rank, revoke=revoke, message=message, by=by
        )

    def approvals(self, reference: str, rank: str | None = None) -> list[Approval]:
        """What was said for a rank, or for all, of the bytes of a version; by rank and person,
        the newest word of each first."""
        return recording.list_approvals(self._context, reference, rank)

    # credentials

    def iam(self, *, create_only: bool = True) -> Sequence[RolePolicy]:
        """IAM policies for who may move which rank, report which check, approve for which rank
        and declare the pipeline. Nothing is sent to AWS.

        `create_only` needs a store that knows the condition key `s3:if-none-match`. Raises
        InvalidInputError for a repository that is in no bucket.
        """
        room = Room.of_uri(self._context.store.uri(""))
        return iam.role_policies(room, self.policy(), create_only=create_only)
