"""A side of the comparison at work in a process of its own: a JSON line in, a JSON line out.

    {"operation": "publish", "arguments": {"name": "app"}, "delay": 0.03}

is answered by a `Reply`, or by `{"error": "KeyError"}`. Runs in both environments.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import botocore

from bench.wire import Wire

BUCKET_VARIABLE = "VERSIONED_BENCH_BUCKET"
ROOM_VARIABLE = "VERSIONED_BENCH_ROOM"
MEND_VARIABLE = "VERSIONED_BENCH_MEND"

Action = Callable[[], int | None]
"""What is timed. It returns what it found, as a number to compare."""


class Side:
    """What both packages share. An operation is a method that prepares and returns an action."""

    prefix: str
    waited = 0.0

    def __init__(self) -> None:
        self.bucket = os.environ[BUCKET_VARIABLE]
        self.room = Path(os.environ[ROOM_VARIABLE])

    def versions_of_software(self) -> dict[str, str]:
        return {
            "python": ".".join(map(str, sys.version_info[:3])),
            "boto3": boto3.__version__,
            "botocore": botocore.__version__,
        }

    def pause(self, seconds: float) -> Action:
        return lambda: time.sleep(seconds)

    def seed_versions(self, name: str, count: int) -> Action:
        """Write LATEST and `count` published versions, as either package might have."""
        client = boto3.client("s3")

        def write(number: int) -> None:
            data = content(number, 1024)
            file = f"{10**6 - number:06d}_{number:06d}" if number else "000000_LATEST"
            client.put_object(
                Bucket=self.bucket,
                Key=f"{self.prefix}/{name}/versions/{file}",
                Body=data,
                Metadata={
                    "artifact_name": name,
                    "artifact_sha256": hashlib.sha256(data).hexdigest(),
                },
            )

        def action() -> int:
            with ThreadPoolExecutor(8) as pool:
                return len(list(pool.map(write, range(count + 1))))

        return action


def content(seed: int, size: int) -> bytes:
    """Bytes that can't be compressed, the same for the same seed."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - nothing is secret


def none(_: object) -> None:
    """Forget a result."""


def peak_memory() -> int:
    """The most memory that this process ever had, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # a fresh process inherits ru_maxrss from who started it
        lines = dict(line.split(":", 1) for line in status.read_text("utf-8").splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def serve(make: Callable[[], Side]) -> None:
    """Answer until there are no more lines. The first answer tells the versions of the software."""
    warnings.simplefilter("ignore")  # an old package on a newer Python
    wire = Wire()
    wire.tap()
    side = make()
    print(json.dumps(side.versions_of_software()), flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(side, wire, **json.loads(line))), flush=True)


def _answer(
    side: Side, wire: Wire, *, operation: str, arguments: dict[str, Any], delay: float
) -> dict[str, Any]:
    action: Action = getattr(side, operation)(**arguments)
    wire.take()
    wire.delay, side.waited = delay, 0.0
    started = time.perf_counter()
    try:
        result = action()
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs into the table
        return {"error": type(error).__name__, "message": str(error)}
    return {
        "seconds": time.perf_counter() - started,
        "sent": wire.take(),
        "waited": side.waited,
        "result": result,
        "peak": peak_memory(),
    }
