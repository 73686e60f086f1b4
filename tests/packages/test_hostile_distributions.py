"""Files that are not what they say: refused by one kind of error, in little memory, and nothing is
kept of them."""

import gzip
import io
import lzma
import random
import struct
import tarfile
import tracemalloc
import zipfile
from contextlib import contextmanager, suppress

import pytest
from package_making import (
    encrypted_wheel,
    metadata,
    publish,
    sdist,
    tar_bomb,
    tarred,
    unchanged,
    wheel,
    zip_bomb,
    zipped,
)

from versioned.content import Content
from versioned.packages.coordinates import PackageFormat
from versioned.packages.distributions.reading import read_distribution
from versioned.packages.errors import InvalidDistributionError, InvalidPackageError

MIB = 1024 * 1024
WHEEL = "PyABC-1.0.0-py3-none-any.whl"
METADATA = "PyABC-1.0.0.dist-info/METADATA"
PKG_INFO = "pyabc-1.0.0/PKG-INFO"


def opened(filename, data):
    with Content.open(data) as content:
        return read_distribution(PackageFormat.PYPI, filename, content)


def with_metadata(raw):
    return wheel(members={METADATA: raw})


@contextmanager
def at_most(memory):
    """Fails where more is held at once inside `with` than so many bytes."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < memory
    finally:
        tracemalloc.stop()


def pax_bomb(size=100 * MIB):
    """A source distribution whose first header would be `size` bytes of memory."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed:
        header = tarfile.TarInfo("x")
        header.type, header.size = tarfile.XHDTYPE, size
        packed.write(header.tobuf())
        for _ in range(size // MIB):
            packed.write(bytes(MIB))
    return "pyabc-1.0.0.tar.gz", out.getvalue()


def vast_directory(entries=250_000):
    """A zip archive that is hardly more than a directory, of members that are not there."""
    entry = b"PK\x01\x02" + bytes([20, 0, 20]) + bytes(21) + struct.pack("<H", 1) + bytes(16)
    directory = (entry + b"x") * entries
    end = struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, entries % 65535, entries % 65535, len(directory), 0, 0
    )
    return WHEEL, directory + end


def doubled(*paths):
    filename, data = wheel()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        pairs = [(one, archive.read(one)) for one in archive.namelist()]
    return filename, zipped([*pairs, *[(path, metadata()) for path in paths]])


def packed_by(compression):
    filename, _ = wheel()
    return filename, zipped({METADATA: metadata()}, compression=compression)


def cut(made, keep):
    filename, data = made
    return filename, data[: int(len(data) * keep)]


DISAGREEING = {
    "a name of another package": (WHEEL, wheel("Other")[1]),
    "a name of another version": (WHEEL, wheel(version="2.0.0")[1]),
    "metadata of another package": with_metadata(metadata("Other")),
    "metadata of another version": with_metadata(metadata(version="1.0.1")),
    "metadata of a version that is none": with_metadata(metadata(version="latest")),
    "metadata without a name": with_metadata(b"Metadata-Version: 2.1\nVersion: 1.0.0\n\n"),
    "metadata with two names": with_metadata(metadata(extra="Name: Other\n")),
    "metadata with two versions": with_metadata(metadata(extra="version: 2.0.0\n")),
    "empty metadata": with_metadata(b""),
    "metadata that is no text": with_metadata(metadata() + b"\xff\xfe"),
    "metadata that is a picture": with_metadata(bytes(range(256))),
    "metadata of five mebibytes": with_metadata(metadata() + b"x" * (5 * MIB)),
    "no metadata": with_metadata(None),
    "two metadata of one path": doubled(METADATA),
    "two metadata of two paths": doubled("Other-1.0.0.dist-info/METADATA"),
    "a member twice": doubled("PyABC/__init__.py"),
    "a Python that can't be": with_metadata(metadata(extra="Requires-Python: banana\n")),
    "a Python of a thousand words": with_metadata(
        metadata(extra=f"Requires-Python: {','.join(['>=3.9'] * 1000)}\n")
    ),
    "two Pythons": with_metadata(metadata(extra="Requires-Python: >=3\nrequires-python: >=4\n")),
    "an sdist of another package": ("pyabc-1.0.0.tar.gz", sdist("other")[1]),
    "an sdist of another version": ("pyabc-1.0.0.tar.gz", sdist(version="2")[1]),
    "an sdist without PKG-INFO": sdist(members={PKG_INFO: None}),
    "an sdist with two PKG-INFO": sdist(members={"other-1.0.0/PKG-INFO": metadata("pyabc")}),
    "a zipped sdist with two PKG-INFO": (
        "pyabc-1.0.0.zip",
        zipped({PKG_INFO: metadata("pyabc"), "other-1.0.0/PKG-INFO": metadata("pyabc")}),
    ),
}
NO_ARCHIVES = {
    "an empty wheel": (WHEEL, b""),
    "a wheel that is text": (WHEEL, b"hello\n" * 100),
    "a wheel that is a tar archive": (WHEEL, sdist()[1]),
    "an sdist that is a wheel": ("pyabc-1.0.0.tar.gz", wheel()[1]),
    "an sdist that is text": ("pyabc-1.0.0.tar.gz", b"hello\n" * 100),
    "an empty sdist": ("pyabc-1.0.0.tar.gz", b""),
    "an sdist that is gzipped text": ("pyabc-1.0.0.tar.gz", gzip.compress(b"hello")),
    "an sdist that is compressed by xz": ("pyabc-1.0.0.tar.gz", lzma.compress(b"hello")),
    "a zipped sdist that is text": ("pyabc-1.0.0.zip", b"hello\n" * 100),
    "an encrypted wheel": encrypted_wheel(),
    "a wheel compressed by bzip2": packed_by(zipfile.ZIP_BZIP2),
    "a wheel compressed by LZMA": packed_by(zipfile.ZIP_LZMA),
    "half a wheel": cut(wheel(), 0.5),
    "a wheel without its last bytes": cut(wheel(), 0.99),
    "half an sdist": cut(sdist(), 0.5),
    "an sdist without its last bytes": cut(sdist(), 0.97),
}
NAMES = [
    "../PyABC-1.0.0-py3-none-any.whl",
    "dist/PyABC-1.0.0-py3-none-any.whl",
    "dist\\PyABC-1.0.0-py3-none-any.whl",
    "/etc/PyABC-1.0.0-py3-none-any.whl",
    "PyABC-1.0.0-py3-none-any.whl\n",
    "PyABC-1.0.0-py3-none-any.whl\0.txt",
    "PyABC-1.0.0-b24-py3-none-any.whl",
    "PyABC-1.0.0--py3-none-any.whl",
    "PyABC-1.0.0-٢٤-py3-none-any.whl",
    "PyABC-latest-py3-none-any.whl",
    "PyABC-1.0.0.whl",
    ".whl",
    "..whl",
    "PyABC.tar.gz",
    "-1.0.0.tar.gz",
    "PyABC-1.0.0.egg",
    "PyABC-1.0.0.exe",
    "",
    "x" * 250 + "-1.0.0-py3-none-any.whl",
]


@pytest.mark.parametrize("made", [pytest.param(v, id=k) for k, v in DISAGREEING.items()])
def test_a_file_that_disagrees_with_itself_is_refused(made):
    with pytest.raises(InvalidDistributionError):
        opened(*made)


@pytest.mark.parametrize("made", [pytest.param(v, id=k) for k, v in NO_ARCHIVES.items()])
def test_what_is_no_archive_is_refused(made):
    with pytest.raises(InvalidDistributionError):
        opened(*made)


@pytest.mark.parametrize("filename", NAMES)
def test_a_file_name_that_is_none_is_refused(filename):
    with pytest.raises((InvalidDistributionError, InvalidPackageError)):
        opened(filename, wheel()[1])


@pytest.mark.parametrize("make", [zip_bomb, tar_bomb, pax_bomb, vast_directory])
def test_a_bomb_is_refused_in_little_memory(make):
    filename, data = make()
    with at_most(16 * MIB), pytest.raises(InvalidDistributionError):
        opened(filename, data)


def test_a_source_distribution_with_its_metadata_behind_much_data_is_taken():
    data = random.Random(1).randbytes(2 * MIB)
    files = {"pyabc-1.0.0/data": data, PKG_INFO: metadata("pyabc")}
    assert opened("pyabc-1.0.0.tar.gz", tarred(files)).version == "1.0.0"


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_file_is_taken_or_refused_by_one_kind_of_error(seed):
    chance = random.Random(seed)
    deflated = zipped({METADATA: metadata(), "x": b"y" * 99}, compression=zipfile.ZIP_DEFLATED)
    zipped_sdist = zipped({PKG_INFO: metadata("pyabc")})
    plain = gzip.decompress(sdist()[1])
    for _ in range(400):
        filename, data = chance.choice(
            [(WHEEL, deflated), ("pyabc-1.0.0.zip", zipped_sdist), ("pyabc-1.0.0.tar.gz", plain)]
        )
        raw = bytearray(data[:2560] if filename.endswith(".gz") else data)
        for _change in range(chance.randint(1, 4)):
            raw[chance.randrange(len(raw))] = chance.choice([0, 255, chance.randrange(256)])
        broken = bytes(raw)
        if filename.endswith(".gz"):
            broken = gzip.compress(broken + data[2560:], 1)
        with suppress(InvalidDistributionError):
            opened(filename, broken)


def test_nothing_is_kept_of_a_file_that_was_refused(packages, store):
    publish(packages, wheel(build="9"))
    with unchanged(store):
        for made in (zip_bomb(), with_metadata(metadata("Other")), cut(sdist(), 0.5)):
            with pytest.raises(InvalidDistributionError):
                publish(packages, made)


def test_one_bad_file_among_good_ones_keeps_all_of_them_out(local_packages, local_store):
    with unchanged(local_store), pytest.raises(InvalidDistributionError):
        publish(local_packages, wheel(build="9"), cut(sdist(), 0.5))


def test_files_of_two_versions_are_no_one_moment(local_packages, local_store):
    with (
        unchanged(local_store),
        pytest.raises(InvalidDistributionError, match="not files of one version"),
    ):
        publish(local_packages, wheel(), wheel(version="2.0.0"))


class TestWhatIsSaidOfAVersion:
    def test_the_summary_keeps_letters_of_every_language(self):
        found = opened(*wheel(extra="Summary: Größe und Maß\n"))
        assert found.about["summary"] == "Größe und Maß"

    def test_a_folded_requirement_of_python_is_one_line(self):
        found = opened(*wheel(extra="Requires-Python: >=3.8,\n <4\n"))
        assert found.details == {"requires_python": ">=3.8, <4"}

    def test_a_field_is_found_in_whatever_case_it_is_written(self):
        assert opened(*wheel(extra="requires-python: >=3.8\n")).details == {
            "requires_python": ">=3.8"
        }

    def test_a_long_text_is_cut_short(self):
        assert len(opened(*wheel(extra=f"Summary: {'x' * 9000}\n")).about["summary"]) == 500

    @pytest.mark.parametrize(
        ("build", "asset_set"), [("", ""), ("24", "24"), ("024", "024"), ("24b", "24b")]
    )
    def test_the_set_of_a_wheel_is_its_build_as_it_is_written(self, build, asset_set):
        assert opened(*wheel(build=build)).asset_set == asset_set

    def test_a_zipped_source_distribution_is_taken(self):
        found = opened("pyabc-1.0.0.zip", zipped({PKG_INFO: metadata("pyabc")}))
        assert (found.package.name, found.version, found.asset_set) == ("pyabc", "1.0.0", None)
