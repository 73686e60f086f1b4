"""The whole way of a package, as the users who asked for this go it: built and uploaded many times,
promoted by what passed, installed from each repository, with another upload in between."""

import json

from package_making import sha256

PROJECT = """
[project]
name = "PyABC"
version = "1.0.0"
[tool.setuptools]
py-modules = ["PyABC"]
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
"""
VERSION = "pypi/pyabc@1.0.0"


def build(machine, number):
    """Build a wheel and give it a build number, as CI does."""
    code = f"BUILD = '{number}'\n"
    machine.write("project", ("pyproject.toml", PROJECT), ("PyABC.py", code))
    python, folder = machine.clients.python, machine.home / "project"
    machine.clients.run(python, "-m", "build", "--wheel", "--no-isolation", cwd=folder)
    (plain,) = folder.glob("dist/*-1.0.0-py3-none-any.whl")
    tag = ("-m", "wheel", "tags", "--remove", "--build", number)
    return plain.with_name(machine.clients.run(python, *tag, plain).stdout.strip())


def test_exactly_what_passed_goes_to_production_though_somebody_uploaded_in_between(
    machine, registry
):
    dev, staging, prod = (registry.repository() for _ in range(3))
    publisher = registry.secret("publish", repository=dev)
    wheels = {}
    for number in ("23", "24"):
        wheels[number] = build(machine, number)
        machine.twine(dev, wheels[number], secret=publisher)

    listed = json.loads(machine.versioned("assets", f"{dev}/{VERSION}", "--json").stdout)
    asset, revision = listed["assets"][-1]["name"], listed["revision"]
    assert asset == wheels["24"].name
    wheels["25"] = build(machine, "25")
    machine.twine(dev, wheels["25"], secret=publisher)
    about = ("--asset", asset, "--revision", revision)
    machine.versioned("verdict", f"{dev}/{VERSION}", "integration", "--pass", *about)

    gate = ("--require", "integration")
    untested = machine.versioned("promote", f"{dev}/{VERSION}", "--to", staging, *gate, check=False)
    assert untested.returncode == 10
    machine.versioned("promote", f"{dev}/{VERSION}", "--to", staging, *gate, *about)
    to_prod = ("--to", prod, "--strip-build", *gate)
    machine.versioned("promote", f"{staging}/{VERSION}", *to_prod, "-m", "release 1.0.0")

    secret = registry.secret("read")
    for repository, name, number in (
        (dev, wheels["25"].name, "25"),
        (staging, wheels["24"].name, "24"),
        (prod, wheels["24"].name.replace("-24-", "-"), "24"),
    ):
        index = registry.index(repository, secret=secret)
        machine.install("pip", "--force-reinstall", "PyABC", index=index)
        assert machine.installed() == number
        assert registry.handed_out(repository, name) == registry.elsewhere
        machine.install("uv", "--reinstall", "PyABC==1.0.0", index=index)
        assert machine.installed() == number

    (released,) = json.loads(machine.versioned("history", f"{prod}/{VERSION}", "--json").stdout)
    (arrived,) = released["assets"]
    assert (released["by"], released["message"]) == ("ann", "release 1.0.0")
    assert arrived["sha256"] == sha256(wheels["24"].read_bytes())
    assert (arrived["origin"]["repository"], arrived["origin"]["checks"]) == (
        staging,
        ["integration"],
    )
