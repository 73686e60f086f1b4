"""Publishing wheels and source distributions."""

from package_making import names, publish, wheel


def test_a_wheel_that_was_published_is_the_active_build(packages):
    change = publish(packages, wheel(build="24"))

    assert change.changed
    assert change.revision.state.active == "24"
    assert names(change.revision) == ["PyABC-1.0.0-24-py3-none-any.whl"]
