"""Peak memory does not grow with the artifact: measured as the peak of a process of its own."""

import subprocess
import sys

MIB = 1024 * 1024
PROGRAM = """
import resource, sys
from pathlib import Path
from versioned import Repository

folder, size = Path(sys.argv[1]), int(sys.argv[2])
with (folder / "source").open("wb") as file:
    for _ in range(size // 1048576):
        file.write(bytes(1048575) + b"x")
repository = Repository.open(str(folder / "repository"))
repository.bootstrap()
repository.put_artifact("app", folder / "source")
repository.publish_artifact_version("app")
assert repository.download("app", 1, to=folder / "target").size == size
assert repository.verify("app").ok
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(folder, size):
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, folder, str(size)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout) * 1024


def test_an_artifact_of_256_mib_needs_hardly_more_than_one_of_48(tmp_path):
    """How many ranges come together in memory is chance; all of them are less than this."""
    assert peak(tmp_path / "large", 256 * MIB) - peak(tmp_path / "small", 48 * MIB) < 48 * MIB
