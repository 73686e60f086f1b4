"""Makes wheels, source distributions and archives that are not what they say, in memory."""

import gzip
import hashlib
import io
import json
import tarfile
import warnings
import zipfile
from contextlib import contextmanager

from versioned.packages import Package, Packages

PYABC = Package.of("pypi", "pyabc")
REPOSITORIES = ("AbcDev", "AbcStaging", "AbcProd")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def metadata(name="PyABC", version="1.0.0", *, extra=""):
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{extra}\n".encode()


def wheel(name="PyABC", version="1.0.0", build="", *, body=None, extra="", members=None):
    """The name and the bytes of a pure wheel; without `body` the bytes differ for each build.

    `extra` are lines of METADATA, `members` replace or add files by path; `None` leaves one out.
    """
    tag = f"-{build}" if build else ""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f"BUILD = {build!r}\n" if body is None else body,
        f"{info}/METADATA": metadata(name, version, extra=extra),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    files |= members or {}
    records = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    files.setdefault(f"{info}/RECORD", records)
    return f"{name}-{version}{tag}-py3-none-any.whl", zipped(files)


def zipped(files, *, compression=zipfile.ZIP_STORED):
    """A zip archive of `(path, content)` pairs or of a mapping; the same each time."""
    out = io.BytesIO()
    pairs = files.items() if isinstance(files, dict) else files
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", compression) as archive:
        warnings.simplefilter("ignore")  # a path may be meant to be there twice
        for path, content in pairs:
            if content is not None:
                archive.writestr(zipfile.ZipInfo(path), content, compression)
    return out.getvalue()


def sdist(name="pyabc", version="1.0.0", *, body="x = 1\n", extra="", members=None):
    """The name and the bytes of a source distribution."""
    top = f"{name}-{version}"
    files = {
        f"{top}/pyabc.py": body.encode(),
        f"{top}/PKG-INFO": metadata(name, version, extra=extra),
    } | (members or {})
    return f"{top}.tar.gz", tarred(files)


def tarred(files):
    """A gzipped tar archive; the same each time."""
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for path, content in files.items():
            if content is not None:
                info = tarfile.TarInfo(path)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def zip_bomb(name="PyABC", version="1.0.0", *, size=80 * 1024 * 1024):
    """A wheel of a few kilobytes that unpacks to `size` bytes."""
    filename, _ = wheel(name, version)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}-{version}.dist-info/METADATA", metadata(name, version))
        with archive.open(f"{name}/zeros.bin", "w") as member:
            for _ in range(size // 2**20):
                member.write(bytes(2**20))
    return filename, out.getvalue()


def tar_bomb(name="pyabc", version="1.0.0", *, size=80 * 1024 * 1024):
    """A source distribution that unpacks to `size` zeros before its PKG-INFO comes."""
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for path, length in (
            (f"{name}-{version}/zeros.bin", size),
            (f"{name}-{version}/PKG-INFO", 0),
        ):
            info = tarfile.TarInfo(path)
            info.size = length
            archive.addfile(info, _Zeros())
    return f"{name}-{version}.tar.gz", out.getvalue()


class _Zeros:
    def read(self, size):
        return bytes(size)


def encrypted_wheel():
    """A wheel whose members say that they are encrypted."""
    filename, data = wheel()
    raw = bytearray(data)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = raw.find(mark)
        while at >= 0:
            raw[at + place] |= 1
            at = raw.find(mark, at + 4)
    return filename, bytes(raw)


def open_packages(store, *, actor="ann"):
    """The packages of a store, with the domain `abc` and its three repositories made."""
    packages = Packages(store, actor=actor)
    packages.create_domain("abc")
    for name in REPOSITORIES:
        packages.create_repository(name)
    return packages


def publish(packages, *files, repository="AbcDev", **options):
    """Publish `(name, bytes)` pairs, as one moment."""
    return packages.publish_files(repository, "pypi", dict(files), **options)


def publish_builds(packages, *builds, repository="AbcDev", version="1.0.0"):
    """Publish a wheel for each build, one after the other; returns the newest revision."""
    for build in builds:
        change = publish(packages, wheel(version=version, build=build), repository=repository)
    return change.revision


def names(revision):
    """The names of the assets of a revision, as they were added."""
    return [one.name for one in revision.state.assets]


def read(packages, repository, asset, *, package=PYABC, version="1.0.0", **options):
    """The bytes of an asset."""
    opened = packages.open_asset(repository, package, version, asset, **options)
    return b"".join(opened.chunks())


def keys(store, prefix=""):
    """All keys below a prefix."""
    return [line.key for line in store.list_objects(prefix)]


def contents(store, prefix=""):
    """All objects below a prefix, by key."""
    found = {}
    for key in keys(store, prefix):
        with store.get(key) as body:
            found[key] = b"".join(body)
    return found


@contextmanager
def unchanged(store, prefix=""):
    """Fails where anything below a prefix is written, changed or removed inside `with`."""
    before = contents(store, prefix)
    yield
    assert contents(store, prefix) == before


def open_to_everybody(client, bucket):
    """Let all who reach a bucket read its objects."""
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client.delete_public_access_block(Bucket=bucket)
    client.put_bucket_policy(Bucket=bucket, Policy=policy)
