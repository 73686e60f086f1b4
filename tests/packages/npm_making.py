"""Makes npm tarballs, and those that are not what they say, in memory."""

import base64
import hashlib
import json

from package_making import tarred

from versioned.packages import Package

WIDGET = Package.of("npm", "widget", "acme")


def package_json(name="@acme/widget", version="1.0.0", **fields):
    return json.dumps({"name": name, "version": version, **fields}).encode()


def tarball(name="@acme/widget", version="1.0.0", *, body="x", members=None, **fields):
    """The name and the bytes of a tarball; `fields` are those of package.json, `members` replace
    or add files by path, `None` leaves one out."""
    files = {
        "package/index.js": f"module.exports = {body!r}\n".encode(),
        "package/package.json": package_json(name, version, **fields),
    } | (members or {})
    return f"{name.rpartition('/')[2]}-{version}.tgz", tarred(files)


def publish_npm(packages, *made, repository="AbcDev", tags=(), **options):
    """Publish a tarball; returns the change."""
    name, data = made[0] if made else tarball()
    return packages.npm.publish(repository, name, data, tags=tags, **options)


def publish_versions(packages, *versions, repository="AbcDev"):
    for version in versions:
        publish_npm(packages, tarball(version=version), repository=repository)


def listed(packages, repository="AbcDev", package=WIDGET):
    """What npm is shown of each version, by version."""
    return packages.npm.packument(repository, package).data["versions"]


def shasum(data):
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def integrity(data):
    return f"sha512-{base64.b64encode(hashlib.sha512(data).digest()).decode()}"
