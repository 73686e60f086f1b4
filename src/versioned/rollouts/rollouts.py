"""Rollouts: an alias is moved to another version step by step, by whoever ticks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from versioned import naming
from versioned.checks.base import Check
from versioned.errors import InvalidNameError
from versioned.repository import Repository
from versioned.rollout_records import rollout_aliases
from versioned.rollout_states import OnFailure, Rollout
from versioned.rollouts import starting, steering, ticking
from versioned.rollouts.listing import ListedRollout, list_all
from versioned.rollouts.observing import RolloutStatus, observe
from versioned.rollouts.ticking import Tick


class Rollouts:
    """The rollouts of a repository.

    Nothing runs by itself: `tick`, called again and again by cron or CI, moves a rollout on.
    Any number of processes may tick; all state is in the repository, moved by compare-and-set.
    All methods raise InvalidNameError, ContaminatedError, and the StoreError family; after
    the latter the next tick finishes what was begun.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._context = repository.context

    def start(
        self,
        name: str,
        alias: str,
        version: int | str,
        *,
        strategy: str,
        checks: Sequence[str] = (),
        on_failure: OnFailure = "rollback",
        force: bool = False,
        message: str | None = None,
        by: str | None = None,
    ) -> Rollout:
        """Begin to move an alias to a version, and make the first step.

        `strategy` is `canary:10%:5m`, `linear:10%:1m`, `all-at-once` or
        `steps:5%:10m,50%:pause,100%:30m`. `checks` are names of checks that have to pass; a
        failed one rolls back, or freezes the rollout. The alias must send all traffic to one
        number. `force`, with a message, overrides the gates of a rank. Raises
        InvalidStrategyError, InvalidInputError, AliasNotFoundError, ArtifactNotFoundError,
        RolloutConflictError where one is under way or the alias is split, GateRefusedError,
        DeletionInProgressError.
        """
        order = starting.Order(
            name, alias, version, strategy, checks, on_failure, force, message, by
        )
        return starting.start(self._context, order)

    def tick(
        self,
        name: str,
        alias: str,
        *,
        checks: Mapping[str, Check] | None = None,
        by: str | None = None,
    ) -> Tick:
        """Move a rollout on by at most one step, or end it, or send all traffic back.

        First a move that was begun is finished. Then all required checks are run, those that
        `checks` defines; the next step is made where all pass and the hold is over by the
        store's clock. Idempotent in its effect: ticks at once, or late, move one step. Raises
        RolloutNotFoundError, DeletionInProgressError, AliasConflictError.
        """
        return ticking.tick(self._context, name, alias, checks or {}, by=by)

    def tick_all(
        self,
        name: str | None = None,
        *,
        checks: Mapping[str, Check] | None = None,
        by: str | None = None,
    ) -> Iterator[Tick]:
        """Tick all rollouts, or those of one artifact; what fails is told, and stops no other.

        Those that had ended before are left out. Raises RolloutNotFoundError for an artifact
        that never had one.
        """
        return ticking.tick_all(self._context, self._names(name), checks or {}, by=by)

    def status(self, name: str, alias: str) -> RolloutStatus:
        """The rollout that is under way, or was last. Raises RolloutNotFoundError."""
        found = observe(self._context, name, alias)
        if found is None:
            raise ticking.no_rollout(name, alias)
        return found

    def list_rollouts(self, name: str | None = None) -> list[ListedRollout]:
        """The rollout of each alias that ever had one, of all artifacts or of one: all at once.

        What is damaged is the `fault` of its row, hides no other and is not raised. Raises
        RolloutNotFoundError for an artifact that never had one.
        """
        found = list_all(self._context, self._all_names() if name is None else [name])
        if name is not None and not found:
            raise ticking.no_rollout(name)
        return found

    def pause(
        self, name: str, alias: str, *, message: str | None = None, by: str | None = None
    ) -> Rollout:
        """Stay at the weights of now, and run no checks, until `resume`. The hold of the step
        goes on. Raises RolloutNotFoundError, RolloutConflictError unless it is running."""
        return steering.pause(self._context, name, alias, message=message, by=by)

    def resume(
        self, name: str, alias: str, *, message: str | None = None, by: str | None = None
    ) -> Rollout:
        """Go on after `pause`, after it was frozen, or from a step that waits for this.

        Raises RolloutNotFoundError, RolloutConflictError where it waits for nobody.
        """
        return steering.resume(self._context, name, alias, message=message, by=by)

    def abort(
        self, name: str, alias: str, *, message: str | None = None, by: str | None = None
    ) -> Rollout:
        """Send all traffic back to the stable version, and end it. Can be repeated after a
        crash. Raises RolloutNotFoundError, RolloutConflictError where it has ended."""
        return steering.abort(self._context, name, alias, message=message, by=by)

    def promote(
        self,
        name: str,
        alias: str,
        *,
        full: bool = False,
        message: str | None = None,
        by: str | None = None,
    ) -> Rollout:
        """Make the next step now, whatever its checks and its hold; after the last one, end it.

        `full` sends all traffic to the new version and ends it. Raises RolloutNotFoundError,
        RolloutConflictError where it has ended.
        """
        return steering.promote(self._context, name, alias, full=full, message=message, by=by)

    def _names(self, name: str | None) -> list[str]:
        if name is None:
            return self._all_names()
        if not rollout_aliases(self._context, name):
            raise ticking.no_rollout(name)
        return [name]

    def _all_names(self) -> list[str]:
        return [one for one in self._repository.list_artifact_names() if _is_name(one)]


def _is_name(name: str) -> bool:
    """Whether an artifact can have rollouts; other tools allow odder names."""
    try:
        naming.validate_artifact_name(name)
    except InvalidNameError:
        return False
    return True
