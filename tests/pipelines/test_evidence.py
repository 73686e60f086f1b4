"""Verdicts, approvals and soak time, as they lie in a store: also forged, broken and raced."""

import json
from datetime import timedelta

import pytest

from doubles import TappedStore
from versioned import Pipeline, Repository, layout
from versioned.alias_writing import put_alias
from versioned.errors import (
    ArtifactNotFoundError,
    ContaminatedError,
    ContentMismatchError,
    GateRefusedError,
    InvalidInputError,
    InvalidNameError,
    InvalidRankError,
    InvalidReferenceError,
    InvalidVersionError,
)
from versioned.models import Cause
from versioned.pipelines.gate import Gate
from versioned.stores.base import Attributes
from versioned.targets import Target

HOUR = timedelta(hours=1)


def unmet(pipeline, rank="staging", **options):
    """The gates that refuse a promotion; none where it went through."""
    try:
        pipeline.promote("app", rank, **options)
    except GateRefusedError as error:
        return error.unmet
    return {}


def sha256_of(repository, version):
    return repository.get_artifact_version("app", version).sha256


@pytest.fixture
def in_qa(pipeline):
    """2 is in qa, after 1; staging is next."""
    pipeline.promote("app", "qa", version=1)
    pipeline.promote("app", "qa")
    return pipeline


class TestVerdicts:
    def test_a_pass_opens_the_gate(self, in_qa):
        in_qa.set_gate("staging", Gate(("unit",)))
        assert "no verdict" in unmet(in_qa)["verdict:unit"]
        in_qa.record_verdict("app@2", "unit", "pass")
        assert unmet(in_qa) == {}

    def test_the_newest_counts(self, in_qa):
        in_qa.set_gate("staging", Gate(("unit",)))
        for outcome in ("pass", "fail"):
            in_qa.record_verdict("app@2", "unit", outcome, by="ci", url="https://ci/7")
        assert "by ci, https://ci/7" in unmet(in_qa)["verdict:unit"]
        in_qa.record_verdict("app@2", "unit", "pass")
        assert unmet(in_qa) == {}

    def test_it_is_of_the_bytes_and_not_of_the_number(self, in_qa, repository):
        in_qa.set_gate("staging", Gate(("unit",)))
        in_qa.record_verdict("app@1", "unit", "pass")
        assert list(unmet(in_qa)) == ["verdict:unit"]
        in_qa.record_verdict("app@2", "unit", "pass")
        for data in (b"something else", b"app build 2"):
            repository.put_artifact("app", data)
            repository.publish_artifact_version("app")
        in_qa.promote("app", "qa")
        assert in_qa.promote("app", "staging").alias.version == "4"

    def test_an_alias_may_name_the_version(self, in_qa, repository):
        found = in_qa.record_verdict("app@qa", "unit", "pass", message="ok", by="ci")
        assert (found.version, found.sha256) == ("2", sha256_of(repository, 2))
        assert in_qa.verdicts("app@2") == [found]

    def test_all_are_listed_by_check_the_newest_first(self, in_qa):
        recorded = [
            in_qa.record_verdict("app@2", check, outcome)
            for check, outcome in (("unit", "fail"), ("load", "pass"), ("unit", "pass"))
        ]
        assert in_qa.verdicts("app@2") == [recorded[1], recorded[2], recorded[0]]
        assert in_qa.verdicts("app@2", "load") == [recorded[1]]
        assert in_qa.verdicts("app@1") == []

    def test_each_is_linked_to_the_one_before(self, in_qa):
        for _ in range(3):
            in_qa.record_verdict("app@2", "unit", "pass")
        newest, middle, first = in_qa.verdicts("app@2")
        assert [v.position for v in (newest, middle, first)] == [3, 2, 1]
        assert first.previous == ""
        assert len({newest.previous, middle.previous, first.previous}) == 3

    @pytest.mark.only_stores("local")
    @pytest.mark.parametrize(
        ("check", "outcome", "options", "error"),
        [
            ("a/b", "pass", {}, InvalidNameError),
            ("", "pass", {}, InvalidNameError),
            ("../x", "pass", {}, InvalidNameError),
            ("x" * 65, "pass", {}, InvalidNameError),
            ("unit", "maybe", {}, InvalidInputError),
            ("unit", True, {}, InvalidInputError),
            ("unit", "pass", {"url": "javascript:alert(1)"}, InvalidInputError),
            ("unit", "pass", {"url": "https://"}, InvalidInputError),
            ("unit", "pass", {"url": "https://[x"}, InvalidInputError),
            ("unit", "pass", {"url": "https://a/\x1b[2J"}, InvalidInputError),
            ("unit", "pass", {"url": "https://a/" + "x" * 2000}, InvalidInputError),
            ("unit", "pass", {"message": "x" * 2001}, InvalidInputError),
            ("unit", "pass", {"message": 7}, InvalidInputError),
            ("unit", "pass", {"by": "x" * 2001}, InvalidInputError),
        ],
    )
    def test_what_can_not_be_meant_is_refused(self, in_qa, check, outcome, options, error):
        with pytest.raises(error):
            in_qa.record_verdict("app@2", check, outcome, **options)
        assert in_qa.verdicts("app@2") == []

    @pytest.mark.only_stores("local")
    @pytest.mark.parametrize(
        ("reference", "error"),
        [
            ("app", InvalidVersionError),
            ("app@LATEST", InvalidVersionError),
            ("app@7", ArtifactNotFoundError),
            ("app@qa@2026-03-01", InvalidReferenceError),
        ],
    )
    def test_what_names_no_fixed_bytes_is_refused(self, in_qa, reference, error):
        with pytest.raises(error):
            in_qa.record_verdict(reference, "unit", "pass")

    def test_a_split_alias_names_no_bytes(self, in_qa, repository):
        repository.put_alias("app", "canary", 1, 2, 10)
        with pytest.raises(InvalidInputError, match="split"):
            in_qa.record_verdict("app@canary", "unit", "pass")

    def test_an_alias_whose_number_was_used_again_names_no_bytes(self, in_qa, repository, store):
        key = layout.version_key("app", 2, "")
        with store.get(layout.version_key("app", 1, "")) as body:
            data = b"".join(body)
        store.delete(key)
        repository.context.write(key, data, attributes=attributes_of(store, 1))
        with pytest.raises(ContentMismatchError):
            in_qa.record_verdict("app@qa", "unit", "pass")

    @pytest.mark.parametrize("point", range(6))
    def test_two_at_once_get_two_positions(self, in_qa, store, point):
        tap, other = TappedStore(store), Pipeline(Repository(store, actor="other"))
        in_qa.record_verdict("app@2", "unit", "pass")

        def barge_in(number, _operation, _key):
            if number == point:
                other.record_verdict("app@2", "unit", "fail")

        tap.before = barge_in
        Pipeline(Repository(tap)).record_verdict("app@2", "unit", "pass")
        found = in_qa.verdicts("app@2", "unit")
        assert [v.position for v in found] == list(range(len(found), 0, -1))
        assert len(found) == (3 if len(tap.requests) > point else 2)


def attributes_of(store, version):
    return Attributes(metadata=store.head(layout.version_key("app", version, "")).metadata)


class TestApprovals:
    def test_so_many_persons_as_are_asked_for_open_the_gate(self, in_qa):
        in_qa.set_gate("staging", Gate(approvals=2))
        in_qa.approve("app@2", "staging", by="ann")
        in_qa.approve("app@2", "staging", by="ann")
        assert "1 of 2 (ann)" in unmet(in_qa)["approvals"]
        in_qa.approve("app@qa", "staging", by="bob")
        assert unmet(in_qa) == {}

    def test_the_newest_word_of_each_counts(self, in_qa):
        in_qa.set_gate("staging", Gate(approvals=1))
        in_qa.approve("app@2", "staging")
        in_qa.approve("app@2", "staging", revoke=True, message="not yet")
        assert "0 of 1" in unmet(in_qa)["approvals"]
        said = in_qa.approvals("app@2", "staging")
        assert [(a.person, a.word) for a in said] == [("ann", "revoked"), ("ann", "approved")]

    def test_it_is_for_one_rank_and_for_these_bytes(self, in_qa):
        for rank in ("staging", "production"):
            in_qa.set_gate(rank, Gate(approvals=1))
        in_qa.approve("app@1", "staging")
        in_qa.approve("app@2", "production")
        assert list(unmet(in_qa)) == ["approvals"]
        assert [a.rank for a in in_qa.approvals("app@2")] == ["production"]

    def test_only_those_who_are_named_may_approve(self, in_qa):
        in_qa.approve("app@2", "staging", by="eve")
        in_qa.set_gate("staging", Gate((), 0, 1, ("ann",)))
        with pytest.raises(InvalidInputError, match="ann"):
            in_qa.approve("app@2", "staging", by="mallory")
        assert "0 of 1; ask ann" in unmet(in_qa)["approvals"]
        in_qa.approve("app@2", "staging", by="eve", revoke=True)
        in_qa.approve("app@2", "staging", by="ann")
        assert unmet(in_qa) == {}

    @pytest.mark.only_stores("local")
    @pytest.mark.parametrize("person", ["..", "a/b", "*", "${x}", "a\x1b", "x" * 129, 7])
    def test_a_person_that_can_be_no_key_is_refused(self, in_qa, person):
        with pytest.raises(InvalidNameError):
            in_qa.approve("app@2", "staging", by=person)

    @pytest.mark.usefixtures("in_qa")
    def test_somebody_has_to_approve(self, store):
        with pytest.raises(InvalidInputError, match="somebody"):
            Pipeline(Repository(store)).approve("app@2", "staging")

    def test_what_is_no_rank_can_not_be_approved_for(self, in_qa):
        with pytest.raises(InvalidRankError):
            in_qa.approve("app@2", "prod")
        with pytest.raises(InvalidRankError):
            in_qa.approvals("app@2", "prod")

    def test_the_first_rank_may_ask_for_evidence_too(self, pipeline):
        pipeline.set_gate("qa", Gate(("lint",), 0, 1))
        assert set(unmet(pipeline, "qa")) == {"verdict:lint", "approvals"}
        pipeline.record_verdict("app@2", "lint", "pass")
        pipeline.approve("app@2", "qa")
        assert unmet(pipeline, "qa") == {}


class TestSoaking:
    def test_it_takes_so_long_with_all_traffic(self, in_qa, shifted):
        in_qa.set_gate("staging", Gate(soak=3600))
        assert "of 1h" in unmet(in_qa)["soak"]
        shifted.ahead = HOUR + timedelta(seconds=2)
        assert unmet(in_qa) == {}

    def test_the_same_version_again_goes_on_with_the_stay(self, in_qa, repository, shifted):
        in_qa.set_gate("staging", Gate(soak=3600))
        shifted.ahead = HOUR * 0.75
        self.again(repository, "2")
        shifted.ahead = HOUR * 1.1
        assert "soak" in unmet(in_qa, version=1)
        assert unmet(in_qa) == {}

    def test_a_split_and_a_gap_break_it(self, in_qa, repository, shifted):
        in_qa.set_gate("staging", Gate(soak=3600))
        shifted.ahead = HOUR * 0.75
        split = Target.of_weights({"2": 99, "1": 1})
        put_alias(repository.context, "app", "qa", split, cause=Cause("rollout"))
        self.again(repository, "2")
        shifted.ahead = HOUR * 1.4
        assert "soak" in unmet(in_qa)

    def test_a_stay_that_is_over_still_counts(self, in_qa, shifted):
        in_qa.set_gate("staging", Gate(soak=3600))
        shifted.ahead = HOUR * 2
        in_qa.promote("app", "qa", version=1)
        assert set(unmet(in_qa, version=2)) == {"order"}

    def test_a_clock_that_is_set_back_gives_nothing(self, in_qa, shifted):
        in_qa.set_gate("staging", Gate(soak=1))
        shifted.ahead = -HOUR
        assert "0s of 1s" in unmet(in_qa)["soak"]

    def test_a_time_that_was_made_up_gives_nothing(self, in_qa, repository, shifted):
        """Whoever may write an alias may write any time into it."""
        in_qa.set_gate("staging", Gate(soak=3600))
        key = layout.alias_key("app", "qa")
        info, raw = repository.context.read(key)
        forged = json.loads(raw) | {"update_at": "2001-01-01T00:00:00+00:00"}
        repository.context.write(
            key, json.dumps(forged).encode(), attributes=Attributes(metadata=info.metadata)
        )
        assert "soak" in unmet(in_qa)
        self.again(repository, "2")
        self.again(repository, "2")
        shifted.ahead = HOUR * 0.5
        assert "soak" in unmet(in_qa)

    @staticmethod
    def again(repository, version):
        put_alias(repository.context, "app", "qa", Target(version), cause=Cause("promote"))


@pytest.mark.only_stores("local")
class TestForgedAndBroken:
    """Who may write to one room, by credentials that end in a `*`, can't speak for another."""

    def test_an_entry_that_lies_deeper_is_none_of_the_room(self, in_qa, repository):
        in_qa.set_gate("staging", Gate(("integration",), 0, 1, ("ann",)))
        sha256 = sha256_of(repository, 2)
        for genuine, deep in (
            (
                in_qa.record_verdict("app@2", "0", "pass"),
                f"app/verdicts/{sha256}/integration/0/00000001_99999999.json",
            ),
            (
                in_qa.approve("app@1", "staging", by="ann"),
                f"app/approvals/{sha256}/staging/ann/staging/bob/00000001_99999999.json",
            ),
        ):
            forged = genuine.to_dict() | {"format": 1, "check": "integration", "sha256": sha256}
            repository.context.write(deep, json.dumps(forged).encode())
        assert set(unmet(in_qa)) == {"verdict:integration", "approvals"}
        assert [v.check for v in in_qa.verdicts("app@2")] == ["0"]
        assert in_qa.approvals("app@2") == []
        assert in_qa.record_verdict("app@2", "integration", "pass").position == 1

    def test_a_forged_ledger_below_another_one_proves_no_stay(self, in_qa, repository):
        in_qa.set_gate("staging", Gate(soak=3600))
        repository.put_alias("app", "mine", 2)
        repository.put_alias("app", "mine", 2)
        raw = repository.context.read(layout.ledger_key("app", "mine", 1))[1]
        forged = json.loads(raw) | {"at": "2001-01-01T00:00:00+00:00"}
        repository.context.write(
            "app/ledger/qa/ledger/mine/99999999_00000001.json", json.dumps(forged).encode()
        )
        assert "soak" in unmet(in_qa)

    @pytest.mark.parametrize(
        "change",
        [
            {"check": "unit"},
            {"sha256": "0" * 64},
            {"artifact": "other"},
            {"artifact": "../other"},
            {"position": 9},
            {"outcome": "yes"},
            {"format": 2},
            {"at": "2026-03-01"},
            {"version": "x"},
            {"url": "\x1b[2J"},
            None,
        ],
        ids=str,
    )
    def test_a_verdict_that_is_not_what_its_key_says_meets_nothing(self, in_qa, repository, change):
        in_qa.set_gate("staging", Gate(("integration",)))
        found = in_qa.record_verdict("app@2", "integration", "pass")
        key = layout.entry_key(layout.verdict_folder("app", found.sha256, "integration"), 1)
        document = found.to_dict() | {"format": 1} | (change or {})
        body = json.dumps(document).encode() if change else b"\xff not JSON"
        repository.context.write(key, body)
        assert "can't be read" in unmet(in_qa)["verdict:integration"]
        with pytest.raises(ContaminatedError):
            in_qa.verdicts("app@2")
        assert unmet(in_qa, force=True, message="the room is broken") == {}

    @pytest.mark.parametrize(
        "change", [{"person": "bob"}, {"rank": "qa"}, {"revoked": 0}, {"sha256": "1" * 64}], ids=str
    )
    def test_an_approval_that_is_not_what_its_key_says_does_not_count(
        self, in_qa, repository, change
    ):
        in_qa.set_gate("staging", Gate(approvals=1))
        found = in_qa.approve("app@2", "staging")
        key = layout.entry_key(layout.approval_folder("app", found.sha256, "staging", "ann"), 1)
        document = found.to_dict() | {"format": 1} | change
        repository.context.write(key, json.dumps(document).encode())
        assert "0 of 1" in unmet(in_qa)["approvals"]

    def test_a_broken_ledger_proves_no_stay(self, in_qa, repository, shifted):
        in_qa.set_gate("staging", Gate(soak=3600))
        shifted.ahead = HOUR * 0.9
        TestSoaking.again(repository, "2")
        key = layout.ledger_key("app", "qa", 2)
        raw = repository.context.read(key)[1]
        shifted.ahead = HOUR * 1.1
        for broken in (b"{}", json.dumps(json.loads(raw) | {"at": "today"}).encode()):
            repository.context.write(key, broken)
            assert "can't be read" in unmet(in_qa)["soak"]

    def test_a_room_that_was_filled_up_is_an_error(self, in_qa, repository):
        sha256 = sha256_of(repository, 2)
        key = layout.entry_key(layout.verdict_folder("app", sha256, "unit"), 99_999_999)
        repository.context.write(key, b"{}")
        with pytest.raises(ContaminatedError, match="full"):
            in_qa.record_verdict("app@2", "unit", "pass")
