"""The document of a revision: read back as it was written, and never believed. No store is asked."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from versioned.errors import ContaminatedError
from versioned.packages import Package, layout
from versioned.packages.coordinates import Place
from versioned.packages.domain import Domain, PackageRepository, decode_domain, encode_domain
from versioned.packages.revision import Asset, AssetSet, Origin, PackageStatus, State
from versioned.packages.revision_codec import (
    decode_revision,
    encode_revision,
    position_of_revision,
)

AT = "2026-01-01T00:00:00.000000+00:00"
PLACE = Place("AbcDev", Package.of("generic", "scripts", "team"), "1.0")
FOLDER = layout.revisions_folder(PLACE)
KEY = layout.revision_key(FOLDER, 3)

TEXTS = st.text(max_size=10)
HASHES = st.text(alphabet="0123456789abcdef", min_size=64, max_size=64)
ASSETS = st.builds(
    Asset,
    name=st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    asset_set=st.sampled_from(["1", None]),
    size=st.integers(0, 2**50),
    sha256=HASHES,
    uploaded_at=st.just(AT),
    generation=st.integers(0, 9),
    beside=st.none() | HASHES,
    details=st.dictionaries(TEXTS, TEXTS, max_size=2),
    yanked=st.none() | TEXTS,
    origin=st.none() | st.builds(Origin, TEXTS, TEXTS, TEXTS, st.lists(TEXTS).map(tuple)),
)
STATES = st.builds(
    State,
    status=st.sampled_from(PackageStatus),
    active=st.sampled_from(["1", None]),
    sets=st.just((AssetSet("1", finished=True, created_at=AT),)),
    assets=st.lists(ASSETS, max_size=3).map(tuple),
    withdrawn=st.dictionaries(TEXTS, HASHES, max_size=2),
    generation=st.integers(0, 9),
    deprecated=st.none() | TEXTS,
    about=st.dictionaries(TEXTS, TEXTS, max_size=2),
)


def encoded(state, *, place=PLACE, position=3, message=None):
    return encode_revision(
        place,
        state,
        action="publish",
        position=position,
        previous="ab" * 32,
        at=AT,
        by="ann",
        message=message,
        identity="0" * 32,
    )


ASSET = Asset("run.sh", "1", 3, "cd" * 32, AT, origin=Origin("AbcQa", "1-aa", "run.sh", ("it",)))
SETS = (AssetSet("1", finished=True, created_at=AT),)
RAW = encoded(State(PackageStatus.PUBLISHED, active="1", sets=SETS, assets=(ASSET,)))


@given(STATES, st.none() | TEXTS)
def test_a_revision_is_read_back_as_it_was_written(state, message):
    raw = encoded(state, message=message)
    found = decode_revision(FOLDER, KEY, raw)
    assert found.state == state
    assert found.message == message
    assert encoded(found.state, message=message) == raw


@given(STATES)
def test_the_same_state_is_the_same_document(state):
    assert encoded(state) == encoded(replace(state))


def fields(value, path=()):
    """Every place of a document."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in pairs:
        if isinstance(inner, (dict, list)):
            yield from fields(inner, (*path, name))
        else:
            yield (*path, name)


GARBAGE = st.sampled_from(
    [None, True, -1, 0, 1.5, "", "..", "../../x", "\ud800", "x" * 3000, [], [None], {}, {"": 1}]
)


@settings(max_examples=300)
@given(st.sampled_from(sorted(fields(json.loads(RAW)), key=repr)), GARBAGE)
def test_a_document_with_any_field_replaced_is_read_or_refused_as_contaminated(path, value):
    document = json.loads(RAW)
    if not path:
        document = value
    else:
        where = document
        for name in path[:-1]:
            where = where[name]
        where[path[-1]] = value
    try:
        found = decode_revision(FOLDER, KEY, json.dumps(document).encode())
    except ContaminatedError:
        return
    assert found.place == PLACE
    assert found.position == 3
    assert all(
        layout.file_key(
            PLACE, sha256=one.sha256, generation=one.generation, name=one.name
        ).startswith("AbcDev/generic/files/team!scripts/1.0/")
        for one in found.state.assets
    )


@given(st.data())
def test_a_document_without_a_field_is_contaminated(data):
    document = json.loads(RAW)
    optional = {"namespace", "by", "message", "active", "deprecated"}
    del document[data.draw(st.sampled_from(sorted(set(document) - optional)))]
    with pytest.raises(ContaminatedError):
        decode_revision(FOLDER, KEY, json.dumps(document).encode())


@given(st.binary(max_size=40) | st.integers(0, len(RAW) - 1).map(lambda end: RAW[:end]))
def test_what_is_no_document_is_contaminated(raw):
    with pytest.raises(ContaminatedError):
        decode_revision(FOLDER, KEY, raw)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2),
        ("repository", "AbcProd"),
        ("version", "2.0"),
        ("package", "other"),
        ("package_format", "npm"),
        ("position", 4),
        ("position", 10**9),
        ("action", "destroy"),
        ("status", "Gone"),
        ("active", "2"),
        ("generation", -1),
        ("sets", [{"name": "1", "finished": False, "created_at": AT}]),
        ("sets", []),
        ("previous", "zz"),
        ("at", "yesterday"),
        ("withdrawn", {"x": "y"}),
    ],
)
def test_a_document_that_contradicts_its_key_or_itself_is_contaminated(field, value):
    raw = json.dumps(json.loads(RAW) | {field: value}).encode()
    with pytest.raises(ContaminatedError):
        decode_revision(FOLDER, KEY, raw)


def test_a_document_under_another_key_is_contaminated():
    other = layout.revisions_folder(replace(PLACE, repository="AbcProd"))
    with pytest.raises(ContaminatedError, match="lies elsewhere"):
        decode_revision(other, layout.revision_key(other, 3), RAW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "7-",
        "7-abc",
        "-3fa9",
        "x-0123456789abcdef",
        "²-0123456789abcdef",
        "1" * 9 + "-" + "a" * 16,
    ],
)
def test_what_names_no_revision_has_no_position(text):
    assert position_of_revision(text) is None


def test_the_name_of_a_revision_begins_with_its_position():
    found = decode_revision(FOLDER, KEY, RAW)
    assert position_of_revision(found.revision) == 3
    assert found.revision == f"3-{found.digest[:16]}"


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}", fullmatch=True),
        st.tuples(
            TEXTS,
            st.lists(st.sampled_from(["integration", "license"])).map(tuple),
            st.lists(st.sampled_from(["AbcDev", "AbcStaging"])).map(tuple),
        ),
        max_size=3,
    )
)
def test_a_domain_is_read_back_as_it_was_written(repositories):
    domain = Domain(
        "abc",
        AT,
        tuple(PackageRepository(name, AT, *said) for name, said in sorted(repositories.items())),
    )
    assert decode_domain(encode_domain(domain)) == domain


@given(GARBAGE, st.sampled_from(["format", "name", "created_at", "repositories"]))
def test_a_domain_with_any_field_replaced_is_read_or_refused_as_contaminated(value, field):
    document = json.loads(encode_domain(Domain("abc", AT, (PackageRepository("Dev", AT),))))
    try:
        decode_domain(json.dumps(document | {field: value}).encode())
    except ContaminatedError:
        return
    assert field == "repositories"
    assert value == {}
