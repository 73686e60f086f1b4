"""What the pages show: commands with their output, and snippets of Python, run page by page.

A fence is run if it is ```console or ```python. In a console fence a line that starts with `$ `
is a command, one that starts with `> ` goes on with it, and the rest is its output. What a
snippet prints stands in an ```output fence right below. A line `...` stands for any lines.
`<!-- not run: the reason -->` above a fence keeps it from being run.

    python tests/docs/shown.py docs/guide/large-files.md     # write what the commands print now
"""

import logging
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted(ROOT.glob("docs/guide/*.md")),
    *sorted(ROOT.glob("docs/formats/*.md")),
]
REGISTRY = "registry.example.com"
"""What the pages call their registry of images."""
ON_A_REGISTRY = {"ship-images.md"}
"""Pages that need a real one, and a container runtime: `make test-images` runs them."""
SERVER = "https://packages.example.com"
"""What the pages call their `versioned serve`."""
ON_A_SERVER = {"promote-with-aws-cli.md"}
"""Pages that need one, and real clients: `make test-clients` runs them."""
HOME = "/home/ann"
"""Where the pages claim to be."""

_END = "\x01"
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00| UTC)?")
_NOT_RUN = re.compile(r"<!-- not run: .+ -->")


@dataclass(frozen=True, slots=True)
class Step:
    """One command or snippet, with the lines of its page that hold its output."""

    source: str
    output: tuple[str, ...]
    line: int
    python: bool = False

    @property
    def script(self):
        if not self.python:
            return self.source
        return f"python - <<'END_OF_SNIPPET'\n{self.source}\nEND_OF_SNIPPET"


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: its language, its lines, the number of its first line, and whether the
    comment above it keeps it from being run."""

    language: str
    lines: tuple[str, ...]
    line: int
    run: bool


def fences(text):
    """All fenced blocks of a page."""
    found = []
    above, opened, lines = "", None, []
    for number, line in enumerate(text.splitlines(), start=1):
        if opened is None and line.startswith("```"):
            opened, lines = line[3:].strip(), []
        elif opened is not None and line == "```":
            first = number - len(lines)
            found.append(Fence(opened, tuple(lines), first, not _NOT_RUN.fullmatch(above)))
            opened = None
        elif opened is not None:
            lines.append(line)
        if opened is None and line.strip():
            above = line.strip()
    return found


def steps(text):
    """What is to be run of a page, in order."""
    found = []
    for fence in fences(text):
        if not fence.run:
            continue
        if fence.language == "console":
            found += _commands(fence)
        elif fence.language == "python":
            found.append(Step("\n".join(fence.lines), (), fence.line + len(fence.lines), True))
        elif fence.language == "output":
            assert found[-1].python, f"line {fence.line}: nothing printed this"
            found[-1] = replace(found[-1], output=fence.lines, line=fence.line)
    return found


def _commands(fence):
    found = []
    for number, line in enumerate(fence.lines, start=fence.line):
        if line.startswith("$ "):
            found.append(Step(line[2:], (), number + 1))
        elif line.startswith("> ") and not found[-1].output:
            more = f"{found[-1].source}\n{line[2:]}"
            found[-1] = replace(found[-1], source=more, line=number + 1)
        else:
            found[-1] = replace(found[-1], output=(*found[-1].output, line))
    return found


def run(wanted, root, environ):
    """Run the steps in one shell, below `root` as if it were the machine; the output of each."""
    home = Path(f"{root}{HOME}")
    work = home / "work"
    work.mkdir(parents=True)
    script = "exec 2>&1\n"
    for step in wanted:
        end = rf"status=$?; printf '\n{_END}\n'; (exit $status)"
        script += f"{step.script}\n{end}\n"
    file = Path(root, "page.sh")
    file.write_text(script, "utf-8")
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", file],
        stdin=subprocess.DEVNULL,
        cwd=work,
        env=environ
        | {
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "VERSIONED_ACTOR": "ann",
        },
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=600,
    )
    printed = done.stdout.replace(str(root), "").split(f"\n{_END}\n")[:-1]
    assert len(printed) == len(wanted), f"the shell ended early:\n{done.stdout}"
    return [tuple(text.splitlines()) for text in printed]


def is_shown(shown, printed):
    """Whether a page shows what was printed, but for times, ages and the width of columns."""
    return _matches([_settled(s) for s in shown], [_settled(p) for p in printed])


def _matches(shown, printed):
    if "..." not in shown:
        return shown == printed
    at = shown.index("...")
    head, tail = shown[:at], shown[at + 1 :]
    if printed[:at] != head:
        return False
    rest = printed[at:]
    return any(_matches(tail, rest[start:]) for start in range(len(rest) + 1))


def _settled(line):
    line = _TIME.sub("TIME", line)
    line = re.sub(r"\b[0-9a-f]{12,64}\b", "HEX", line)  # first: 12345678901d is no age
    line = re.sub(r"\b(now|[0-9]+[mhd])\b", "AGE", line)
    return re.sub(r" {2,}", "  ", line).strip()


def rewritten(text, wanted, outputs):
    """The page with what was printed in place of what it showed."""
    lines = text.splitlines()
    for step, printed in reversed(list(zip(wanted, outputs, strict=True))):
        if not is_shown(step.output, printed):
            first = step.line - 1
            if step.python and not step.output:
                new = ["```", "", "```output", *printed] if printed else []
                lines[first:first] = new
            else:
                lines[first : first + len(step.output)] = printed
    return "\n".join(lines) + "\n"


def main(pages):
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - tests have a server already

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environ = s3_environ(f"http://{host}:{port}")
    for page in map(Path, pages):
        host = os.environ["VERSIONED_TEST_REGISTRY"] if page.name in ON_A_REGISTRY else REGISTRY
        text = page.read_text("utf-8").replace(REGISTRY, host)
        wanted = steps(text)
        with tempfile.TemporaryDirectory() as root:
            printed = run(wanted, root, environ | registry_environ())
            page.write_text(rewritten(text, wanted, printed).replace(host, REGISTRY), "utf-8")
    server.stop()


def s3_environ(endpoint):
    """Where the S3 of the pages is, and who they are there."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def registry_environ():
    """What `scripts/with-registry` says to container runtimes, and the password for us."""
    names = ("CONTAINERS_", "BUILDAH_", "REGISTRY_AUTH_FILE", "TMPDIR", "XDG_RUNTIME_DIR")
    found = {name: value for name, value in os.environ.items() if name.startswith(names)}
    for name in ("USER", "PASSWORD"):
        if f"VERSIONED_TEST_REGISTRY_{name}" in os.environ:
            found[f"VERSIONED_REGISTRY_{name}"] = os.environ[f"VERSIONED_TEST_REGISTRY_{name}"]
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
