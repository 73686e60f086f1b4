"""How a version may change, whatever is done to it in whatever order. No store is asked."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from versioned.errors import InvalidInputError
from versioned.packages.build_tag import build_key
from versioned.packages.changes import NOTHING, add_builds, add_set, add_to_set, slot, take
from versioned.packages.coordinates import PackageFormat
from versioned.packages.errors import AssetExistsError, AssetNotFoundError, PackageStatusError
from versioned.packages.revision import Asset, Origin, PackageStatus, ordered_assets
from versioned.packages.standing import (
    activate,
    deprecate,
    discard,
    remove,
    set_status,
    yank,
)

AT = "2026-01-01T00:00:00.000000+00:00"
PYPI, GENERIC = PackageFormat.PYPI, PackageFormat.GENERIC
REFUSALS = (AssetExistsError, AssetNotFoundError, PackageStatusError)


def a_file(name, content="a", *, asset_set=None, source=None):
    origin = Origin(source, "1-0123456789abcdef", name) if source else None
    sha256 = content.encode().hex().ljust(64, "0")
    return Asset(name, asset_set, len(content), sha256, AT, origin=origin)


def a_wheel(build="", content="a", *, name="PyABC", platform="any"):
    tag = f"-{build}" if build else ""
    return a_file(f"{name}-1.0.0{tag}-py3-none-{platform}.whl", content, asset_set=build)


def an_sdist(content="a"):
    return a_file("pyabc-1.0.0.tar.gz", content)


def built(*builds):
    state = NOTHING
    for build in builds:
        state = add_builds(state, [a_wheel(build)], at=AT)
    return state


def finished(*sets):
    state = NOTHING
    for number, files in enumerate(sets, 1):
        assets = [a_file(name, content) for name, content in files.items()]
        state = add_set(GENERIC, state, assets, name=str(number), at=AT)
    return state


class VersionMachine(RuleBasedStateMachine):
    """One version of one format; `held` are all hashes that a name ever had."""

    kind = None

    def __init__(self):
        super().__init__()
        self.state = NOTHING
        self.held = {}
        self.taken = set()

    def step(self, change):
        before = self.state
        try:
            after = change(before)
        except REFUSALS:
            return
        if after == before:
            assert after is before
        self.state = after
        assert after.generation >= before.generation
        gone = set(map(self.key_of, before.assets)) - set(map(self.key_of, after.assets))
        came = set(map(self.key_of, after.assets)) - set(map(self.key_of, before.assets))
        if gone:
            assert after.generation > before.generation
        assert not came & self.taken
        self.taken |= came

    @staticmethod
    def key_of(asset):
        return asset.generation, asset.sha256, asset.asset_set, asset.name

    def publish(self, change):
        was = self.state
        self.step(change)
        if self.state is not was:
            assert self.state.status in {PackageStatus.PUBLISHED, PackageStatus.UNFINISHED} or (
                self.state.status is was.status is PackageStatus.UNLISTED
            )

    @rule(status=st.sampled_from(sorted(PackageStatus)))
    def set_status(self, status):
        try:
            self.step(lambda state: set_status(state, status))
        except InvalidInputError:
            assert status not in {"Published", "Unlisted", "Archived"}

    @rule(status=st.sampled_from([PackageStatus.DISPOSED, PackageStatus.DELETED]))
    def discard(self, status):
        self.step(lambda state: discard(self.kind, state, status))
        assert not self.state.assets
        assert not self.state.status.has_bytes

    @rule(reason=st.sampled_from([None, "", "broken"]), every=st.booleans(), data=st.data())
    def yank(self, reason, every, data):
        names = [one.name for one in self.state.assets]
        chosen = None if every or not names else [data.draw(st.sampled_from(names))]
        before = self.state
        self.step(lambda state: yank(state, chosen, reason))
        for one, was in zip(self.state.assets, before.assets, strict=True):
            meant = chosen is None or one.name in chosen
            assert one == replace(was, yanked=reason if meant else was.yanked)

    @rule(message=st.sampled_from([None, "", "old"]))
    def deprecate(self, message):
        self.step(lambda state: deprecate(state, message))

    @precondition(lambda self: self.state.assets)
    @rule(data=st.data())
    def remove(self, data):
        doomed = data.draw(st.lists(st.sampled_from(self.state.assets), unique_by=self.key_of))
        self.step(lambda state: remove(self.kind, state, doomed))

    @precondition(lambda self: self.state.sets)
    @rule(data=st.data())
    def activate(self, data):
        name = data.draw(st.sampled_from([one.name for one in self.state.sets]))
        self.step(lambda state: activate(state, name))

    @invariant()
    def no_name_ever_holds_two_hashes_and_each_is_there_or_withdrawn(self):
        there = {slot(self.kind, one): one.sha256 for one in self.state.assets}
        for place, sha256 in [*there.items(), *self.state.withdrawn.items()]:
            assert self.held.setdefault(place, sha256) == sha256
        assert {*there, *self.state.withdrawn} == set(self.held)
        assert not there.keys() & self.state.withdrawn.keys()
        assert len(there) == len(self.state.assets)

    @invariant()
    def the_active_set_is_finished_and_has_assets(self):
        if self.state.active is not None:
            assert self.state.find_set(self.state.active).finished
            assert any(one.asset_set == self.state.active for one in self.state.assets)
        if self.state.status is PackageStatus.UNFINISHED:
            assert self.state.active is None

    @invariant()
    def what_can_be_installed_is_there(self):
        if self.state.status in {PackageStatus.PUBLISHED, PackageStatus.UNLISTED}:
            assert self.state.active_assets

    @invariant()
    def the_sets_are_those_of_the_assets(self):
        names = [one.name for one in self.state.sets]
        assert len(names) == len(set(names))
        assert set(names) == {one.asset_set for one in self.state.assets} - {None}


CONTENTS = st.sampled_from("ab")


class BuildsMachine(VersionMachine):
    kind = PYPI
    WHEELS = st.builds(
        a_wheel,
        st.sampled_from(["", "9", "24", "024", "24b"]),
        CONTENTS,
        name=st.sampled_from(["PyABC", "pyabc"]),
        platform=st.sampled_from(["any", "linux_x86_64"]),
    )
    FILES = st.lists(WHEELS | st.builds(an_sdist, CONTENTS), min_size=1, max_size=3)

    @rule(new=FILES)
    def add_builds(self, new):
        before = self.state
        self.publish(lambda state: add_builds(state, new, at=AT))
        came = {one.name for one in self.state.sets} - {one.name for one in before.sets}
        newest = max(came, key=build_key, default=None)
        older = [one.name for one in before.sets]
        if came and build_key(newest) > max(map(build_key, older), default=(-2, "")):
            assert self.state.active == newest
        else:
            assert self.state.active == before.active

    @rule(new=FILES)
    def take(self, new):
        active = next((one.asset_set for one in new if one.asset_set is not None), None)
        self.publish(lambda state: take(PYPI, state, new, at=AT, active=active))

    @invariant()
    def no_build_is_there_in_two_spellings(self):
        builds = [build_key(one.name) for one in self.state.sets]
        assert len(builds) == len(set(builds))

    @invariant()
    def no_file_is_there_in_two_spellings(self):
        names = [one.name.lower() for one in self.state.assets]
        assert len(names) == len(set(names))


class SetsMachine(VersionMachine):
    kind = GENERIC
    FILES = st.lists(
        st.builds(a_file, st.sampled_from(["x", "y"]), CONTENTS),
        min_size=1,
        max_size=2,
        unique_by=lambda one: one.name,
    )
    NAMES = st.sampled_from([None, "1", "2", "beta"])

    @rule(new=FILES, name=NAMES)
    def add_set(self, new, name):
        self.publish(lambda state: add_set(GENERIC, state, new, name=name, at=AT))

    @rule(new=FILES, name=NAMES, unfinished=st.booleans())
    def add_to_set(self, new, name, unfinished):
        self.publish(
            lambda state: add_to_set(GENERIC, state, new, name=name, unfinished=unfinished, at=AT)
        )

    @rule(new=FILES, name=st.sampled_from(["1", "2"]), source=st.sampled_from(["AbcDev", "AbcQa"]))
    def take(self, new, name, source):
        origin = Origin(source, "1-0123456789abcdef", "x")
        promoted = [replace(one, asset_set=name, origin=origin) for one in new]
        self.publish(lambda state: take(GENERIC, state, promoted, at=AT, active=name))


SETTINGS = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestBuildsInAnyOrder = BuildsMachine.TestCase
TestBuildsInAnyOrder.settings = SETTINGS
TestSetsInAnyOrder = SetsMachine.TestCase
TestSetsInAnyOrder.settings = SETTINGS


class TestBuilds:
    @given(st.lists(st.from_regex(r"[0-9]{1,4}[a-z]{0,2}", fullmatch=True), max_size=6))
    def test_builds_are_ordered_by_their_number_and_then_by_what_follows_it(self, tags):
        ordered = sorted([*tags, ""], key=build_key)
        numbers = [int("".join(c for c in tag if c.isdigit())) for tag in ordered[1:]]
        assert ordered[0] == ""
        assert numbers == sorted(numbers)

    @pytest.mark.parametrize(
        ("builds", "active"),
        [
            (["9", "24"], "24"),
            (["24", "9"], "24"),
            (["9", "100", "24"], "100"),
            (["", "9"], "9"),
            (["9", ""], "9"),
            (["24", "24b"], "24b"),
            ([""], ""),
        ],
    )
    def test_the_highest_build_is_active_in_whatever_order_builds_come(self, builds, active):
        assert built(*builds).active == active

    @pytest.mark.parametrize(("first", "second"), [("24", "024"), ("024", "24"), ("0", "00")])
    def test_a_build_is_refused_in_another_spelling(self, first, second):
        with pytest.raises(AssetExistsError, match=f"'{second}' is there already, written"):
            add_builds(built(first), [a_wheel(second)], at=AT)

    def test_two_spellings_of_a_build_are_refused_in_one_moment(self):
        with pytest.raises(AssetExistsError, match="written"):
            add_builds(NOTHING, [a_wheel("24"), a_wheel("024")], at=AT)

    def test_a_file_is_refused_whose_name_differs_in_case_only(self):
        with pytest.raises(AssetExistsError, match="written 'PyABC-"):
            add_builds(built("24"), [a_wheel("24", name="pyabc")], at=AT)

    def test_a_promoted_file_is_refused_whose_name_differs_in_case_only(self):
        with pytest.raises(AssetExistsError, match="written"):
            take(PYPI, built("24"), [a_wheel("24", name="pyabc")], at=AT, active="24")

    def test_another_platform_of_a_build_joins_its_set(self):
        state = add_builds(built("9", "24"), [a_wheel("9", platform="linux_x86_64")], at=AT)
        assert state.active == "24"
        assert len(state.assets_of("9")) == 2

    def test_a_build_that_was_chosen_stays_active_until_a_newer_one_comes(self):
        state = activate(built("9", "24"), "9")
        assert add_builds(state, [a_wheel("10")], at=AT).active == "9"
        assert add_builds(state, [a_wheel("25")], at=AT).active == "25"

    def test_the_newest_build_is_the_last_of_the_assets(self):
        state = add_builds(built("100", "9", "24"), [an_sdist()], at=AT)
        order = [one.asset_set for one in ordered_assets(PYPI, state)]
        assert order == [None, "9", "24", "100"]

    def test_a_source_distribution_belongs_to_every_build(self):
        state = add_builds(built("9", "24"), [an_sdist()], at=AT)
        assert {one.asset_set for one in state.assets_of("9")} == {"9", None}
        assert {one.asset_set for one in state.active_assets} == {"24", None}


class TestSets:
    def test_a_whole_set_is_active_from_the_first_moment_on(self):
        assert finished({"a": "1"}, {"a": "2"}).active == "2"

    def test_a_set_that_is_there_is_not_published_again(self):
        state = finished({"a": "1"}, {"a": "2"})
        assert add_set(GENERIC, state, [a_file("a", "1")], name=None, at=AT) is state

    def test_npm_publishes_no_version_again_that_was_deleted(self):
        state = add_set(PackageFormat.NPM, NOTHING, [a_file("a")], name=None, at=AT)
        state = discard(PackageFormat.NPM, state, PackageStatus.DELETED)
        with pytest.raises(AssetExistsError, match="was published before, and removed"):
            add_set(PackageFormat.NPM, state, [a_file("a")], name=None, at=AT)

    def test_a_number_that_a_set_had_is_not_given_again(self):
        state = finished({"a": "1"}, {"a": "2"})
        state = activate(state, "1")
        state = remove(GENERIC, state, [one for one in state.assets if one.asset_set == "2"])
        again = add_set(GENERIC, state, [a_file("a", "3")], name=None, at=AT)
        assert again.active == "3"

    def test_a_set_that_is_being_filled_can_not_be_activated(self):
        state = add_to_set(
            GENERIC, finished({"a": "1"}), [a_file("a")], name="2", unfinished=True, at=AT
        )
        with pytest.raises(AssetNotFoundError, match="no finished asset set '2'"):
            activate(state, "2")

    def test_nothing_is_promoted_into_a_set_that_is_being_filled(self):
        state = add_to_set(GENERIC, NOTHING, [a_file("a")], name="1", unfinished=True, at=AT)
        promoted = a_file("b", asset_set="1", source="AbcDev")
        with pytest.raises(AssetExistsError, match="which is being filled"):
            take(GENERIC, state, [promoted], at=AT, active="1")

    def test_a_promoted_set_is_not_mixed_with_another_one_of_that_name(self):
        promoted = a_file("b", asset_set="1", source="AbcDev")
        with pytest.raises(AssetExistsError, match="another asset set '1' is there, with 'a'"):
            take(GENERIC, finished({"a": "1"}), [promoted], at=AT, active="1")

    def test_a_set_can_be_promoted_in_parts(self):
        state = NOTHING
        for name in ("a", "b"):
            promoted = a_file(name, asset_set="1", source="AbcDev")
            state = take(GENERIC, state, [promoted], at=AT, active="1")
        assert [one.name for one in state.active_assets] == ["a", "b"]

    def test_finishing_the_status_finishes_what_is_being_filled(self):
        state = add_to_set(GENERIC, NOTHING, [a_file("a")], name=None, unfinished=True, at=AT)
        assert (state.status, state.active) == (PackageStatus.UNFINISHED, None)
        state = set_status(state, PackageStatus.PUBLISHED)
        assert state.active == "1"
        assert state.find_set("1").finished


class TestTakingOut:
    def test_the_active_build_is_not_removed(self):
        state = built("9", "24")
        with pytest.raises(PackageStatusError, match="'24' is active"):
            remove(PYPI, state, state.assets_of("24"))

    def test_the_last_asset_is_not_removed(self):
        state = add_builds(NOTHING, [an_sdist()], at=AT)
        with pytest.raises(PackageStatusError, match="no other assets"):
            remove(PYPI, state, state.assets)

    def test_removing_what_is_not_there_changes_nothing(self):
        state = built("9")
        assert remove(PYPI, state, [a_wheel("24")]) is state

    def test_a_name_that_was_removed_takes_the_same_bytes_only(self):
        state = remove(PYPI, built("9", "24"), [a_wheel("9")])
        with pytest.raises(AssetExistsError, match="was there with other bytes"):
            add_builds(state, [a_wheel("9", "b")], at=AT)
        again = add_builds(state, [a_wheel("9")], at=AT)
        assert [one.generation for one in again.assets] == [0, 1]
        assert not again.withdrawn

    def test_a_name_that_was_deleted_takes_the_same_bytes_only(self):
        state = discard(PYPI, built("24"), PackageStatus.DELETED)
        with pytest.raises(AssetExistsError, match="was there with other bytes"):
            add_builds(state, [a_wheel("24", "b")], at=AT)
        assert add_builds(state, [a_wheel("24")], at=AT).status is PackageStatus.PUBLISHED

    def test_a_deleted_version_comes_back_without_its_deprecation(self):
        state = discard(PYPI, deprecate(built("24"), "old"), PackageStatus.DELETED)
        assert add_builds(state, [a_wheel("24")], at=AT).deprecated is None

    @pytest.mark.parametrize("status", [PackageStatus.PUBLISHED, PackageStatus.ARCHIVED])
    def test_a_version_is_not_emptied_by_giving_it_a_status_that_has_assets(self, status):
        with pytest.raises(InvalidInputError):
            discard(PYPI, built("24"), status)

    def test_a_version_that_is_gone_gets_no_other_status(self):
        state = discard(PYPI, built("24"), PackageStatus.DISPOSED)
        with pytest.raises(PackageStatusError, match="its assets are gone"):
            set_status(state, PackageStatus.PUBLISHED)

    def test_an_unlisted_version_stays_unlisted_when_a_build_comes(self):
        state = set_status(built("24"), PackageStatus.UNLISTED)
        assert add_builds(state, [a_wheel("25")], at=AT).status is PackageStatus.UNLISTED

    @pytest.mark.parametrize("status", [PackageStatus.ARCHIVED, PackageStatus.DISPOSED])
    def test_nothing_comes_into_a_version_that_is_put_away(self, status):
        put_away = {
            PackageStatus.ARCHIVED: lambda: set_status(built("24"), PackageStatus.ARCHIVED),
            PackageStatus.DISPOSED: lambda: discard(PYPI, built("24"), PackageStatus.DISPOSED),
        }
        with pytest.raises(PackageStatusError, match=f"the version is {status}") as refused:
            add_builds(put_away[status](), [a_wheel("25")], at=AT)
        assert ("bring this one back" in refused.value.hint) == (status is PackageStatus.ARCHIVED)
