"""The pages hang together: links lead somewhere, tables say what the code says."""

import importlib
import re
import subprocess
import sys
import typing
from urllib.parse import unquote

import pytest
from examples import PAGES as FORMATS
from examples import examples, remove_bucket, settled, shown, story
from shown import ROOT

from versioned import (
    cache,
    content,
    context,
    doctor,
    errors,
    location,
    publishing,
    retention,
    transfer,
)
from versioned.cli import exits
from versioned.errors import VersionedError
from versioned.images import errors as image_errors
from versioned.packages import errors as package_errors
from versioned.server import bodies
from versioned.server.settings import Settings
from versioned.stores import base, s3_multipart

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("**/*.md"))]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def text_of(page):
    return page.read_text("utf-8")


def links(page):
    """Where the links of a page lead: the path and the anchor of each."""
    prose = re.sub(r"^```.*?^```", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", prose)):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield (page.parent / unquote(path)).resolve() if path else page, anchor


def anchors(page):
    headings = re.findall(r"^#+ (.+)$", text_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for target, anchor in links(page):
        assert target.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(target), f"{page.name} links to #{anchor} of {target.name}"


def test_every_page_is_linked_from_the_index():
    index = DOCS / "README.md"
    linked = {target for target, _ in links(index)}
    assert {page for page in DOCS.glob("**/*.md") if page != index} - linked == set()


def test_every_policy_is_linked():
    linked = {target for target, _ in links(DOCS / "guide" / "permissions.md")}
    assert set((DOCS / "iam").glob("*.json")) - linked == set()


def test_every_page_that_a_docstring_names_is_there():
    for source in (ROOT / "src").glob("**/*.py"):
        for name in re.findall(r"docs/[\w./-]+\.md", source.read_text("utf-8")):
            assert (ROOT / name).exists(), f"{source} names {name}"


def table(page, first):
    """The rows of the table whose header begins so, without the backticks."""
    lines = text_of(page).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first} |")) + 2
    for line in lines[start:]:
        if not line.startswith("|"):
            return
        yield [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]


class TestWhenSomethingBroke:
    page = DOCS / "guide" / "when-something-broke.md"

    @pytest.mark.parametrize(
        ("module", "first"),
        [
            (errors, "code"),
            (image_errors, "code of images"),
            (package_errors, "code of packages"),
        ],
    )
    def test_it_names_every_error_with_its_exit_code_and_class(self, module, first):
        kinds = [getattr(module, name) for name in module.__all__]
        bases = {"not-found", "integrity", "backend-error", "image-error", "error"}
        rows = {row[0]: row for row in table(self.page, first) if len(row) == 5}
        assert set(rows) == {kind.code for kind in kinds} - bases
        for kind in kinds:
            if kind.code in bases:
                continue
            _, number, name, builtin, _ = rows[kind.code]
            assert name == kind.__name__
            assert int(number) == exits.exit_code(instance(kind))
            if builtin:
                assert builtin in {base.__name__ for base in kind.__mro__}

    def test_it_names_the_errors_of_the_command_line(self):
        lines = text_of(self.page)
        own = [k for k in vars(exits).values() if getattr(k, "__module__", "") == exits.__name__]
        for kind in own:
            if isinstance(kind, type) and issubclass(kind, VersionedError):
                assert f"| `{kind.code}` | {int(exits.exit_code(instance(kind)))} |" in lines

    def test_it_names_every_finding(self):
        named = {row[0] for row in table(self.page, "finding")}
        sentence = " ".join(doctor.Finding.__doc__.split())
        _, _, codes = sentence.partition("for programs: ")
        assert named == set(codes.rstrip(".").split(", "))


NEEDED = {
    errors.AliasConflictError: {"expected": None, "found": None},
    errors.GateRefusedError: {"unmet": {}},
    package_errors.VerdictMissingError: {"unmet": {}},
    package_errors.PromotionOnlyError: {"unmet": {}},
    image_errors.ReferencesUnknownError: {"reports": ()},
    image_errors.IncompleteDeletionError: {"deletions": ()},
    image_errors.RuntimeFailedError: {"output": ""},
}


def instance(kind):
    return kind() if kind is exits.NeedsYesError else kind("message", **NEEDED.get(kind, {}))


def test_the_page_on_s3_names_every_option_of_a_url():
    named = {row[0] for row in table(DOCS / "guide" / "use-on-s3.md", "option")}
    assert named == location._OPTIONS


MIB = 1024 * 1024
SIZES = {
    "large-files": (
        f"Above {base.SINGLE_PUT_LIMIT // MIB} MiB a file goes up",
        f"in parts of {s3_multipart.SMALLEST_PART // MIB} MiB, four at once",
        f"ranges of {transfer.RANGE_SIZE // MIB} MiB",
        f"up to {publishing.SMALL // MIB} MiB they were read",
        f"Above {s3_multipart.COPY_LIMIT // 1024**3} GiB it copies",
        f"parts of {s3_multipart.SMALLEST_COPIED_PART // MIB} MiB",
        f"most {cache.DEFAULT_MAX_BYTES // 1024**3} GiB",
        f"can't be read twice, so above {content.SPOOL_SIZE // MIB} MiB",
    ),
    "run-the-server": (
        f"| one upload | {Settings().longest_upload // 1024**3} GiB",
        f"together | {bodies.LONGEST_FIELDS // MIB} MiB, {bodies.MOST_FIELDS:,} of them",
        f"| {Settings().slowest_upload // 1024} KiB a second on average",
        f"on average, after {Settings().patience:.0f} seconds",
        f"nothing of an answer | {Settings().patience:.0f} seconds",
        f"on which nothing is asked | {Settings().keep_alive} seconds, then it is closed",
        f"at once | {Settings().readers} and {Settings().writers}; others wait",
        f"within {Settings().memory:.0f} seconds on every server",
        f"What each copy remembers, for {Settings().memory:.0f} seconds",
        f"valid for {Settings().url_seconds // 60} minutes",
    ),
    "when-something-broke": (f"younger than {context.LEASE / 60:.0f} minutes",),
    "clean-up": (
        f"(default {retention.DEFAULT_KEEP_LAST_N})",
        f"(default `{retention.DEFAULT_OLDER_THAN_SECS // 86400}d`)",
    ),
}


@pytest.mark.parametrize("page", SIZES)
def test_a_page_names_the_sizes_that_the_code_has(page):
    text = " ".join(text_of(DOCS / "guide" / f"{page}.md").split())
    missing = [sentence for sentence in SIZES[page] if sentence not in text]
    assert missing == []


@pytest.fixture(scope="module")
def documents(make_client):
    client = make_client("moto")
    yield story(client)
    remove_bucket(client)


@pytest.mark.xdist_group("policies")
class TestExamples:
    def test_they_are_what_the_code_writes(self, documents):
        for page in FORMATS:
            for name, text in examples(text_of(page)):
                assert settled(text) == settled(shown(documents[name])), (page.name, name)

    def test_there_is_one_of_every_kind_of_document(self, documents):
        named = {key for page in FORMATS for (_, key), _ in examples(text_of(page))}
        rooms = {key.split("/")[1] for kind, key in documents if kind == "example" and "/" in key}
        assert rooms <= {key.split("/")[1] for key in named if "/" in key}
        assert ".versioned.json" in named

    def test_there_is_one_of_every_kind_of_document_of_packages(self, documents):
        def place(key):
            parts = key.split("/")
            return parts[0] if parts[0].startswith(".") else tuple(parts[1:3])

        named = {
            place(key)
            for page in FORMATS
            for (kind, key), _ in examples(text_of(page))
            if kind == "package"
        }
        places = {place(key) for kind, key in documents if kind == "package"}
        assert places - {".versioned.json", ("generic", "revisions")} == named


def test_the_reference_is_up_to_date():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "reference", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_reference_covers_the_whole_public_api():
    api = text_of(DOCS / "reference" / "api.md")
    package = importlib.import_module("versioned")
    for name in typing.cast("list[str]", package.__all__):
        assert f"versioned.{name}`" in api or f"`versioned.errors.{name}`" in api
