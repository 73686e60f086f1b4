"""The upload form, as twine and uv send it, and as nobody should."""

import tempfile
from pathlib import Path

import pytest
from asking import JSON, SIMPLE, form, links
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from package_making import PYABC, keys, metadata, read, sdist, sha256, unchanged, wheel, zip_bomb

FILE = wheel(build="24")
ROOT = "/pypi/AbcDev/"


def page(server):
    return server.get(SIMPLE, headers={"Accept": JSON})


@pytest.mark.parametrize("slash", [True, False])
def test_a_wheel_is_published(slash, anywhere):
    answer = anywhere.upload(FILE, slash=slash)
    assert (answer.status_code, answer.text) == (200, "published\n")
    assert read(anywhere.packages, "AbcDev", FILE[0]) == FILE[1]
    assert links(page(anywhere))[FILE[0]]["hashes"] == {"sha256": sha256(FILE[1])}


def test_the_publisher_is_whoever_the_token_names(server):
    server.upload(FILE)
    assert server.packages.describe_package_version("AbcDev", PYABC, "1.0.0").by == "tests"


def test_the_answer_names_the_revision(server):
    answer = server.upload(FILE)
    revision = server.packages.describe_package_version("AbcDev", PYABC, "1.0.0")
    assert answer.headers["X-Package-Version-Revision"] == revision.revision


def test_the_same_file_again_is_no_error(anywhere):
    anywhere.upload(FILE)
    with unchanged(anywhere.packages.context.store):
        answer = anywhere.upload(FILE)
    assert (answer.status_code, answer.text) == (200, "there already\n")


def test_a_source_distribution_is_published(server):
    assert server.upload(sdist(), filetype="sdist", pyversion="source").status_code == 200


@pytest.mark.parametrize("missing", ["name", "version", "sha256_digest", "filetype", "summary"])
def test_what_the_file_says_itself_need_not_be_said(missing, shared):
    assert shared.upload(FILE, **{missing: None}).status_code == 200


def test_a_digest_in_upper_case_is_the_same(server):
    assert server.upload(FILE, sha256_digest=sha256(FILE[1]).upper()).status_code == 200


def test_other_bytes_under_a_name_are_a_conflict(anywhere):
    anywhere.upload(FILE)
    other = wheel(build="24", body="other")
    with unchanged(anywhere.packages.context.store):
        answer = anywhere.upload(other)
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (409, "asset-exists")


BAD = {
    "a wrong digest": ({"sha256_digest": "0" * 64}, FILE),
    "another name": ({"name": "other"}, FILE),
    "another version": ({"version": "2.0.0"}, FILE),
    "no version at all": ({"version": "one"}, FILE),
    "no name at all": ({"name": "../pyabc"}, FILE),
    "another action": ({":action": "submit"}, FILE),
    "no action": ({":action": None}, FILE),
    "a path upwards": ({}, ("../../" + FILE[0], FILE[1])),
    "an absolute path": ({}, ("/etc/passwd", FILE[1])),
    "a path of Windows": ({}, (r"a\b-1.0.0-py3-none-any.whl", FILE[1])),
    "a control character": ({}, ("PyABC-1.0.0\x00-py3-none-any.whl", FILE[1])),
    "a lone dot": ({}, (".", FILE[1])),
    "another kind of file": ({}, ("pyabc.exe", FILE[1])),
    "no archive": ({}, (FILE[0], b"no archive")),
    "nothing": ({}, (FILE[0], b"")),
    "a bomb": ({}, zip_bomb()),
    "metadata without end": (
        {},
        wheel(members={"PyABC-1.0.0.dist-info/METADATA": metadata() + b"x" * 20_000_000}),
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_upload_is_refused_whole(what, shared):
    fields, file = BAD[what]
    with unchanged(shared.packages.context.store):
        answer = shared.upload(file, **fields)
    assert answer.status_code == 400, answer.text
    assert "Traceback" not in answer.text
    assert "error" in shared.lines()[-1]


class TestForms:
    def post(self, shared, body, kind="multipart/form-data; boundary=x", **headers):
        with unchanged(shared.packages.context.store):
            return shared.ask("POST", ROOT, content=body, headers={"Content-Type": kind, **headers})

    def test_a_form_without_a_file_is_refused(self, shared):
        content = form(FILE)["data"] | {"content": "text"}
        answer = shared.ask("POST", ROOT, data=content, files={"x": (None, "y")})
        assert answer.status_code == 400

    def test_a_file_in_another_field_is_refused(self, shared):
        sent = form(FILE)
        answer = shared.ask("POST", ROOT, data=sent["data"], files={"other": FILE})
        assert answer.status_code == 400

    def test_two_files_are_refused(self, shared):
        sent = form(FILE)
        answer = shared.ask(
            "POST", ROOT, data=sent["data"], files=[("content", FILE), ("gpg_signature", FILE)]
        )
        assert answer.status_code == 400

    def test_other_kinds_of_bodies_are_refused(self, shared):
        assert self.post(shared, b"{}", "application/json").status_code == 415
        assert self.post(shared, b"", "").status_code == 415

    def test_ten_thousand_fields_are_refused(self, shared):
        assert shared.upload(FILE, classifiers=["Topic :: A"] * 10_000).status_code == 400

    def test_a_field_of_20_megabytes_is_refused(self, shared):
        assert shared.upload(FILE, description="x" * 20_000_000).status_code == 400

    def test_many_fields_that_are_long_together_are_refused(self, shared):
        assert shared.upload(FILE, classifiers=["x" * 100_000] * 100).status_code == 400

    def test_a_long_description_is_taken(self, shared):
        assert shared.upload(FILE, description="é" * 1_000_000).status_code == 200

    @pytest.mark.parametrize(
        "kind",
        [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\\xe9",
            f"multipart/form-data; boundary={'x' * 5000}",
        ],
    )
    def test_a_form_without_a_good_boundary_is_refused(self, kind, shared):
        assert self.post(shared, b"--x\r\n", kind).status_code == 400

    def test_a_form_that_ends_early_is_refused(self, shared):
        whole = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'
        for end in range(0, len(whole) - 4, 5):
            assert self.post(shared, whole[:end]).status_code == 400

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        st.lists(
            st.sampled_from(
                [
                    b"--x",
                    b"\r\n",
                    b"--x--",
                    b"--",
                    b"Content-Disposition: form-data; name=",
                    b'"content"',
                    b"; filename=",
                    b'"',
                    b"\\",
                    b"\x00",
                    b":",
                    b"\xff",
                    b"a",
                    b"Content-Type: text/plain",
                    b'"content"; filename="a.whl"',
                    b"\r\n\r\n",
                    b"Content-Disposition: x" * 200,
                ]
            )
        )
    )
    def test_no_form_is_a_fault_of_the_server(self, shared, parts):
        assert (
            shared.ask(
                "POST",
                ROOT,
                content=b"".join(parts),
                headers={"Content-Type": "multipart/form-data; boundary=x"},
            ).status_code
            == 400
        )


class TestLimits:
    def test_a_body_that_is_announced_too_long_is_refused(self, local_packages, asking_of, server):
        small = asking_of(local_packages, longest_upload=1000)
        answer = small.upload(FILE, token=server.token)
        assert answer.status_code == 413

    def test_a_body_that_is_too_long_all_the_same_is_refused(
        self, local_packages, asking_of, server
    ):
        small = asking_of(local_packages, longest_upload=1000)

        async def chunks():
            for _ in range(100):
                yield b"x" * 100

        answer = small.put("/generic/AbcDev/team/scripts/7/a.bin", chunks(), token=server.token)
        assert answer.status_code == 413
        assert keys(local_packages.context.store, "AbcDev/generic/files") == []

    def test_temporary_files_are_gone_afterwards(self, server, tmp_path, monkeypatch):
        spool = tmp_path / "spool"
        spool.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(spool))
        big = wheel(build="25", body="x" * 3_000_000)
        server.upload(big, version="2.0.0")
        server.upload(big)
        opened = [one.resolve() for one in Path("/proc/self/fd").iterdir()]
        assert [one for one in opened if spool in one.parents] == []
        assert list(spool.iterdir()) == []
