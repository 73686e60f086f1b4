"""Input that ends in one line and a documented exit code, never in a traceback."""

from datetime import datetime, timedelta, timezone

import pytest

from versioned import Repository
from versioned.errors import InvalidInputError
from versioned.ledger_proof import Anchor
from versioned.targets import basis_points


@pytest.mark.parametrize("weight", ["1e999999", "1e1000000000", "-1e999999"])
def test_a_weight_that_no_decimal_can_hold_is_refused(weight):
    with pytest.raises(InvalidInputError):
        basis_points(weight)


def test_also_on_the_command_line(app):
    said = app("alias split app@prod 1=1e999999 2=1")
    assert said.code == 2
    assert said.stderr.startswith("error: '1e999999' is not a weight")


def test_a_position_that_no_ledger_has_is_no_anchor():
    with pytest.raises(InvalidInputError):
        Anchor.parse(f"app@prod {'9' * 5000} {'a' * 64}")


def test_anchors_that_are_no_text(app, home):
    (home / "anchors").write_bytes(b"\xff\xfe")
    said = app("verify --ledger --anchors anchors")
    assert (said.code, said.stderr.splitlines()[0]) == (
        2,
        "error: The file of --anchors is no text.",
    )


def test_a_key_that_is_no_unicode_has_no_version(app):
    said = app("route app@prod '\udcff'")
    assert (said.code, said.stdout) == (2, "")


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-14))),
    ],
    ids=["too early", "too late"],
)
def test_a_moment_that_can_not_be_told_in_utc_is_refused(app, home, moment):
    repository = Repository.open(str(home / ".versioned"))
    with pytest.raises(InvalidInputError):
        repository.state_at("app", "prod", moment)
