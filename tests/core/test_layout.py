"""Keys and names: pure functions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from versioned import layout, naming
from versioned.errors import ContaminatedError, InvalidNameError, InvalidVersionError

NUMBERS = st.integers(min_value=1, max_value=999_999)


@pytest.mark.parametrize(
    ("version", "filename"),
    [
        (None, "000000_LATEST"),
        ("LATEST", "000000_LATEST"),
        (1, "999999_000001"),
        ("2", "999998_000002"),
        ("000003", "999997_000003"),
        (999_999, "000001_999999"),
    ],
)
def test_a_version_has_one_file_name(version, filename):
    assert layout.encode_filename(version) == filename


@given(NUMBERS)
def test_decoding_undoes_encoding(number):
    assert layout.decode_filename(layout.encode_filename(number)) == str(number)


@given(NUMBERS, NUMBERS)
def test_newer_versions_sort_before_older_ones_and_after_latest(a, b):
    first, second = layout.encode_filename(max(a, b)), layout.encode_filename(min(a, b))
    assert layout.encode_filename(None) < first <= second


@pytest.mark.parametrize(
    "version", [0, -1, 1_000_000, "abc", "", "1.5", 1.5, True, "latest", "\uff11", "1" * 5000]
)
def test_what_is_no_version_is_refused(version):
    with pytest.raises(InvalidVersionError):
        layout.normalize_version(version)


@pytest.mark.parametrize(
    "filename", ["", "000000_000000", "999999_000002", "1_2", "000000_latest", "999999_000001.zip"]
)
def test_what_is_no_file_name_of_a_version_is_refused(filename):
    with pytest.raises(InvalidVersionError):
        layout.decode_filename(filename)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "a/b", "/", "a\\b", "a\nb", "a\0b", "\x7f", "a\u202eb"),
        *("x" * 256, "é" * 128, "\ud800", None, 7),
    ],
)
def test_an_artifact_name_cannot_escape_its_room(name):
    with pytest.raises(InvalidNameError):
        layout.artifact_folder(name)


@given(st.text())
def test_every_name_is_refused_or_stays_in_one_folder(name):
    try:
        folder = layout.artifact_folder(name)
    except InvalidNameError:
        return
    assert folder == f"{name}/"
    assert folder.count("/") == 1
    assert folder not in {"/", "./", "../"}


@pytest.mark.parametrize("alias", ["LATEST", "prod-eu", "1_prod", "", "a/b", "_x", "a@b", "a\tb"])
def test_an_alias_that_breaks_the_rules_is_refused(alias):
    with pytest.raises(ValueError, match="alias"):
        naming.validate_alias_name(alias)


@pytest.mark.parametrize("alias", ["prod", "staging", "v1_0", "prod.eu", "größe"])
def test_an_ordinary_alias_is_accepted(alias):
    naming.validate_alias_name(alias)


@pytest.mark.parametrize("suffix", ["/zip", "a/b", "\\", "\n", "x" * 65])
def test_a_suffix_that_is_no_end_of_a_file_name_is_refused(suffix):
    with pytest.raises(InvalidNameError):
        naming.validate_suffix(suffix)


@given(NUMBERS, st.sampled_from(["", ".zip", ".tar.gz", "_000001", "0"]))
def test_a_key_tells_its_version_whatever_the_suffix(number, suffix):
    key = layout.version_key("app", number, suffix)
    assert layout.version_of_key(key, suffix) == str(number)


def test_a_foreign_object_among_the_versions_is_named():
    with pytest.raises(ContaminatedError, match=r"notes\.txt"):
        layout.version_of_key("app/versions/notes.txt", "")


@given(st.integers(min_value=1, max_value=99_999_998))
def test_a_newer_ledger_entry_sorts_first(position):
    key, later = (layout.ledger_key("app", "prod", p) for p in (position, position + 1))
    assert later < key
    assert layout.position_of_ledger_key(key) == position


def test_the_rooms_of_an_artifact_do_not_overlap():
    folders = [
        layout.versions_folder("a"),
        layout.aliases_folder("a"),
        layout.numbers_folder("a"),
        layout.deletions_folder("a"),
        layout.ledgers_folder("a"),
        layout.private_folder("a"),
        layout.uploads_folder("a"),
    ]
    assert len(set(folders)) == len(folders)
    assert not any(a != b and a.startswith(b) for a in folders for b in folders)
