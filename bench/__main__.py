"""`python -m bench`, from the root of the repository. Exits with 1 where a budget is exceeded."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from functools import partial
from pathlib import Path

from bench.measure import DELAY, measure
from bench.operations import MEBIBYTE, operations
from bench.report import as_json, figures_table, operations_table, over_budget
from bench.server import Server, bucket_on, moto
from bench.serving import BUCKET_VARIABLE, MEND_VARIABLE, ROOM_VARIABLE
from bench.throughput import local_store, memory, transfers
from bench.workers import ROOT, Side, Worker, call

PEER = "1.0.1"


def main() -> int:
    options = parse(sys.argv[1:], os.environ)
    with ExitStack() as stack:
        server = stack.enter_context(nullcontext(options.server) if options.server else moto())
        bucket = stack.enter_context(bucket_on(server))
        room = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sides = _sides(options, server, bucket, room)
        workers = {side.name: stack.enter_context(side.start()) for side in sides}
        conditional_copy = bool(workers["ours"].run(call("bootstrap")).result)
        plan = partial(operations, versions=options.versions, conditional_copy=conditional_copy)
        rows = [result.row for result in measure(workers, plan, rounds=options.rounds)]
        environment = _environment(options, server, workers)
        print(_title(environment), operations_table(rows, peer=PEER), sep="\n\n", flush=True)
        figures = [
            *transfers(sides, room, rounds=options.rounds, size=options.transfer * MEBIBYTE),
            *memory(sides, room, size=options.memory * MEBIBYTE),
            *local_store(room, rounds=options.cycles),
        ]
        print("", "Without added delay", "", figures_table(figures, peer=PEER), sep="\n")
    if options.json:
        report = as_json(rows, figures, environment)
        options.json.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    exceeded = over_budget(rows)
    for line in exceeded:
        print(f"over budget: {line}", file=sys.stderr)
    return 1 if exceeded else 0


def parse(arguments: Sequence[str], environ: Mapping[str, str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench", description="What operations cost, beside 1.0.1.")
    parser.add_argument("--quick", action="store_true", help="smaller sizes")
    parser.add_argument("--rounds", type=int, default=3, help="3 unless given")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    parser.add_argument(
        "--peer-python",
        default=environ.get("VERSIONED_TEST_PEER_PYTHON", str(ROOT / ".venv-peer/bin/python")),
        help="of the other package; scripts/peer-environment makes it",
    )
    for name, help_text in {
        "endpoint": "of a server to use in place of a moto of our own",
        "access-key": "of that server",
        "secret-key": "of that server",
    }.items():
        variable = f"VERSIONED_TEST_CEPH_{name.replace('-', '_').upper()}"
        parser.add_argument(f"--{name}", default=environ.get(variable), help=help_text)
    parser.add_argument("--server-name", default="the given server", help="for the report")
    parser.add_argument(
        "--mend-peer",
        action="store_true",
        help="give the other package back the underscores in metadata that Ceph turns to hyphens",
    )
    options = parser.parse_args(arguments)
    sizes = (20, 16, 64, 50) if options.quick else (100, 64, 256, 200)
    options.versions, options.transfer, options.memory, options.cycles = sizes
    if not Path(options.peer_python).exists():
        parser.error("the other package has no environment yet: run scripts/peer-environment")
    given = (options.endpoint, options.access_key, options.secret_key)
    if any(given) and not all(given):
        parser.error("--endpoint, --access-key and --secret-key belong together")
    options.server = Server(options.server_name, *given) if all(given) else None
    return options


def _sides(options: argparse.Namespace, server: Server, bucket: str, room: Path) -> list[Side]:
    environment = {**server.environment, BUCKET_VARIABLE: bucket, ROOM_VARIABLE: str(room)}
    mended = {**environment, MEND_VARIABLE: "1"} if options.mend_peer else environment
    return [
        Side("ours", sys.executable, "bench.our_worker", environment),
        Side("peer", options.peer_python, "bench.peer_worker", mended),
    ]


def _environment(
    options: argparse.Namespace, server: Server, workers: Mapping[str, Worker]
) -> dict[str, object]:
    """What the figures depend on; nothing that names a machine."""
    return {
        "server": server.name,
        "delay_ms": DELAY * 1000,
        "rounds": options.rounds,
        "peer_mended": options.mend_peer,
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        **{side: worker.software for side, worker in workers.items()},
    }


def _title(environment: Mapping[str, object]) -> str:
    return (
        f"{environment['server']}, {environment['delay_ms']:.0f} ms added to every request, "
        f"median of {environment['rounds']} rounds; ratio: time of {PEER} / time of ours"
    )


if __name__ == "__main__":
    sys.exit(main())
