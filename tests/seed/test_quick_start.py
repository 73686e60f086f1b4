"""The quick start runs as it stands, in a process of its own that knows nothing of this one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("quick_start.py")


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """What the cells print. No AWS configuration but dummy credentials; moto is theirs to start."""
    home = tmp_path_factory.mktemp("home")
    run = subprocess.run(
        [sys.executable, SCRIPT],
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONIOENCODING": "utf-8",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert list(home.iterdir()) == []
    return run.stdout


def test_the_repository_is_made_in_mocked_aws(output):
    assert output.startswith("bsm.aws_account_id = '123456789012'\n✅ Repository initialized")


@pytest.mark.parametrize("key", ["000000_LATEST", "999999_000001"])
def test_objects_can_be_looked_at_in_the_console(output, key):
    console = "https://console.aws.amazon.com/s3/object/mybucket?prefix=artifacts/my_application/"
    assert f"{console}versions/{key}.bin\n" in output


@pytest.mark.parametrize(
    "line",
    [
        "📦 Created binary content: 54 bytes",
        "✅ Successfully uploaded and verified (54 bytes)",
        "📋 Downloaded content matches: True",
        "📁 Artifacts in repository: ['my_application']",
        "📚 All versions (2 total):",
        "🔵 Current production points to version: 1",
        "🧪 Staging is using version: 2",
        "✅ Production switched to version 2",
        "📦 Production content size: 74 bytes",
        "📋 Production content: b'Binary content for version 2.0 - enhanced features'...",
        "🚀 Production fully migrated to version 3",
        "⚡ Emergency rollback completed to version 2",
        "✅ Production verified at version 2",
        "📋 Rollback content: b'Binary content for version 2.0 - enhanced features'...",
        "📚 Total versions before cleanup: 4",
        "🗑️ Deleted 1 old versions:\n - Version 1",
        "✅ Remaining versions: 3",
        "- SHA256: N/A",
        "📋 Content: Binary content for version 2.0 - enhanced features - timestamp: 2024-01-01",
        "✅ Tutorial completed! You've learned to:",
    ],
)
def test_the_notebooks_outputs_come_out(output, line):
    assert f"\n{line}\n" in output


SHA256 = {
    "1": "88f0dfa970d81e48f19c9dbe60b4e2e4f9cf82bc728dee82e04d13aad5076d0c",
    "2": "5a52fc596380a9f5ea3000a553e67802fd8f43858cea6b9e7bcedd7ffeae5453",
    "3": "8e488d3f32ed90637bfc7658f674739585fe69ec4697d198cc97c25ff4a51ba8",
}


def unwrapped(output):
    """Without white space: rich breaks lines at the width of the terminal."""
    return "".join(output.split())


@pytest.mark.parametrize("version", SHA256)
def test_published_versions_print_as_in_the_notebook(output, version):
    """But for the time, of which only the form is the same."""
    key = f"{1_000_000 - int(version):06d}_{int(version):06d}"
    printed = (
        rf"Artifact\(name='my_application',version='{version}',"
        r"update_at='\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00',"
        rf"s3uri='s3://mybucket/artifacts/my_application/versions/{key}\.bin',"
        rf"sha256='{SHA256[version]}'\)"
    )
    assert re.search(printed, unwrapped(output))


def test_the_canary_prints_as_in_the_notebook(output):
    versions = "s3://mybucket/artifacts/my_application/versions"
    printed = (
        r"Alias\(name='my_application',alias='production',"
        r"update_at='\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00',version='2',"
        r"secondary_version='3',secondary_version_weight=10,"
        rf"version_s3uri='{versions}/999998_000002\.bin',"
        rf"secondary_version_s3uri='{versions}/999997_000003\.bin'\)"
    )
    assert re.search(printed, unwrapped(output))


def test_a_tenth_of_the_traffic_goes_to_the_canary(output):
    """Within six standard deviations of 1000 draws."""
    stable = int(re.search(r"Version 2 \(stable\): (\d+) requests", output)[1])
    canary = int(re.search(r"Version 3 \(canary\): (\d+) requests", output)[1])
    assert stable + canary == 1000
    assert abs(canary - 100) < 6 * (1000 * 0.1 * 0.9) ** 0.5


def test_versions_are_listed_from_latest_to_the_oldest(output):
    listing = output.partition("Total versions before cleanup")[2].partition("Cleanup")[0]
    assert re.findall(r" - Version (\w+): \S+\+00:00\n", listing) == ["LATEST", "3", "2", "1"]


def test_the_cleanup_has_a_time(output):
    assert re.search(r"🧹 Cleanup completed at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*\+00:00\n", output)
