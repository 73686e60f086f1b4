import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from versioned.cli.output import Mode, Output
from versioned.cli.tables import Column, Fields, Table, cell_width, fit, plain_lines, shorten
from versioned.cli.words import age_words, count_words, safe, size_words

COLUMNS = (
    Column("VERSION"),
    Column("SIZE", right=True, drop=2),
    Column("BY", drop=1),
    Column("MESSAGE", shrink=10),
)
ROWS = [("app@1", "12.0 KiB", "anna", "a long story about a release"), ("app@2", "1 B", "bo", "")]


def sink(mode=Mode.PEOPLE, width=None, *, color=False):
    return Output(mode, io.StringIO(), io.StringIO(), width, color)


def test_plain_text_is_aligned_and_whole():
    out = sink()
    out.answer(None, quiet=(), people=[Table(COLUMNS, ROWS)])
    assert out.stdout.getvalue() == (
        "VERSION      SIZE  BY    MESSAGE\n"
        "app@1    12.0 KiB  anna  a long story about a release\n"
        "app@2         1 B  bo    -\n"
    )


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (
            50,
            [
                "VERSION      SIZE  BY    MESSAGE",
                "app@1    12.0 KiB  anna  a long story about a r...",
                "app@2         1 B  bo    -",
            ],
        ),
        (
            30,
            [
                "VERSION  BY    MESSAGE",
                "app@1    anna  a long story...",
                "app@2    bo    -",
            ],
        ),
        (20, ["VERSION  MESSAGE", "app@1    a long s...", "app@2    -"]),
        (10, ["VERSION  MESSAGE", "app@1    a long...", "app@2    -"]),
    ],
)
def test_a_narrow_terminal_loses_what_matters_least(width, lines):
    out = sink(width=width)
    out.answer(None, quiet=(), people=[Table(COLUMNS, ROWS)])
    assert out.stdout.getvalue().splitlines() == lines


@given(rows=st.lists(st.tuples(*[st.text(max_size=30)] * 4), max_size=5), width=st.integers(1, 120))
def test_refs_are_whole_at_any_width_and_lines_fit_when_they_can(rows, width):
    rows = [[safe(cell) for cell in row] for row in rows]
    fitted = fit(Table(COLUMNS, rows), width)
    assert [row[0] for row in fitted.rows] == [row[0] for row in rows]
    least = 7 + 2 + 10 + max([0, *(cell_width(row[0]) for row in rows)])
    if width >= least:
        assert all(cell_width(line) <= width for line in plain_lines(fitted))


def test_wide_characters_are_counted_as_wide():
    assert [cell_width(text) for text in ("abc", "日本", "e\u0301")] == [3, 4, 1]
    assert shorten("日本日本", 7) == "日本..."


def test_headings_are_bold_on_a_terminal_only():
    colored, piped = sink(width=80, color=True), sink(color=True)
    for out in (colored, piped):
        out.answer(None, quiet=(), people=[Table(COLUMNS, ROWS)])
    assert colored.stdout.getvalue().startswith("\x1b[1mVERSION")
    assert "\x1b" not in piped.stdout.getvalue()


def test_each_mode_has_its_answer():
    for mode, expected in (
        (Mode.PEOPLE, "hello\na   1\nbc  2\n"),
        (Mode.QUIET, "1\n2\n"),
        (Mode.JSON, '{\n  "a": 1\n}\n'),
    ):
        out = sink(mode)
        out.answer({"a": 1}, quiet=[1, 2], people=["hello", Fields([("a", "1"), ("bc", "2")])])
        assert out.stdout.getvalue() == expected


def test_notes_are_for_people_and_warnings_for_all():
    for mode, expected in (
        (Mode.PEOPLE, "a note\nwarning: careful\n"),
        (Mode.QUIET, "warning: careful\n"),
        (Mode.JSON, "warning: careful\n"),
    ):
        out = sink(mode)
        out.note("a note")
        out.warn("careful")
        assert (out.stdout.getvalue(), out.stderr.getvalue()) == ("", expected)


@given(st.text())
def test_no_text_leaves_as_anything_but_one_printable_line(text):
    assert safe(text).isprintable()
    for mode in Mode:
        out = sink(mode, width=40)
        out.answer(text, quiet=[text], people=[text, Table([Column("A")], [[text]])])
        out.fail("code", text, text)
        printed = out.stdout.getvalue() + out.stderr.getvalue()
        assert all(c.isprintable() or c == "\n" for c in printed)


@given(st.text(st.characters(codec="utf-8")))
def test_printable_text_is_left_alone_and_json_gives_it_back(text):
    if text.isprintable():
        assert safe(text) == text
    out = sink(Mode.JSON)
    out.answer(text, quiet=(), people=())
    assert json.loads(out.stdout.getvalue()) == text


def test_lone_surrogates_are_printable_too():
    assert safe("a\udcff") == "a\\udcff"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1024 * 1024 - 1, "1.0 MiB"),
        (5 * 1024**3, "5.0 GiB"),
        (3 * 1024**5, "3.0 PiB"),
    ],
)
def test_sizes(count, words):
    assert size_words(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "now"), (59, "now"), (60, "1m"), (3599, "59m"), (7200, "2h"), (90 * 86400, "90d")],
)
def test_ages(seconds, words):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert age_words(now - timedelta(seconds=seconds), now) == words


def test_counts():
    assert [count_words(n, "alias") for n in (0, 1, 2)] == ["0 aliases", "1 alias", "2 aliases"]
    assert count_words(1234, "version") == "1,234 versions"


def test_sentences_break_at_spaces_and_only_on_a_terminal():
    sentence = "  there is no artifact called app-two in /a/very/long/path/to/somewhere"
    narrow, piped = sink(width=24), sink()
    for out in (narrow, piped):
        out.answer(None, quiet=(), people=[sentence, ""])
    assert narrow.stdout.getvalue().splitlines() == [
        "  there is no artifact",
        "called app-two in",
        "/a/very/long/path/to/somewhere",
        "",
    ]
    assert piped.stdout.getvalue() == f"{sentence}\n\n"
