"""What an npm tarball has to be to be taken, and what is told of it."""

import gzip
import io
import json
import random
import tarfile

import pytest
from npm_making import integrity, package_json, shasum, tarball
from package_making import metadata, tar_bomb, tarred

from versioned.content import Content
from versioned.packages.coordinates import PackageFormat
from versioned.packages.distributions.npm_tarball import LONGEST_DESCRIPTION, with_description
from versioned.packages.distributions.reading import read_distribution
from versioned.packages.errors import InvalidDistributionError, InvalidPackageError


def read(made, kind=PackageFormat.NPM):
    name, data = made
    with Content.open(data) as content:
        return read_distribution(kind, name, content)


def described(found):
    return json.loads(found.beside)


def test_a_tarball_says_its_name_its_version_and_its_digests():
    name, data = tarball(description="A  widget", license="MIT")

    found = read((name, data))

    assert (str(found.package), found.version, found.name) == ("@acme/widget", "1.0.0", name)
    assert found.details["shasum"] == shasum(data)
    assert found.details["integrity"] == integrity(data)
    assert found.details["file_count"] == "2"
    assert found.about == {"summary": "A widget", "license": "MIT"}


def test_what_npm_pack_calls_the_tarball_of_a_scope_is_its_name_too():
    _, data = tarball()

    assert read(("acme-widget-1.0.0.tgz", data)).name == "widget-1.0.0.tgz"


def test_the_top_folder_may_have_any_name():
    made = tarball(members={"package/package.json": None, "dist/package.json": package_json()})

    assert read(made).version == "1.0.0"


def test_of_two_descriptions_the_one_that_installers_unpack_last_counts():
    made = tarball(members={"other/package.json": package_json(main="other.js")})

    assert described(read(made))["main"] == "other.js"


def test_a_version_is_cleaned_as_npm_does():
    _, data = tarball(version=" v1.2.3+build.5")

    assert read(("widget-1.2.3.tgz", data)).version == "1.2.3"


@pytest.mark.parametrize(
    ("hint", "made"),
    [
        ("hasInstallScript", tarball(scripts={"postinstall": "node x"})),
        ("hasInstallScript", tarball(members={"package/binding.gyp": b"{}"})),
        ("_hasShrinkwrap", tarball(members={"package/npm-shrinkwrap.json": b"{}"})),
    ],
)
def test_the_description_tells_what_installers_have_to_know_before(hint, made):
    assert described(read(made))[hint] is True


def test_who_publishes_adds_what_the_tarball_cannot_say():
    found = with_description(
        read(tarball()), {"name": "@acme/widget", "version": "1.0.0", "gitHead": "abc"}
    )

    assert described(found)["gitHead"] == "abc"


def test_who_publishes_cannot_promise_other_dependencies_than_the_tarball_has():
    said = {
        "name": "@acme/widget",
        "version": "1.0.0",
        "dependencies": {"evil": "*"},
        "scripts": {"install": "evil"},
    }

    found = described(with_description(read(tarball(dependencies={"good": "1"})), said))

    assert found["dependencies"] == {"good": "1"}
    assert "scripts" not in found


@pytest.mark.parametrize(
    "said",
    [
        {"name": "@acme/other", "version": "1.0.0"},
        {"name": "@acme/widget", "version": "1.0.1"},
        {"name": "@acme/widget"},
        {"name": "@acme/widget", "version": "1.0.0", "dist": {"shasum": "0" * 40}},
        {"name": "@acme/widget", "version": "1.0.0", "dist": {"integrity": "sha512-AAAA"}},
    ],
)
def test_a_publisher_who_means_something_else_is_refused(said):
    with pytest.raises(InvalidDistributionError):
        with_description(read(tarball()), said)


def test_digests_that_the_publisher_says_have_to_be_those_of_the_bytes():
    name, data = tarball()
    dist = {"shasum": shasum(data), "integrity": integrity(data)}
    said = {"name": "@acme/widget", "version": "1.0.0", "dist": dist}

    assert with_description(read((name, data)), said).version == "1.0.0"


def changed_json(raw):
    return tarball(members={"package/package.json": raw})


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(("widget-1.0.0.tgz", b"not an archive"), id="no archive"),
        pytest.param(("widget-1.0.0.tgz", b""), id="empty"),
        pytest.param(("widget-1.0.0.tgz", tarball()[1][:-20]), id="cut off"),
        pytest.param(("widget-1.0.0.tar.gz", tarball()[1]), id="another ending"),
        pytest.param(("widget-1.0.1.tgz", tarball()[1]), id="another version in the name"),
        pytest.param(("other-1.0.0.tgz", tarball()[1]), id="another name"),
        pytest.param(tarball(members={"package/package.json": None}), id="no package.json"),
        pytest.param(changed_json(b"{"), id="no JSON"),
        pytest.param(changed_json(b"[" * 50_000), id="deep JSON"),
        pytest.param(changed_json(b"[]"), id="no object"),
        pytest.param(changed_json(b'{"name": "@acme/widget"}'), id="no version"),
        pytest.param(changed_json(package_json(size=float("inf"))), id="a number JSON lacks"),
        pytest.param(changed_json(package_json(x="x" * LONGEST_DESCRIPTION)), id="giant"),
        pytest.param(("widget-1.0.0.tgz", tar_bomb()[1]), id="bomb"),
    ],
)
def test_a_tarball_that_is_not_what_it_says_is_refused(made):
    with pytest.raises(InvalidDistributionError):
        read(made)


@pytest.mark.parametrize("name", ["acme/widget", "@acme/../x", ".hidden", "a b", ""])
def test_a_name_that_npm_would_not_take_is_refused(name):
    with pytest.raises(InvalidPackageError):
        read(tarball(members={"package/package.json": package_json(name)}))


def with_long_header(path, content):
    """An archive whose first header extends the next one by 80 MB."""
    out = io.BytesIO()
    long = tarfile.TarInfo("x")
    long.type, long.size = tarfile.XHDTYPE, 80 * 2**20
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed:
        packed.write(long.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(80):
            packed.write(bytes(2**20))
        packed.write(gzip.decompress(tarred({path: content})))
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "name", "path", "content"),
    [
        ("npm", "widget-1.0.0.tgz", "package/package.json", package_json()),
        ("pypi", "pyabc-1.0.0.tar.gz", "pyabc-1.0.0/PKG-INFO", metadata()),
    ],
)
def test_a_header_that_memory_could_not_hold_is_refused_before_it_is_read(
    kind, name, path, content
):
    with pytest.raises(InvalidDistributionError, match="header"):
        read((name, with_long_header(path, content)), PackageFormat(kind))


def test_a_large_file_that_packs_well_before_the_metadata_is_no_bomb():
    table = bytes(66 * 2**20) + random.Random(1).randbytes(2 * 2**20)
    members = {"pyabc-1.0.0/table.bin": table, "pyabc-1.0.0/PKG-INFO": metadata()}

    found = read(("pyabc-1.0.0.tar.gz", tarred(members)), PackageFormat.PYPI)

    assert found.version == "1.0.0"
