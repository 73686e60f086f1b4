"""CodeArtifact's API as boto3 speaks it: the domain, its repositories, and tokens."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from codeartifact_rig import (
    local_rig,
    refused,
)


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    with local_rig(tmp_path_factory.mktemp("codeartifact")) as made:
        yield made


@pytest.fixture
def dev(ours):
    return ours.repositories("dev")[0]


class TestTheDomain:
    def test_the_domain_is_listed_and_described(self, ours):
        [listed] = ours.client.list_domains()["domains"]
        described = ours.call("describe_domain")["domain"]
        assert described.pop("repositoryCount") >= 3
        assert listed == described
        assert (listed["name"], listed["status"]) == ("abc", "Active")
        assert listed["arn"].endswith(":domain/abc")

    def test_another_domain_is_not_found(self, ours):
        for operation in ("describe_domain", "get_authorization_token"):
            with refused("ResourceNotFoundException", 404, resourceId="xyz", resourceType="domain"):
                getattr(ours.client, operation)(domain="xyz")

    def test_repositories_are_listed(self, ours):
        made = ours.repositories("one", "two")
        unique = made[0].partition("-")[2]
        for operation in ("list_repositories", "list_repositories_in_domain"):
            said = {"domain": "abc"} if operation.endswith("domain") else {}
            pages = ours.client.get_paginator(operation).paginate(
                **said, PaginationConfig={"PageSize": 3}
            )
            found = [one["name"] for page in pages for one in page["repositories"]]
            assert {*made, "AbcDev"} <= set(found)
            prefixed = getattr(ours.client, operation)(**said, repositoryPrefix=made[0])
            assert [one["name"] for one in prefixed["repositories"]] == [f"one-{unique}"]

    def test_who_may_do_nothing_in_a_repository_does_not_see_it(self, ours, dev):
        client = ours.with_token(ours.secret({dev: ("promote",)}))
        assert [one["name"] for one in client.list_repositories()["repositories"]] == [dev]

    def test_a_repository_is_made_once(self, ours):
        name = f"made-{secrets.token_hex(4)}"
        made = ours.call("create_repository", repository=name, description="of a test")
        described = ours.call("describe_repository", repository=name)
        assert made == described
        assert made["repository"]["description"] == "of a test"
        assert made["repository"]["upstreams"] == []
        with refused("ConflictException", 409, resourceId=name, resourceType="repository"):
            ours.call("create_repository", repository=name)

    def test_the_account_is_whichever_the_client_believes_in(self, ours, dev):
        found = ours.call("describe_repository", repository=dev, domainOwner="111122223333")
        assert found["repository"]["domainOwner"] == "111122223333"

    @pytest.mark.parametrize(
        "said",
        [
            {"upstreams": [{"repositoryName": "AbcDev"}]},
            {"tags": [{"key": "team", "value": "web"}]},
        ],
        ids=["upstreams", "tags"],
    )
    def test_what_repositories_do_not_have_is_refused(self, said, ours):
        with refused("ValidationException", 400):
            ours.call("create_repository", repository="never", **said)

    @pytest.mark.parametrize("kind", ["pypi", "npm", "generic"])
    def test_the_endpoint_is_where_that_client_goes(self, kind, ours, dev):
        found = ours.call("get_repository_endpoint", repository=dev, format=kind)
        assert found["repositoryEndpoint"] == f"{ours.url}/{kind}/{dev}/"

    def test_other_formats_have_no_endpoint(self, ours, dev):
        with refused("ValidationException", 400):
            ours.call("get_repository_endpoint", repository=dev, format="maven")


class TestTokens:
    def test_a_token_is_made_that_may_the_same_for_a_while(self, ours, dev):
        caller = ours.with_token(ours.secret({dev: ("read",)}))
        made = caller.get_authorization_token(domain="abc", durationSeconds=900)
        left = made["expiration"] - datetime.now(UTC)
        assert timedelta(seconds=800) < left <= timedelta(seconds=901)
        found = ours.packages.find_token(made["authorizationToken"])
        assert dict(found.scopes) == {dev: ("read",)}
        assert found.name == "tests"

    @pytest.mark.parametrize("said", [{}, {"durationSeconds": 0}], ids=["unsaid", "0"])
    def test_twelve_hours_where_nothing_is_said(self, said, ours):
        made = ours.call("get_authorization_token", **said)
        left = made["expiration"] - datetime.now(UTC)
        assert timedelta(hours=11, minutes=58) < left <= timedelta(hours=12, seconds=1)

    def test_it_ends_no_later_than_the_token_it_came_from(self, ours, dev):
        caller = ours.with_token(ours.secret({dev: ("read",)}, seconds=600))
        made = caller.get_authorization_token(domain="abc")
        assert made["expiration"] - datetime.now(UTC) <= timedelta(seconds=601)

    def test_it_ends_with_the_token_it_came_from(self, ours, dev):
        root = ours.packages.create_token("tests", {dev: ("read",)})
        made = ours.with_token(root.secret).get_authorization_token(domain="abc")
        ours.packages.revoke_token(root.token.identity)
        assert ours.packages.find_token(made["authorizationToken"]) is None

    def test_it_makes_no_further_ones(self, ours):
        made = ours.call("get_authorization_token")["authorizationToken"]
        with refused("AccessDeniedException", 403):
            ours.with_token(made).get_authorization_token(domain="abc")

    @pytest.mark.parametrize("seconds", [1, 899, 43201])
    def test_other_times_are_refused(self, seconds, ours):
        with refused("ValidationException", 400):
            ours.call("get_authorization_token", durationSeconds=seconds)
