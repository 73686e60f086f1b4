"""What a gate asks, decided without I/O: properties of the pure functions."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from versioned.pipelines.approval import Approval
from versioned.pipelines.gate import Gate
from versioned.pipelines.gates import Candidate, Evidence, gate_words, span_words, unmet
from versioned.pipelines.soaking import Stay, longest_stay
from versioned.pipelines.verdict import Verdict

START = datetime(2026, 3, 1, tzinfo=UTC)
CANDIDATE = Candidate("app", "production", "12", "a" * 64, "staging")


def verdict(outcome):
    return Verdict(
        "app", "a" * 64, "12", "unit", outcome, 1, START.isoformat(), "ci", None, None, "i", ""
    )


def approval(person, *, revoked=False):
    return Approval(
        "app", "a" * 64, "12", "production", person, revoked, 1, START.isoformat(), None, "i", ""
    )


def at(seconds):
    return START + timedelta(seconds=seconds)


def stays(*pairs):
    """Newest first, from pairs of a second and whether it holds, oldest first."""
    return [Stay(at(second), holds) for second, holds in reversed(pairs)]


class TestStays:
    def test_a_stay_lasts_until_now_or_until_the_next_state(self):
        assert longest_stay(stays((0, True)), at(60)) == 60
        assert longest_stay(stays((0, True), (40, False)), at(60)) == 40

    def test_states_that_follow_each_other_make_one_stay(self):
        assert longest_stay(stays((0, True), (10, True), (30, True)), at(60)) == 60

    def test_a_break_ends_it_and_the_longest_counts(self):
        found = stays((0, True), (30, False), (31, True), (50, False))
        assert longest_stay(found, at(60)) == 30

    def test_a_clock_that_is_set_back_gives_nothing(self):
        assert longest_stay(stays((100, True)), at(60)) == 0

    def test_a_clock_that_jumps_ahead_and_back_gives_no_more_than_until_now(self):
        found = stays((0, True), (86400, False), (20, True))
        assert longest_stay(found, at(60)) <= 60

    def test_a_time_that_somebody_made_up_is_not_before_the_state_before(self):
        assert longest_stay(stays((50, False), (-86400, True)), at(60)) == 10

    @given(
        st.lists(st.tuples(st.integers(-1000, 1000), st.booleans()), max_size=8),
        st.integers(-1000, 1000),
    )
    def test_it_is_never_below_zero_nor_longer_than_all_of_the_ledger(self, pairs, now):
        found = longest_stay(stays(*pairs), at(now))
        assert found >= 0
        if pairs:
            assert found <= max(0, now - pairs[0][0])
        if not any(holds for _, holds in pairs):
            assert found == 0

    @given(
        st.lists(st.tuples(st.integers(0, 1000), st.booleans()), min_size=1, max_size=8),
        st.integers(0, 7),
    )
    def test_one_state_less_that_holds_never_makes_it_longer(self, pairs, place):
        place %= len(pairs)
        fewer = [(s, holds and i != place) for i, (s, holds) in enumerate(pairs)]
        now = at(2000)
        assert longest_stay(stays(*fewer), now) <= longest_stay(stays(*pairs), now)


class TestUnmet:
    def test_an_open_gate_asks_nothing(self):
        assert unmet(Gate(), CANDIDATE, Evidence()) == {}

    def test_each_gate_that_is_not_met_has_its_name_and_what_to_do(self):
        found = unmet(Gate(("unit",), 90, 2, ("ann", "bob")), CANDIDATE, Evidence(stayed=30))
        assert found == {
            "verdict:unit": "no verdict for these bytes; "
            "versioned verdict app@12 unit --pass records one",
            "soak": "30s of 1m 30s with all traffic of staging; wait 1m",
            "approvals": "0 of 2; ask ann, bob: versioned approve app@12 production",
        }

    def test_a_pass_meets_and_a_fail_does_not(self):
        gate = Gate(("unit",))
        assert unmet(gate, CANDIDATE, Evidence({"unit": verdict("pass")})) == {}
        failed = unmet(gate, CANDIDATE, Evidence({"unit": verdict("fail")}))
        assert failed["verdict:unit"].startswith("failed at 2026-03-01")

    def test_who_is_not_named_and_who_revoked_does_not_count(self):
        said = (approval("ann"), approval("bob", revoked=True), approval("eve"))
        assert unmet(Gate(approvals=2), CANDIDATE, Evidence(approvals=said)) == {}
        found = unmet(Gate((), 0, 2, ("ann", "bob")), CANDIDATE, Evidence(approvals=said))
        assert "1 of 2 (ann); ask bob" in found["approvals"]

    def test_what_can_not_be_read_is_not_met(self):
        faults = {"verdict:unit": "x", "soak": "y", "approvals": "z"}
        found = unmet(Gate(("unit",), 60, 1), CANDIDATE, Evidence(faults=faults))
        assert all(found[gate].find(fault) >= 0 for gate, fault in faults.items())

    @given(st.booleans(), st.floats(0, 1000), st.integers(0, 3), st.floats(0, 1000))
    def test_more_evidence_never_closes_a_gate(self, passed, stayed, approvals, soak):
        gate = Gate(("unit",), soak, 2)
        verdicts = {"unit": verdict("pass")} if passed else {}
        said = tuple(approval(f"p{n}") for n in range(approvals))
        less = unmet(gate, CANDIDATE, Evidence(verdicts, said, stayed))
        more = unmet(
            gate,
            CANDIDATE,
            Evidence({"unit": verdict("pass")}, (*said, approval("q")), stayed + 1),
        )
        assert set(more) <= set(less)


def test_a_length_of_time_is_told_in_its_two_largest_units():
    cases = {0: "0s", 59: "59s", 60: "1m", 3600: "1h", 5400: "1h 30m", 90061: "1d 1h", 3601: "1h"}
    assert {seconds: span_words(seconds) for seconds in cases} == cases


def test_a_gate_is_told_in_a_line():
    assert gate_words(Gate()) == ""
    assert gate_words(Gate(("unit", "load"), 3600, 1)) == (
        "unit passed, load passed, 1h soaked, 1 approval"
    )
    assert gate_words(Gate((), 0, 2, ("ann", "bob"))) == "2 approvals of ann, bob"
