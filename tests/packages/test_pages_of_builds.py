"""Which builds the pages of pip and uv show, and how."""

import json

from package_making import PYABC, publish, publish_builds, sdist, wheel

from versioned.packages.revision import PackageStatus

PAGE = "AbcDev/pypi/simple/pyabc/index.json"


def shown(packages):
    """What the page says of each file: whether and why it is yanked."""
    _, raw = packages.context.read(PAGE)
    return {one["filename"]: one["yanked"] for one in json.loads(raw)["files"]}


def name(build="", tags="py3-none-any"):
    return wheel(build=build)[0].replace("py3-none-any", tags)


def test_builds_that_were_superseded_are_yanked(local_packages):
    publish_builds(local_packages, "", "9")
    publish(local_packages, sdist(), wheel(build="24"))
    why = "build 24 is active"
    assert shown(local_packages) == {
        "pyabc-1.0.0.tar.gz": False,
        name(): why,
        name("9"): why,
        name("24"): False,
    }


def test_builds_that_are_newer_than_the_active_one_are_left_out_until_they_are_active(
    local_packages,
):
    publish_builds(local_packages, "23", "24", "25")
    version = local_packages.change_version("AbcDev", PYABC, "1.0.0")
    version.activate("24")
    assert shown(local_packages) == {name("23"): "build 24 is active", name("24"): False}
    version.set_status(PackageStatus.UNLISTED)
    assert shown(local_packages) == {name("23"): "unlisted", name("24"): "unlisted"}
    version.activate("25")
    assert list(shown(local_packages)) == [name("23"), name("24"), name("25")]


def test_a_superseded_wheel_with_tags_that_the_active_build_lacks_is_left_out(local_packages):
    special, data = name("23", "cp311-cp311-linux_x86_64"), wheel(build="23", body="x")[1]
    publish(local_packages, (special, data), wheel(build="23"))
    assert len(shown(local_packages)) == 2
    publish_builds(local_packages, "24")
    assert shown(local_packages) == {name("23"): "build 24 is active", name("24"): False}
