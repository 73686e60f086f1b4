"""Whether the ledgers of a pipeline explain, entry by entry, how it came to be what it is."""

from datetime import datetime, timedelta

A_SECOND = timedelta(seconds=1)
"""How exactly S3 tells the time."""


def unexplained(repository, name, ranks, rollouts):
    """A sentence for each entry that nothing explains; `rollouts` are records by identity."""
    ledgers = {rank: list(reversed(repository.history(name, rank))) for rank in ranks}
    published = {artifact.version for artifact in repository.list_artifact_versions(name)}
    faults = []
    for number, rank in enumerate(ranks):
        below = ledgers[ranks[number - 1]] if number else None
        for index, entry in enumerate(ledgers[rank]):
            reason = _fault(entry, ledgers[rank][:index], below, rollouts, published)
            if reason:
                faults.append(f"{rank} #{index + 1} {entry.message!r}: {reason}")
    return faults


def _full(entries, version):
    return [e for e in entries if e.state and not e.state.is_split and e.state.version == version]


def _fault(entry, earlier, below, rollouts, published):
    cause, state = entry.cause, entry.state
    if state is None:
        return None if cause and cause.operation == "demote" else "deleted by nothing known"
    if not state.versions <= published:
        return f"{sorted(state.versions - published)} were never published"
    if cause is None:
        return "a plain write of a rank"
    if cause.operation == "promote":
        return _promotion_fault(entry, below)
    if cause.operation == "rollout":
        return _rollout_fault(entry, earlier, rollouts)
    return None if _full(earlier, state.version) else f"never held {state.version} before"


def _promotion_fault(entry, below):
    if entry.state.is_split:
        return "a promotion that splits"
    if below is None or "order" in entry.cause.overrides:
        return None
    until = datetime.fromisoformat(entry.at) + A_SECOND
    full = _full(below, entry.state.version)
    held = [e for e in full if datetime.fromisoformat(e.at) <= until]
    return None if held else f"the rank before never held {entry.state.version} until then"


def _rollout_fault(entry, earlier, rollouts):
    rollout = rollouts.get(entry.cause.rollout)
    if rollout is None:
        return "a rollout that nobody started"
    if not entry.state.versions <= {rollout.stable_version, rollout.new_version}:
        return f"{sorted(entry.state.versions)} are not those of its rollout"
    serials = [e.cause.serial for e in earlier if e.cause and e.cause.rollout == rollout.identity]
    if serials and serials[-1] >= entry.cause.serial:
        return f"serial {entry.cause.serial} after {serials[-1]}"
    between = [e for e in earlier if e.cause is None or e.cause.rollout != rollout.identity]
    started = [e for e in earlier if e.cause and e.cause.rollout == rollout.identity]
    if started and between and earlier.index(between[-1]) > earlier.index(started[0]):
        return "went on after somebody else had moved the alias"
    return None
