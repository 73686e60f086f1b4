"""What is refused before a container runtime is asked, and what the tag is when none was named."""

import json
import os
import subprocess

import pytest

from versioned.images.build_request import check_build
from versioned.images.default_tag import default_tag
from versioned.images.errors import BuildFileNotFoundError, InvalidBuildError
from versioned.images.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    assemble_index,
)
from versioned.images.platforms import is_platform, platform_of


@pytest.fixture
def context(tmp_path):
    folder = tmp_path / "ctx"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    return folder


class TestTheContext:
    def test_is_a_directory_with_a_dockerfile(self, context, monkeypatch):
        request = check_build(str(context))
        assert (request.context, request.dockerfile) == (context, context / "Dockerfile")
        assert (request.platforms, request.build_args) == (("linux/amd64",), {})
        monkeypatch.chdir(context)
        assert check_build(".") == request

    @pytest.mark.parametrize("parts", ["../ctx", "..", "sub/../../ctx"])
    def test_may_not_go_up(self, context, monkeypatch, parts):
        monkeypatch.chdir(context)
        with pytest.raises(InvalidBuildError, match=r"has '\.\.'"):
            check_build(parts)

    @pytest.mark.parametrize("name", ["", "a\0b", "loop", "x" * 300])
    def test_must_be_a_path_that_can_be_meant(self, context, monkeypatch, name):
        monkeypatch.chdir(context)
        (context / "loop").symlink_to("loop")
        with pytest.raises(InvalidBuildError) as failed:
            check_build(name)
        assert isinstance(failed.value, ValueError)

    def test_that_is_missing_is_not_found(self, tmp_path):
        with pytest.raises(BuildFileNotFoundError, match="there is no build context") as failed:
            check_build(tmp_path / "nowhere")
        assert isinstance(failed.value, FileNotFoundError)

    def test_that_is_a_file_is_refused(self, context):
        with pytest.raises(InvalidBuildError, match="is no directory"):
            check_build(context / "Dockerfile")

    def test_may_be_a_link(self, context, tmp_path):
        (tmp_path / "link").symlink_to(context)
        assert check_build(tmp_path / "link").context == context


class TestTheDockerfile:
    @pytest.mark.parametrize("name", ["sub/My.Dockerfile", "sub/../sub/My.Dockerfile", "link"])
    def test_lies_in_the_context(self, context, name):
        (context / "sub").mkdir()
        (context / "sub" / "My.Dockerfile").write_text("FROM scratch\n")
        (context / "link").symlink_to("sub/My.Dockerfile")
        found = check_build(context, dockerfile=name).dockerfile
        assert found == context / "sub" / "My.Dockerfile"

    @pytest.mark.parametrize("name", ["None", "Dockerfile/x", ".", ""])
    def test_that_is_missing_is_not_found(self, context, name):
        with pytest.raises(BuildFileNotFoundError, match="there is no Dockerfile"):
            check_build(context, dockerfile=name)

    @pytest.mark.parametrize(
        "name", ["../ctx-evil/Dockerfile", "{}/ctx-evil/Dockerfile", "link", "folder/Dockerfile"]
    )
    def test_may_not_lie_outside_not_even_behind_a_link(self, context, tmp_path, name):
        evil = tmp_path / "ctx-evil"
        evil.mkdir()
        (evil / "Dockerfile").write_text("FROM scratch\n")
        (context / "link").symlink_to(evil / "Dockerfile")
        (context / "folder").symlink_to(evil)
        with pytest.raises(InvalidBuildError, match="lies outside of the build context"):
            check_build(context, dockerfile=name.format(tmp_path))


class TestBuildArguments:
    @pytest.mark.parametrize("name", ["", "1A", "A B", "A=B", "-A", "A\n", "Ä", "A-B", None, 1])
    def test_have_the_names_of_variables(self, context, name):
        with pytest.raises(InvalidBuildError) as failed:
            check_build(context, build_args={name: "hunter22"})
        assert "hunter22" not in str(failed.value)

    @pytest.mark.parametrize("value", ["hunter22\0", None, 1, b"hunter22"])
    def test_have_values_that_are_text(self, context, value):
        with pytest.raises(InvalidBuildError, match="the value of the build argument A_1 is no te"):
            check_build(context, build_args={"A_1": value})

    def test_are_never_shown(self, context):
        request = check_build(context, build_args={"TOKEN": "hunter22"})
        assert request.build_args == {"TOKEN": "hunter22"}
        assert "hunter22" not in repr(request)


class TestPlatforms:
    def test_may_be_several(self, context):
        request = check_build(context, platform="linux/amd64,linux/arm64,linux/arm/v7")
        assert request.platforms == ("linux/amd64", "linux/arm64", "linux/arm/v7")
        assert request.for_platform("linux/arm64").platforms == ("linux/arm64",)

    @pytest.mark.parametrize(
        "platform",
        [
            *("", "amd64", "linux", "linux/", "/amd64", "linux/amd64/", "Linux/amd64"),
            *("linux/x86_64", "linux/aarch64", "--push", "linux/amd64 --push", "linux/amd64\n"),
            *("linux/amd64,", "linux/amd64, linux/arm64", "linux/amd64,linux/amd64"),
            "linux/arm64,linux/arm64/v8",
        ],
    )
    def test_that_can_not_be_meant_are_refused(self, context, platform):
        with pytest.raises(InvalidBuildError):
            check_build(context, platform=platform)

    @pytest.mark.parametrize(
        ("wanted", "found", "same"),
        [
            ("linux/arm64", "linux/arm64/v8", True),
            ("linux/arm64/v8", "linux/arm64", True),
            ("linux/arm/v6", "linux/arm", True),
            ("linux/arm", "linux/arm/v6", False),
            ("linux/arm/v7", "linux/arm/v6", False),
            ("linux/amd64", "linux/arm64", False),
            ("linux/amd64", "windows/amd64", False),
            ("linux/amd64", None, False),
        ],
    )
    def test_are_compared_as_runtimes_mean_them(self, wanted, found, same):
        assert is_platform(wanted, found) is same

    @pytest.mark.parametrize(
        ("config", "platform"),
        [
            ({"os": "linux", "architecture": "arm", "variant": "v7"}, "linux/arm/v7"),
            ({"os": "linux", "architecture": "amd64", "variant": ""}, "linux/amd64"),
            ({"os": "unknown", "architecture": "unknown"}, None),
            ({"architecture": "amd64"}, None),
            ({"os": 1, "architecture": ["amd64"]}, None),
            ({}, None),
        ],
    )
    def test_are_what_the_config_says(self, config, platform):
        assert platform_of(config) == platform


class TestAnIndex:
    AMD64 = Descriptor(OCI_MANIFEST, f"sha256:{'a' * 64}", 11, "linux/amd64")
    ARM = Descriptor(OCI_MANIFEST, f"sha256:{'b' * 64}", 12, "linux/arm/v7")

    def test_is_the_same_bytes_in_any_order(self):
        index = assemble_index([self.AMD64, self.ARM])
        assert assemble_index([self.ARM, self.AMD64]) == index
        assert (index.media_type, index.children) == (OCI_INDEX, (self.AMD64, self.ARM))
        assert json.loads(index.content)["manifests"][1] == {
            "mediaType": OCI_MANIFEST,
            "digest": self.ARM.digest,
            "size": 12,
            "platform": {"os": "linux", "architecture": "arm", "variant": "v7"},
        }

    def test_of_dockers_manifests_is_a_list_of_dockers(self):
        docker = Descriptor(DOCKER_MANIFEST, f"sha256:{'c' * 64}", 13, "linux/arm64")
        assert assemble_index([docker]).media_type == DOCKER_LIST
        assert assemble_index([docker, self.AMD64]).media_type == OCI_INDEX


class TestTheDefaultTag:
    @pytest.fixture
    def environ(self, tmp_path):
        """No configuration of this machine's user, and no repository above."""
        settings = {"HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
        return {"PATH": os.environ["PATH"], "GIT_CEILING_DIRECTORIES": str(tmp_path), **settings}

    def test_is_the_short_hash_of_what_is_checked_out(self, context, environ):
        def git(*arguments):
            return subprocess.run(
                ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
                cwd=context, env=environ, check=True, capture_output=True, text=True,
            ).stdout.strip()  # fmt: skip

        git("init", "-q")
        assert default_tag(context, environ) == "latest"
        git("commit", "-q", "--allow-empty", "-m", "first")
        assert default_tag(context, environ) == git("rev-parse", "--short", "HEAD") != "latest"

    def test_is_latest_where_there_is_no_repository(self, context, environ):
        assert default_tag(context, environ) == "latest"

    def test_is_latest_where_there_is_no_git(self, context, environ):
        assert default_tag(context, {**environ, "PATH": str(context)}) == "latest"

    @pytest.mark.parametrize("says", ["echo abc123; exit 1", "echo zzz", "echo; true"])
    def test_is_latest_where_git_says_no_hash(self, context, environ, says):
        program = context / "git"
        program.write_text(f"#!/bin/sh\n{says}\n")
        program.chmod(0o755)
        assert default_tag(context, {**environ, "PATH": f"{context}:/bin"}) == "latest"
