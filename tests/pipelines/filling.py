"""Versions for the tests of pipelines to move."""


def fill(repository, count=2, name="app"):
    """Publish some numbers of an artifact, each with its own bytes."""
    for number in range(1, count + 1):
        repository.put_artifact(name, b"%s build %d" % (name.encode(), number))
        repository.publish_artifact_version(name)
