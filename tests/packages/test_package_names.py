"""How packages are named, and that no name leaves its room. No store is asked."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from versioned.errors import ContaminatedError
from versioned.packages import Package, layout
from versioned.packages.coordinates import (
    PackageFormat,
    Place,
    package_version,
    validate_asset_name,
    validate_repository_name,
)
from versioned.packages.errors import InvalidPackageError

SHA256 = "ab" * 32
NASTY = st.text(
    alphabet=st.sampled_from("abAB01._-~!@/\\%#? +\n\t\0\x7f\u202eé٢\ud800😀"), max_size=8
) | st.sampled_from(
    ["", ".", "..", "../..", "a/../b", "%2e%2e", "%2F", "@dist-tags", "!", "x" * 300]
)
VERSIONS = {
    PackageFormat.PYPI: NASTY | st.sampled_from(["1.0.0", "1!2.0", "1.0+local", "2rc1"]),
    PackageFormat.NPM: NASTY | st.sampled_from(["1.0.0", "1.2.3-beta.1", "1.2.3+build"]),
    PackageFormat.GENERIC: NASTY,
}


def named(kind, name, namespace):
    try:
        return Package.of(kind, name, namespace)
    except InvalidPackageError:
        return None


def checked(check, *arguments):
    try:
        return check(*arguments)
    except InvalidPackageError:
        return None


class TestSpelling:
    @pytest.mark.parametrize("text", ["PyABC.Demo", "pyabc_demo", "pyabc-demo", "PyABC-_.Demo"])
    def test_names_of_python_packages_are_normalized(self, text):
        assert Package.of("pypi", text).name == "pyabc-demo"

    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            ("pypi", "pyabc"),
            ("npm", "widget"),
            ("npm", "@acme/widget"),
            ("generic", "team/scripts"),
        ],
    )
    def test_a_package_is_written_as_it_is_read(self, kind, text):
        assert str(Package.parse(kind, text)) == text

    @pytest.mark.parametrize(
        ("kind", "text", "meant"),
        [
            ("pypi", "1.0.0RC1", "1.0.0rc1"),
            ("pypi", "v1.0", "1.0"),
            ("pypi", "1.0-1", "1.0.post1"),
            ("npm", "1.2.3+build.7", "1.2.3"),
            ("generic", "2024-01", "2024-01"),
        ],
    )
    def test_a_version_has_one_spelling(self, kind, text, meant):
        assert package_version(PackageFormat(kind), text) == meant

    @pytest.mark.parametrize(
        ("kind", "name", "namespace"),
        [
            ("pypi", "pyabc", "team"),
            ("pypi", "-pyabc", None),
            ("pypi", "pyabc/../x", None),
            ("pypi", "x" * 215, None),
            ("pypi", None, None),
            ("npm", ".hidden", None),
            ("npm", "a/b", None),
            ("npm", "widget", "../acme"),
            ("generic", "scripts", None),
            ("generic", "..", "team"),
            ("generic", "scripts", "."),
            ("generic", "a b", "team"),
            ("generic", "a@1", "team"),
            ("generic", "é" * 128, "team"),
            ("generic", "\ud800", "team"),
            ("debian", "bash", None),
        ],
    )
    def test_what_can_name_no_package_is_refused(self, kind, name, namespace):
        with pytest.raises(InvalidPackageError):
            Package.of(kind, name, namespace)

    @pytest.mark.parametrize(
        ("kind", "version"),
        [
            ("pypi", "latest"),
            ("pypi", "1.0/../../x"),
            ("pypi", "1" * 300),
            ("pypi", None),
            ("npm", "1.2"),
            ("npm", "01.2.3"),
            ("npm", f"1.2.{'3' * 300}"),
            ("generic", ".."),
            ("generic", ""),
            ("generic", None),
        ],
    )
    def test_what_can_be_no_version_is_refused(self, kind, version):
        with pytest.raises(InvalidPackageError):
            package_version(PackageFormat(kind), version)

    @pytest.mark.parametrize("name", ["", ".tokens", "a/b", "..", "-dev", "a" * 101, "Dev\n", None])
    def test_what_can_name_no_repository_is_refused(self, name):
        with pytest.raises(InvalidPackageError):
            validate_repository_name(name)

    @pytest.mark.parametrize(
        "name", ["", ".", "..", "../x", "a/b", "a\\b", "a\nb", "a\0b", "x" * 256, "\ud800", None]
    )
    def test_what_can_name_no_asset_is_refused(self, name):
        with pytest.raises(InvalidPackageError):
            validate_asset_name(name)


class TestKeys:
    @given(st.sampled_from(sorted(PackageFormat)), NASTY, st.none() | NASTY, st.data())
    def test_no_name_leaves_its_room(self, kind, name, namespace, data):
        package = named(kind, name, namespace)
        version = checked(package_version, kind, data.draw(VERSIONS[kind]))
        asset = checked(validate_asset_name, data.draw(NASTY))
        if package is None or version is None or asset is None:
            return
        place = Place("AbcDev", package, version)
        revision = layout.revision_key(layout.revisions_folder(place), 7)
        file = layout.file_key(place, sha256=SHA256, generation=0, name=asset)
        assert revision.split("/")[:3] == ["AbcDev", kind, "revisions"]
        assert file.split("/")[:3] == ["AbcDev", kind, "files"]
        for key, depth in ((revision, 6), (file, 7)):
            parts = key.split("/")
            assert len(parts) == depth
            assert not {"", ".", ".."} & set(parts)
        assert layout.DIST_TAGS not in revision.split("/")

    @given(st.sampled_from(sorted(PackageFormat)), NASTY, st.none() | NASTY)
    def test_a_folder_says_which_package_it_is_of(self, kind, name, namespace):
        package = named(kind, name, namespace)
        if package is not None:
            assert layout.package_of_part(kind, layout.package_part(package)) == package

    @given(NASTY, NASTY, NASTY, NASTY)
    def test_two_generic_packages_never_share_a_folder(self, space, name, other_space, other):
        first, second = named("generic", name, space), named("generic", other, other_space)
        if first and second and first != second:
            assert layout.package_part(first) != layout.package_part(second)

    @given(NASTY)
    def test_a_version_is_read_back_from_its_key(self, version):
        meant = checked(package_version, PackageFormat.GENERIC, version)
        if meant is not None:
            package = Package.of("generic", "scripts", "team")
            folder = layout.package_folder("AbcDev", package)
            key = layout.revision_key(layout.revisions_folder(Place("AbcDev", package, meant)), 1)
            assert layout.version_of_key(folder, key) == meant

    @given(st.text(alphabet=string.ascii_letters + string.digits + "-_.", min_size=1, max_size=20))
    def test_normalized_names_are_those_of_packaging(self, name):
        package = named("pypi", name, None)
        assert package is None or package.name == canonicalize_name(name)

    @pytest.mark.parametrize("part", ["", "PyABC", "py_abc", "a!b", "..", "%2e%2e", "py%61bc"])
    def test_a_foreign_folder_is_no_package(self, part):
        with pytest.raises(ContaminatedError):
            layout.package_of_part(PackageFormat.PYPI, part)

    @pytest.mark.parametrize("sha256", ["", "../x", "AB" * 32, "ab" * 33])
    def test_what_is_no_hash_becomes_no_key(self, sha256):
        place = Place("AbcDev", Package.of("pypi", "pyabc"), "1.0.0")
        with pytest.raises(ContaminatedError):
            layout.file_key(place, sha256=sha256, generation=0, name="x")
