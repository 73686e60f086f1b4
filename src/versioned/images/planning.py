"""Deciding about every image of a repository. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from versioned.images.graph import ImageGraph, Kinship, Tie, own_tags
from versioned.images.registry import StoredImage
from versioned.images.retention import ImageDecision, ImagePlan, ImageRetention, Rule
from versioned.images.users import ImageUsers

_NO_IMAGE_BEFORE = datetime(1981, 1, 1, tzinfo=UTC)
"""Reproducible builds say 1970, and some 1980: that is no age."""

_KEPT_BY_TIE = {
    Kinship.CHILD: (Rule.CHILD, "the index {} needs it"),
    Kinship.REFERRER: (Rule.REFERRER, "it is about {}, which stays"),
    Kinship.SUBJECT: (Rule.SUBJECT, "{}, which stays, is about it"),
}


@dataclass(frozen=True, slots=True)
class _Verdict:
    keep: bool
    rule: Rule
    reason: str


def plan_images(
    repository: str,
    images: Sequence[StoredImage],
    users: ImageUsers,
    rules: ImageRetention,
    *,
    now: datetime,
) -> ImagePlan:
    """Decide about every image of a repository, each exactly once.

    Never removed: what is used, the children of an index that stays, what is about an image that
    stays, and what such an image is about. Where it is not known who uses what, nothing is.
    Planning again at the same time once all is removed removes nothing more, unless a tagged child
    outlives an index that was older or about another image. `now` is aware.
    """
    judge = _Judge(ImageGraph(images), users, rules, now)
    verdicts = judge.verdicts()
    decisions = (
        ImageDecision(image, verdict.keep, verdict.rule, verdict.reason)
        for image in images
        for verdict in [verdicts[image.digest]]
    )
    return ImagePlan(repository, now, rules, tuple(decisions))


class _Judge:
    """What one planning goes by."""

    def __init__(
        self, graph: ImageGraph, users: ImageUsers, rules: ImageRetention, now: datetime
    ) -> None:
        self.graph, self.users, self.rules, self.now = graph, users, rules, now
        self.candidates = {
            image.digest for image in graph.images.values() if self._is_candidate(image)
        }
        self.newest = self._newest()

    def verdicts(self) -> dict[str, _Verdict]:
        """By digest."""
        images = self.graph.images.values()
        leading = {one.digest for one in images if not self.graph.follows(one)}
        led = self.graph.what_stays(leading)  # not a circle that nothing leads
        own = {
            one.digest: self._own_verdict(one)
            for one in images
            if one.digest in leading or one.digest not in led or self.users.digests.get(one.digest)
        }
        kept = {digest for digest, verdict in own.items() if verdict.keep}
        used = {digest for digest, users in self.users.digests.items() if users}
        stays = self.graph.what_stays(kept | used)  # used ones may not be there, but signatures
        return {one.digest: self._final(one, own.get(one.digest), stays) for one in images}

    def _final(
        self, image: StoredImage, own: _Verdict | None, stays: dict[str, Tie | None]
    ) -> _Verdict:
        tie = stays.get(image.digest)
        if own and own.keep:
            return own
        if tie:
            rule, reason = _KEPT_BY_TIE[tie.kinship]
            return _Verdict(True, rule, reason.format(self._name(tie.of)))
        verdict = own or self._following(image)
        if self.users.are_known:
            return replace(verdict, reason=f"{verdict.reason}; nothing refers to it")
        reason = f"it would go ({verdict.reason}), but {self.users.doubt}"
        return _Verdict(True, Rule.REFERENCES_UNKNOWN, reason)

    def _following(self, image: StoredImage) -> _Verdict:
        """Of what goes together with others."""
        if image.subject in self.graph.images:
            reason = f"it is about {self._name(str(image.subject))}, which goes"
            return _Verdict(False, Rule.REFERRER_OF_REMOVED, reason)
        return _Verdict(False, Rule.CHILD_OF_REMOVED, "every index that needs it goes")

    def _own_verdict(self, image: StoredImage) -> _Verdict:
        users = self.users.words(image.digest)
        if users:
            return _Verdict(True, Rule.REFERENCED, f"referenced by {users}")
        return self._tagged(image) if own_tags(image) else self._untagged(image)

    def _tagged(self, image: StoredImage) -> _Verdict:
        rules = self.rules
        if image.digest not in self.candidates:
            return self._lasting(own_tags(image))
        if image.digest in self.newest:
            return _Verdict(True, Rule.NEWEST, f"among the newest {rules.keep_last}")
        if (rules.keep_last or rules.older_than_secs) and self._moment(image) is None:
            return self._of_unknown_age(image)
        if rules.older_than_secs and not self._is_older(image, rules.older_than_secs):
            return self._young(image, rules.older_than_secs)
        return self._removed_tagged(image)

    def _lasting(self, tags: Sequence[str]) -> _Verdict:
        """Of tags of which one lets no rule remove the image."""
        if not self.rules.concerns_tagged:
            return _Verdict(True, Rule.TAGGED, f"tagged {', '.join(tags)}")
        saved = [tag for tag in tags if _matches(tag, self.rules.keep_tags)]
        if saved:
            return _Verdict(True, Rule.TAG_PATTERN, f"its tag {saved[0]} is to be kept")
        lasting = next(tag for tag in tags if not _matches(tag, self.rules.remove_tags))
        return _Verdict(True, Rule.TAGGED, f"its tag {lasting} is none that may go")

    def _removed_tagged(self, image: StoredImage) -> _Verdict:
        rules = self.rules
        whys = []
        if rules.remove_tags:
            whys.append((Rule.SHORT_LIVED_TAG, f"its tags match {', '.join(rules.remove_tags)}"))
        if rules.keep_last is not None:
            whys.append((Rule.NOT_NEWEST, f"it is not among the newest {rules.keep_last}"))
        if rules.older_than_secs is not None:
            whys.append((Rule.OLD, self._age(image)))
        return _Verdict(False, whys[-1][0], ", ".join(why for _, why in whys))

    def _untagged(self, image: StoredImage) -> _Verdict:
        limit = self.rules.untagged_older_than_secs
        if limit is None:
            return _Verdict(True, Rule.UNTAGGED_KEPT, "untagged images stay")
        if image.pushed_at and self._is_just_pushed(image.pushed_at):
            reason = "pushed just now: its index or its tag may be under way"
            return _Verdict(True, Rule.YOUNG, reason)
        if limit and self._moment(image) is None:
            return self._of_unknown_age(image)
        if limit and not self._is_older(image, limit):
            return self._young(image, limit)
        if image.subject is not None:
            reason = f"it is about {_short(image.subject)}, which is not there; {self._age(image)}"
            return _Verdict(False, Rule.ORPHANED_REFERRER, reason)
        return _Verdict(False, Rule.UNTAGGED, f"untagged, {self._age(image)}")

    def _of_unknown_age(self, image: StoredImage) -> _Verdict:
        said = image.created_at if self.rules.go_by == "created" else None
        known = f"that it was created in {said.year} is made up" if said else "it has none"
        return _Verdict(True, Rule.AGE_UNKNOWN, f"its age is not known: {known}")

    def _young(self, image: StoredImage, limit: float) -> _Verdict:
        reason = f"{self._age(image)}, which is not more than {_span(timedelta(seconds=limit))}"
        return _Verdict(True, Rule.YOUNG, reason)

    def _is_candidate(self, image: StoredImage) -> bool:
        """Whether the rules about tagged images may remove it."""
        tags, rules = own_tags(image), self.rules
        if not tags or not rules.concerns_tagged:
            return False
        if any(_matches(tag, rules.keep_tags) for tag in tags):
            return False
        return not rules.remove_tags or all(_matches(tag, rules.remove_tags) for tag in tags)

    def _newest(self) -> set[str]:
        """The newest candidates that stand for themselves, and all that are as new."""
        roots = {
            digest: moment
            for digest in self.candidates
            if self._is_root(digest) and (moment := self._moment(self.graph.images[digest]))
        }
        last = sorted(roots.values(), reverse=True)[: self.rules.keep_last or 0][-1:]
        return {digest for digest, moment in roots.items() if last and moment >= last[0]}

    def _is_root(self, digest: str) -> bool:
        """Whether it is neither a child of an index that has a name nor about another image."""
        images = self.graph.images
        named = (one for one in self.graph.indexes_of(digest) if own_tags(images[one]))
        return next(named, None) is None and images[digest].subject not in images

    def _moment(self, image: StoredImage) -> datetime | None:
        if self.rules.go_by == "pushed":
            return image.pushed_at
        created = image.created_at
        return created if created and created >= _NO_IMAGE_BEFORE else None

    def _is_just_pushed(self, pushed_at: datetime) -> bool:
        takes = self.rules.push_takes_secs
        return takes > 0 and self.now - pushed_at < timedelta(seconds=takes)

    def _is_older(self, image: StoredImage, limit: float) -> bool:
        moment = self._moment(image)
        return moment is not None and self.now - moment > timedelta(seconds=limit)

    def _age(self, image: StoredImage) -> str:
        moment, verb = self._moment(image), self.rules.go_by
        if moment is None:
            return "of any age"
        if moment > self.now:
            return f"{verb} in the future"
        return f"{verb} {_span(self.now - moment)} ago"

    def _name(self, digest: str) -> str:
        image = self.graph.images.get(digest)
        tags = own_tags(image) if image else ()
        return f"{_short(digest)} ({tags[0]})" if tags else _short(digest)


def _matches(tag: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(tag, pattern) for pattern in patterns)


def _short(digest: str) -> str:
    return digest[:19]


def _span(length: timedelta) -> str:
    """In the largest unit that fits, rounded down."""
    seconds = int(length.total_seconds())
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{seconds} seconds"
