"""ECR: who and where, repositories, logging in, and every error in our words."""

import base64
import threading
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from ecr_double import ACCOUNT, raising, refusal
from image_builders import LAYER, push_blob
from registry_double import PASSWORD, USERNAME

from versioned.errors import (
    AccessDeniedError,
    InvalidInputError,
    StoreUnavailableError,
)
from versioned.images.errors import (
    ImageNotFoundError,
    ImageRepositoryNotEmptyError,
    ImageRepositoryNotFoundError,
    RegistryError,
)
from versioned.images.registries.ecr import EcrRegistry
from versioned.images.registries.ecr_connection import make_client

pytest_plugins = ("ecr_fixtures",)

APP = "team/app"
HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"


# who and where


def test_construction_asks_nothing():
    def refuse(service, region):
        raise AssertionError(service)

    EcrRegistry(region="us-east-1", clients=refuse)


def test_the_account_is_asked_for_once_and_makes_the_host(open_ecr, aws_clients):
    registry, answers = open_ecr(), [aws_clients["sts"].get_caller_identity()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aws_clients["sts"], "get_caller_identity", answers.pop)
        assert (registry.host, registry.account) == (HOST, ACCOUNT)
    assert registry.region == "us-east-1"


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ({"region": "cn-north-1"}, f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn"),
        ({"region": "us-gov-west-1"}, f"{ACCOUNT}.dkr.ecr.us-gov-west-1.amazonaws.com"),
        ({"host": "localhost:4510"}, "localhost:4510"),
    ],
)
def test_the_host_follows_the_partition_and_can_be_another(open_ecr, options, host):
    assert open_ecr(account=ACCOUNT, **options).host == host


@pytest.mark.parametrize(
    "options",
    [{"region": ""}, {"region": "Frankfurt"}, {"account": "12"}, {"host": "http://evil/"}],
)
def test_what_can_be_no_place_is_refused(open_ecr, options):
    with pytest.raises(InvalidInputError):
        open_ecr(**options)


def test_own_clients_try_again_and_never_wait_for_ever():
    config = make_client("ecr", "us-east-1").meta.config
    assert config.retries["mode"] == "standard"
    assert config.retries["total_max_attempts"] > 3
    assert config.connect_timeout <= 10
    assert config.read_timeout <= 60


def test_a_named_account_is_told_to_ecr(open_ecr, ecr_app):
    with pytest.raises(ImageRepositoryNotFoundError, match="account 999999999999"):
        open_ecr(account="999999999999").list_images(APP)


# repositories


def test_repositories_are_listed_by_prefix_over_all_pages(ecr, ecr_registry):
    for name in ("team/c", "other", "team/a", "team/b", "teamster"):
        ecr_registry.ensure_repository(name)
    found = ecr_registry.list_repositories("team/")
    assert [one.name for one in found] == ["team/a", "team/b", "team/c"]
    assert found[0].uri == f"{HOST}/team/a"
    assert found[0].arn == f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/a"
    assert found[0].tag_mutability == "MUTABLE"
    assert found[0].created_at.utcoffset() == timedelta(0)
    assert len(ecr.asked("describe_repositories")) == 3


def test_a_new_repository_is_scanned_on_push_and_belongs_to_its_project(ecr, open_ecr):
    registry = open_ecr(project="shop")
    assert registry.ensure_repository(APP) is True
    assert registry.ensure_repository(APP) is False
    (found,) = ecr.describe_repositories(repositoryNames=[APP])["repositories"]
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    assert found["imageTagMutability"] == "MUTABLE"
    tags = ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
    assert tags == [{"Key": "Project", "Value": "shop"}]


def test_who_may_not_create_is_content_with_a_repository_that_is_there(ecr, ecr_registry, ecr_app):
    ecr.faults["create_repository"] = [refusal("AccessDeniedException")] * 2
    assert ecr_registry.ensure_repository(ecr_app) is False
    with pytest.raises(AccessDeniedError, match="CreateRepository of team/new in us-east-1"):
        ecr_registry.ensure_repository("team/new")


def test_a_repository_with_images_goes_by_force_only(ecr_registry, ecr_push):
    image = ecr_push("1")
    with pytest.raises(ImageRepositoryNotEmptyError, match=APP):
        ecr_registry.delete_repository(APP, force=False)
    deletion = ecr_registry.delete_repository(APP, force=True)
    assert (deletion.digests, deletion.tags) == ((image.digest,), ("1",))
    with pytest.raises(ImageRepositoryNotFoundError, match=APP):
        ecr_registry.delete_repository(APP, force=True)


# blobs


def test_a_blob_is_mounted_from_another_repository_or_copied(ecr_registry, blobs, ecr_push):
    layer = ecr_push("1").layers[0]
    assert ecr_registry.mount_blob("team/web", layer.digest, APP)
    assert ecr_registry.has_blob("team/web", layer.digest)
    blobs.mounts = False
    assert not ecr_registry.mount_blob("team/api", layer.digest, APP)
    with ecr_registry.read_blob(APP, layer.digest) as chunks:
        ecr_registry.write_blob("team/api", layer, chunks)
    assert ecr_registry.has_blob("team/api", layer.digest)


def test_blobs_go_by_the_distribution_api_with_the_password_of_ecr(
    aws_clients, ecr, make_registry_server
):
    server = make_registry_server(auth="basic")
    password = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
    token = {"authorizationToken": password, "expiresAt": datetime.now(UTC) + timedelta(hours=1)}
    ecr.get_authorization_token = lambda: {"authorizationData": [token]}
    registry = EcrRegistry(
        region="us-east-1",
        host=server.url.removeprefix("http://"),
        clients=lambda service, _: {**aws_clients, "ecr": ecr}[service],
    )
    digest = push_blob(registry, APP, b"layer", LAYER)["digest"]
    assert registry.has_blob(APP, digest)
    assert registry.mount_blob("team/web", digest, APP)
    with registry.read_blob("team/web", digest) as chunks:
        assert b"".join(chunks) == b"layer"


# logging in


def test_a_password_is_kept_until_shortly_before_it_expires(ecr, ecr_registry, blobs, ecr_app):
    assert ecr_registry.login() is ecr_registry.login()
    ecr_registry.has_blob(ecr_app, "sha256:1")
    assert len(ecr.asked("get_authorization_token")) == 1
    assert blobs.logins == [(HOST, ecr_registry.login())]


@pytest.mark.parametrize("lifetime", [timedelta(minutes=5), timedelta(days=-4000)])
def test_a_password_that_seems_to_expire_at_once_is_kept_for_minutes(
    ecr, ecr_registry, blobs, ecr_app, lifetime
):
    ecr.token_lifetime = lifetime
    assert ecr_registry.login().password == "password-1"
    ecr_registry.has_blob(ecr_app, "sha256:1")
    ecr_registry.has_blob(ecr_app, "sha256:1")
    assert len(ecr.asked("get_authorization_token")) == 1
    assert [credentials.password for _, credentials in blobs.logins] == ["password-1"]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"authorizationData": []},
        {"authorizationData": [{"authorizationToken": "c2VjcmV0LXRva2Vu", "expiresAt": None}]},
        {"authorizationData": [{"authorizationToken": "secret-token!", "expiresAt": None}]},
    ],
)
def test_a_token_that_is_none_is_an_error_that_does_not_show_it(ecr, ecr_registry, answer):
    ecr.get_authorization_token = lambda: answer
    with pytest.raises(RegistryError) as raised:
        ecr_registry.login()
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_no_password_is_shown(ecr_registry):
    assert "password-1" not in repr(ecr_registry.login())


def test_many_threads_ask_for_one_client_one_account_and_one_token(ecr, aws_clients, open_ecr):
    made, start = [], threading.Barrier(8)

    def clients(service, _):
        made.append(service)
        return {"ecr": ecr, "sts": aws_clients["sts"]}[service]

    registry = open_ecr(clients=clients)

    def work():
        start.wait()
        registry.login()
        assert registry.host == HOST

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == ["ecr", "sts"]
    assert len(ecr.asked("get_authorization_token")) == 1


# errors


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (refusal("AccessDeniedException"), AccessDeniedError, "permission"),
        (refusal("UnrecognizedClientException"), AccessDeniedError, "AWS_ACCESS_KEY_ID"),
        (refusal("ExpiredTokenException"), AccessDeniedError, "AWS_SESSION_TOKEN"),
        (refusal("InvalidSignatureException"), AccessDeniedError, "AWS_SECRET_ACCESS_KEY"),
        (refusal("Whatever", status=403), AccessDeniedError, "permission"),
        (refusal("ThrottlingException"), StoreUnavailableError, "try again"),
        (refusal("ServerException", status=500), StoreUnavailableError, "try again"),
        (refusal("Whatever", status=503), StoreUnavailableError, "try again"),
        (refusal("LimitExceededException"), RegistryError, "quota"),
        (refusal("KmsException"), RegistryError, "key"),
        (refusal("InvalidParameterException"), RegistryError, "InvalidParameterException"),
        (EndpointConnectionError(endpoint_url="https://x"), StoreUnavailableError, "no answer"),
        (ConnectTimeoutError(endpoint_url="https://x"), StoreUnavailableError, "no answer"),
        (ReadTimeoutError(endpoint_url="https://x"), StoreUnavailableError, "no answer"),
        (NoCredentialsError(), AccessDeniedError, "no credentials"),
    ],
)  # fmt: skip
def test_every_error_says_what_was_asked_of_whom_and_what_to_do(
    ecr, ecr_registry, ecr_app, fault, kind, said
):
    ecr.faults["describe_images"] = [fault]
    with pytest.raises(kind, match=said) as raised:
        ecr_registry.list_images(ecr_app)
    assert f"DescribeImages of team/app in us-east-1, account {ACCOUNT}" in raised.value.message
    assert raised.value.hint


def test_a_page_of_html_is_not_shown(ecr, ecr_registry):
    ecr.faults["describe_images"] = [refusal("502", "<html><h1>Bad Gateway</h1>", status=502)]
    with pytest.raises(StoreUnavailableError) as raised:
        ecr_registry.list_images(APP)
    assert raised.value.message.endswith("the answer is 502")


def test_a_repository_that_is_not_there_is_named(ecr_registry):
    for ask in (ecr_registry.list_images, ecr_registry.list_tags):
        with pytest.raises(ImageRepositoryNotFoundError, match="team/app in us-east-1"):
            ask(APP)


@pytest.mark.parametrize("name", ["", "Team", "a/../b", "a b", "x" * 300])
def test_no_name_reaches_ecr_that_is_none(ecr, ecr_registry, name):
    with pytest.raises(InvalidInputError):
        ecr_registry.list_images(name)
    assert not ecr.asked("describe_images")


def test_a_client_that_cant_be_made_is_a_clear_error(open_ecr):
    registry = open_ecr(clients=raising(ValueError("Invalid endpoint: x")))
    with pytest.raises(InvalidInputError, match="Invalid endpoint"):
        registry.list_tags(APP)


# scans and marks


def test_findings_are_told_by_severity_once_a_scan_has_ended(ecr, ecr_registry, ecr_push):
    digest = ecr_push("1").digest
    assert ecr_registry.scan_findings(APP, digest) is None
    ecr.scans[digest] = answer = {"imageScanStatus": {"status": "IN_PROGRESS"}}
    assert ecr_registry.scan_findings(APP, digest) is None
    answer["imageScanStatus"]["status"] = "COMPLETE"
    assert ecr_registry.scan_findings(APP, digest) == {}
    answer["imageScanFindings"] = {"findingSeverityCounts": {"HIGH": 2}}
    assert ecr_registry.scan_findings(APP, digest) == {"HIGH": 2}
    with pytest.raises(ImageNotFoundError):
        ecr_registry.scan_findings(APP, "sha256:" + "0" * 64)


def test_a_mark_is_put_on_a_repository_and_taken_away(ecr_registry, ecr_app):
    assert not ecr_registry.is_retained(ecr_app, "shop:retain")
    ecr_registry.mark_retained(ecr_app, "shop:retain")
    ecr_registry.mark_retained(ecr_app, "shop:retain")
    assert ecr_registry.is_retained(ecr_app, "shop:retain")
    assert not ecr_registry.is_retained(ecr_app, "other:retain")
    ecr_registry.unmark_retained(ecr_app, "shop:retain")
    ecr_registry.unmark_retained(ecr_app, "shop:retain")
    assert not ecr_registry.is_retained(ecr_app, "shop:retain")


def test_a_mark_of_no_repository_is_an_error(ecr_registry):
    with pytest.raises(ImageRepositoryNotFoundError, match=APP):
        ecr_registry.is_retained(APP, "shop:retain")
