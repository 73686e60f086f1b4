"""The core against a model of a few lines: whatever is done in whatever order, both agree."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from versioned.errors import (
    AliasConflictError,
    AliasNotFoundError,
    ArtifactNotFoundError,
    InvalidInputError,
    VersionInUseError,
)

CONTENTS = st.sampled_from([b"", b"a", b"b", b"cc", b"dd", b"eee"])
ALIASES = st.sampled_from(["prod", "staging"])
NUMBERS = st.integers(1, 6)


class RepositoryMachine(RuleBasedStateMachine):
    """`versions` maps numbers to bytes, `aliases` names to (version, secondary, weight)."""

    make = None

    def __init__(self):
        super().__init__()
        self.repository = type(self).make()
        self.latest = None
        self.versions = {}
        self.used = 0
        self.aliases = {}
        self.moves = {"prod": 0, "staging": 0}

    @rule(content=CONTENTS)
    def put(self, content):
        self.repository.put_artifact("app", content)
        self.latest = content

    @precondition(lambda self: self.latest is not None)
    @rule()
    def publish(self):
        newest = max(self.versions, default=None)
        published = int(self.repository.publish_artifact_version("app").version)
        if newest is not None and self.versions[newest] == self.latest:
            assert published == newest
        else:
            assert published > self.used
            self.used = published
            self.versions[published] = self.latest

    @rule(alias=ALIASES, version=NUMBERS, secondary=st.none() | NUMBERS, weight=st.integers(0, 99))
    def put_alias(self, alias, version, secondary, weight):
        if secondary is None:
            weight = None
        missing = {version, secondary} - {None} - set(self.versions)
        if secondary == version:
            with pytest.raises(InvalidInputError):
                self.repository.put_alias("app", alias, version, secondary, weight)
        elif missing:
            with pytest.raises(ArtifactNotFoundError):
                self.repository.put_alias("app", alias, version, secondary, weight)
        else:
            self.repository.put_alias("app", alias, version, secondary, weight)
            self.aliases[alias] = (version, secondary, weight)
            self.moves[alias] += 1

    @rule(alias=ALIASES, version=NUMBERS)
    def expect_a_version(self, alias, version):
        if not self.versions:
            return
        target = max(self.versions)
        if alias in self.aliases and self.aliases[alias][0] == version:
            self.repository.put_alias("app", alias, target, expect=version)
            self.aliases[alias] = (target, None, None)
            self.moves[alias] += 1
        else:
            with pytest.raises(AliasConflictError):
                self.repository.put_alias("app", alias, target, expect=version)

    @rule(alias=ALIASES)
    def rollback(self, alias):
        try:
            back = self.repository.rollback("app", alias)
        except AliasNotFoundError:
            assert alias not in self.aliases
        except (InvalidInputError, ArtifactNotFoundError):
            assert alias in self.aliases
        else:
            before = self.aliases[alias]
            assert not back.is_split
            assert before[1] is not None or int(back.version) != before[0]
            self.aliases[alias] = (int(back.version), None, None)
            self.moves[alias] += 1

    @rule(alias=ALIASES)
    def delete_alias(self, alias):
        self.repository.delete_alias("app", alias)
        if self.aliases.pop(alias, None):
            self.moves[alias] += 1

    @rule(version=NUMBERS)
    def delete_version(self, version):
        if version in self.referenced():
            with pytest.raises(VersionInUseError):
                self.repository.delete_artifact_version("app", version)
        else:
            self.repository.delete_artifact_version("app", version)
            self.versions.pop(version, None)

    @precondition(lambda self: self.latest is not None)
    @rule(keep=st.integers(0, 3))
    def purge(self, keep):
        doomed = set(sorted(self.versions, reverse=True)[keep:]) - self.referenced()
        _, would = self.repository.purge_artifact_versions("app", keep, 0, dry_run=True)
        _, deleted = self.repository.purge_artifact_versions("app", keep, 0)
        assert {int(a.version) for a in deleted} == {int(a.version) for a in would} == doomed
        for version in doomed:
            del self.versions[version]

    def referenced(self):
        return {v for a in self.aliases.values() for v in a[:2] if v is not None}

    @invariant()
    def versions_agree(self):
        if self.latest is None:
            return
        listed = self.repository.list_artifact_versions("app")
        assert [a.version for a in listed] == [
            "LATEST",
            *map(str, sorted(self.versions, reverse=True)),
        ]
        for version, content in self.versions.items():
            assert self.repository.get_content("app", version) == content

    @invariant()
    def aliases_agree(self):
        found = {a.alias: a for a in self.repository.list_aliases("app")}
        assert set(found) == set(self.aliases)
        for name, (version, secondary, weight) in self.aliases.items():
            alias = found[name]
            assert int(alias.version) == version
            assert alias.secondary_version == (str(secondary) if secondary else None)
            assert alias.secondary_version_weight == weight

    @invariant()
    def the_ledger_counts_every_move(self):
        for alias, moves in self.moves.items():
            assert len(self.repository.history("app", alias)) == moves

    def teardown(self):
        self.repository.context.store.close()


def test_the_repository_behaves_like_its_model(local_repository_factory):
    class Machine(RepositoryMachine):
        make = staticmethod(local_repository_factory)

    Machine.TestCase.settings = settings(
        max_examples=40, stateful_step_count=25, deadline=None, print_blob=True
    )
    case = Machine.TestCase()
    case.runTest()
