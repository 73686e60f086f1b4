"""Peak memory does not grow with an asset: measured as the peak of a process of its own. What
`getrusage` tells would be the peak of the tests, too, from which the process was started."""

import subprocess
import sys

import pytest

MIB = 1024 * 1024
PROGRAM = """
import re, sys
from pathlib import Path
from versioned.packages import Package, Packages

folder, size = Path(sys.argv[1]), int(sys.argv[2])
with (folder / "image.bin").open("wb") as file:
    for number in range(size // 1048576):
        file.write(number.to_bytes(4, "big") + bytes(1048572))
packages = Packages.open(str(folder / "domain"))
packages.create_domain("abc")
for name in ("AbcDev", "AbcProd"):
    packages.create_repository(name)
image = Package.of("generic", "image", "team")
packages.publish_package_version("AbcDev", image, "1", [folder / "image.bin"])
packages.copy_package_versions("AbcDev", "AbcProd", image, "1")
opened = packages.open_asset("AbcProd", image, "1", "image.bin")
assert sum(map(len, opened.chunks())) == size
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
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


@pytest.mark.slow
def test_publishing_and_promoting_160_mib_needs_hardly_more_than_32(tmp_path):
    assert peak(tmp_path / "large", 160 * MIB) - peak(tmp_path / "small", 32 * MIB) < 24 * MIB
