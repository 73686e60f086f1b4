import pytest
from hypothesis import given
from hypothesis import strategies as st

from versioned.errors import InvalidInputError
from versioned.images.config import ImagesConfig
from versioned.images.errors import InvalidImageError, InvalidImagesConfigError
from versioned.images.reference import (
    EcrHost,
    ImageReference,
    rewrite_image_uri_for_region,
    validate_host,
    validate_image_name,
    validate_tag,
)
from versioned.images.registries.origin import Origin

DIGEST = "sha256:" + "a" * 64
ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("app", (None, "app", None, None)),
        ("app:1.4", (None, "app", "1.4", None)),
        ("team/app", (None, "team/app", None, None)),
        (f"team/app@{DIGEST}", (None, "team/app", None, DIGEST)),
        (f"app:1.4@{DIGEST}", (None, "app", "1.4", DIGEST)),
        ("localhost/app", ("localhost", "app", None, None)),
        ("127.0.0.1:5000/team/app:x", ("127.0.0.1:5000", "team/app", "x", None)),
        ("[::1]:5000/app", ("[::1]:5000", "app", None, None)),
        ("registry.example.com/app:V1", ("registry.example.com", "app", "V1", None)),
        (f"{ECR}/gco/app:1", (ECR, "gco/app", "1", None)),
    ],
)
def test_a_reference_is_parsed_and_written_back(text, parts):
    found = ImageReference.parse(text)
    assert (found.registry, found.repository, found.tag, found.digest) == parts
    assert str(found) == text


@pytest.mark.parametrize(
    "text",
    ["", ":", "app:", "app@", "app@prod", "App", "app:-x", "-app", "a//b", "../app", "a b", "app:a/b",
     "host.example/../x", "app@sha256:123", f"app@{DIGEST}@{DIGEST}", "user@host.example/app",
     "https://host.example/app", "app\n", "app:1\n", "a" * 256, "app:" + "t" * 129],
)  # fmt: skip
def test_what_is_no_reference_is_refused(text):
    with pytest.raises(InvalidImageError):
        ImageReference.parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_reference_or_refused(text):
    try:
        found = ImageReference.parse(text)
    except InvalidImageError:
        return
    assert ImageReference.parse(str(found)) == found


@pytest.mark.parametrize("name", ["a", "app", "my-app-2", "a" * 63])
def test_an_image_name(name):
    assert validate_image_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "A", "1app", "-app", "app-", "app_x", "a/b", "a" * 64, "ä", "a\n"]
)
def test_what_is_no_image_name_is_refused(name):
    with pytest.raises(ValueError, match="image name"):
        validate_image_name(name)


@pytest.mark.parametrize("tag", ["", ".x", "-x", "a b", "a:b", "a/b", "t" * 129, "a\n", "ü", None])
def test_what_is_no_tag_is_refused(tag):
    with pytest.raises(ValueError, match="tag"):
        validate_tag(tag)


class TestRewritingForARegion:
    def test_the_replica_has_the_same_path(self):
        found = rewrite_image_uri_for_region(f"{ECR}/gco/app:1@{DIGEST}", "eu-west-1")
        assert found == f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/gco/app:1@{DIGEST}"

    def test_other_partitions_and_endpoints_stay_what_they_are(self):
        china = "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app"
        fips = "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/app"
        dual = "123456789012.dkr-ecr.us-east-1.on.aws/app"
        assert rewrite_image_uri_for_region(china, "cn-northwest-1") == china.replace(
            "cn-north-1", "cn-northwest-1"
        )
        assert rewrite_image_uri_for_region(fips, "us-gov-west-1") == fips.replace(
            "us-east-1", "us-gov-west-1"
        )
        assert rewrite_image_uri_for_region(dual, "eu-west-1") == dual.replace(
            "us-east-1", "eu-west-1"
        )

    @pytest.mark.parametrize(
        "uri", ["app:1", "registry.example.com/app", "ghcr.io/a/b", f"x{ECR}/app"]
    )
    def test_what_is_not_on_ecr_is_left_as_it_is(self, uri):
        assert rewrite_image_uri_for_region(uri, "eu-west-1") == uri

    def test_what_is_no_region_is_refused(self):
        with pytest.raises(InvalidImageError):
            rewrite_image_uri_for_region(f"{ECR}/app", "evil.example.com/")


def test_the_host_of_ecr_tells_account_and_region():
    assert EcrHost.parse(ECR) == EcrHost("123456789012", "us-east-1")
    assert EcrHost.parse("public.ecr.aws") is None
    assert EcrHost.parse(None) is None


class TestConfiguration:
    def test_repositories_lie_below_the_project_on_ecr_and_below_nothing_elsewhere(self):
        assert ImagesConfig(project_name="gco").repository("app") == "gco/app"
        assert (
            ImagesConfig(project_name="gco", registry="localhost:5000").repository("app") == "app"
        )
        assert ImagesConfig(repository_prefix="team/x").repository("app") == "team/x/app"

    def test_the_region_is_the_first_that_is_said(self):
        config = ImagesConfig(regions=("eu-west-1", "us-west-2"), global_region="us-east-2")
        environ = {"AWS_DEFAULT_REGION": "ap-south-1"}
        assert config.region("sa-east-1", environ) == "sa-east-1"
        assert config.region(None, environ) == "eu-west-1"
        assert ImagesConfig().region(None, environ) == "ap-south-1"
        assert ImagesConfig(global_region="us-east-2").region(None, {}) == "us-east-2"

    def test_a_table_of_the_config_file(self):
        table = {"project_name": "gco", "regions": ["eu-west-1"], "files": ["deploy"]}
        assert ImagesConfig.of_table(table) == ImagesConfig(
            project_name="gco", regions=("eu-west-1",), files=("deploy",)
        )

    @pytest.mark.parametrize(
        "table", [{"registri": "x"}, {"regions": "eu-west-1"}, {"account": 12}, {"files": [1]}]
    )
    def test_what_is_not_understood_is_refused(self, table):
        with pytest.raises(InvalidImagesConfigError, match=next(iter(table))):
            ImagesConfig.of_table(table)

    def test_a_prefix_can_not_escape(self):
        with pytest.raises(InvalidImageError):
            ImagesConfig(repository_prefix="../other")


@pytest.mark.parametrize(
    "text",
    ["https://ann:s3cret@host.example", "ann:s3cret@host.example/app:1", "https://ann:s3@cret@h/app",
     f"ann:s3cret@host.example/app@{DIGEST}"],
)  # fmt: skip
def test_a_password_in_it_is_not_shown(text):
    for parse in (ImageReference.parse, validate_host, Origin.parse):
        with pytest.raises(InvalidInputError) as refused:
            parse(text)
        assert "cret" not in str(refused.value)


def test_a_short_name_of_docker_hub_is_written_in_full():
    assert str(ImageReference.parse("docker.io/nginx:1")) == "docker.io/library/nginx:1"


def test_a_host_in_brackets_is_an_address():
    with pytest.raises(InvalidImageError):
        validate_host("[:::::]:5")
