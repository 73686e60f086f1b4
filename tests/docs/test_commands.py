"""Every command and snippet that a page shows is run, and prints what the page says."""

import logging
import shutil
import subprocess

import pytest
import shown
from examples import PAGES as FORMATS
from moto.server import ThreadedMotoServer
from shown import (
    ON_A_REGISTRY,
    ON_A_SERVER,
    PAGES,
    ROOT,
    fences,
    is_shown,
    run,
    s3_environ,
    steps,
)

RUNNABLE = [
    page
    for page in PAGES
    if page.name not in ON_A_REGISTRY | ON_A_SERVER and steps(page.read_text("utf-8"))
]
SLOW = pytest.mark.slow
TOO_LONG = {"benchmarks.md"}
"""Pages whose commands take minutes."""
LANGUAGES = {"console", "python", "output", "json", "yaml", "text", "js", "java", "py"}


def name_of(page):
    return page.stem


@pytest.fixture(scope="module")
def endpoint():
    """An S3 of its own: the pages make the bucket that they name."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.mark.parametrize(
    "page",
    [
        page if page.stem in {"README", "getting-started"} else pytest.param(page, marks=SLOW)
        for page in RUNNABLE
    ],
    ids=name_of,
)
def test_what_a_page_shows_is_what_happens(page, endpoint, tmp_path):
    wanted = steps(page.read_text("utf-8"))
    outputs = run(wanted, tmp_path, s3_environ(endpoint))
    for step, printed in zip(wanted, outputs, strict=True):
        assert is_shown(step.output, printed), (
            f"{page.name}:{step.line}: {step.source}\nshows\n"
            + "\n".join(step.output)
            + "\nand prints\n"
            + "\n".join(printed)
        )


def test_no_page_shows_a_command_in_a_way_that_is_not_run():
    for page in ROOT.glob("docs/**/*.md"):
        if page.parent.name == "reference" or page.name in TOO_LONG:
            continue
        for fence in fences(page.read_text("utf-8")):
            assert fence.language in LANGUAGES, f"{page}:{fence.line}"
            if fence.run and fence.language in {"console", "python"}:
                assert page in PAGES, f"{page}:{fence.line} is never run"


def test_no_page_shows_a_traceback():
    for page in PAGES:
        assert "Traceback" not in page.read_text("utf-8"), page


class TestHowOutputIsCompared:
    def test_times_ages_and_hashes_may_differ(self):
        shows = ["app  3d  2026-01-01 10:00:00Z  0123456789ab"]
        assert is_shown(shows, ["app   now  2026-11-20 20:16:49Z  ba9876543210"])

    def test_words_may_not(self):
        assert not is_shown(["published app@1"], ["published app@2"])
        assert not is_shown(["one"], ["one", "two"])
        assert not is_shown([], ["one"])

    def test_three_dots_stand_for_any_lines(self):
        assert is_shown(["a", "...", "d"], ["a", "b", "c", "d"])
        assert is_shown(["..."], [])
        assert not is_shown(["a", "...", "d"], ["a", "b"])


def snippet(page, language):
    (found,) = [f for f in fences(page.read_text("utf-8")) if f.language == language]
    return "\n".join(found.lines)


class TestRoutingInOtherLanguages:
    """The functions of docs/formats/routing.md, run against all vectors."""

    page = next(page for page in FORMATS if page.stem == "routing")
    vectors = ROOT / "docs" / "formats" / "routing-vectors.json"

    def test_python(self):
        code = snippet(self.page, "python").partition("\n\n\nprint")[0]
        code += f"""
import json
for v in json.loads({self.vectors.read_text("utf-8")!r}):
    for s in v["splits"]:
        assert canary_of(v["artifact"], v["alias"], v["key"], s["canaries"]) == s["canary"], v
    for weight in range(100):
        canary = canary_of(v["artifact"], v["alias"], v["key"], [("2", weight * 100)])
        assert (canary == "2") == (v["bucket"] < weight * 100), v
"""
        exec(compile(code, "routing.md", "exec"), {})  # noqa: S102 - our own page

    @pytest.mark.skipif(not shutil.which("node"), reason="there is no node")
    def test_javascript(self, tmp_path):
        script = tmp_path / "routing.mjs"
        script.write_text(
            snippet(self.page, "js")
            + f"""
import {{ readFileSync }} from "node:fs";
for (const v of JSON.parse(readFileSync({str(self.vectors)!r}, "utf8"))) {{
  for (const s of v.splits)
    if (canaryOf(v.artifact, v.alias, v.key, s.canaries) !== s.canary)
      throw new Error(JSON.stringify([v, s]));
  for (let weight = 0; weight < 100; weight++)
    if ((canaryOf(v.artifact, v.alias, v.key, [["2", weight * 100]]) === "2")
        !== v.bucket < weight * 100)
      throw new Error(JSON.stringify(v));
}}
""",
            "utf-8",
        )
        subprocess.run(["node", script], check=True, timeout=60)

    @pytest.mark.skipif(not shutil.which("javac"), reason="there is no Java")
    def test_java(self, tmp_path):
        """Java reads no JSON of its own, so the vectors are written into the program."""
        import json  # noqa: PLC0415

        lines = [
            f"check({json.dumps(v['artifact'])}, {json.dumps(v['alias'])}, "
            f"{json.dumps(v['key'])}, {json.dumps(s['canary'])}, new String[] "
            f"{{{', '.join(json.dumps(version) for version, _ in s['canaries'])}}}, new int[] "
            f"{{{', '.join(str(points) for _, points in s['canaries'])}}});"
            for v in json.loads(self.vectors.read_text("utf-8"))
            for s in v["splits"]
        ]
        program = tmp_path / "Routing.java"
        program.write_text(
            f"""class Routing {{
{snippet(self.page, "java")}
static void check(String artifact, String alias, String key, String canary,
                  String[] versions, int[] basisPoints) throws Exception {{
    if (!java.util.Objects.equals(canaryOf(artifact, alias, key, versions, basisPoints), canary))
        throw new RuntimeException(key);
}}
public static void main(String[] none) throws Exception {{
{chr(10).join(lines)}
}}
}}
""",
            "utf-8",
        )
        subprocess.run(["java", "-XX:TieredStopAtLevel=1", program], check=True, timeout=60)


def test_the_pages_are_those_that_are_written_by_hand():
    assert {page.parent.name for page in shown.PAGES[1:]} == {"guide", "formats"}
