"""boto3's client of CodeArtifact before our server, which checks every answer by its model."""

import json
import secrets
from contextlib import closing, contextmanager
from dataclasses import dataclass

import boto3
import botocore
import pytest
from botocore.config import Config
from package_making import PYABC, open_packages, publish_builds, wheel

from serving import domain_url, served, store_environ
from versioned.packages import Package, Packages
from versioned.stores.local import LocalStore

SCRIPTS = Package.of("generic", "scripts", "team")
SCALARS = {
    "string": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "timestamp": (int, float),
}


@dataclass
class Rig:
    """A server before `packages` of the domain at the URL `domain`, and a client with a token
    that may do all."""

    packages: Packages
    domain: str
    url: str
    client: object

    def repositories(self, *kinds):
        """Makes fresh repositories of the domain, one for each kind, and names them."""
        unique = secrets.token_hex(4)
        made = [f"{kind}-{unique}" for kind in kinds]
        for name in made:
            self.packages.create_repository(name)
        return made

    def call(self, operation, **parameters):
        """The answer of an operation, without what botocore adds."""
        answer = getattr(self.client, operation)(domain="abc", **parameters)
        answer.pop("ResponseMetadata")
        return answer

    def secret(self, scopes, **options):
        return self.packages.create_token("tests", scopes, **options).secret

    def with_token(self, secret, **options):
        return make_client(self.url, secret, **options)


@contextmanager
def rig(store, kind, log):
    """A real server before a domain in a store of a kind."""
    packages, url = open_packages(store), domain_url(store, kind)
    with served(url, log=log, environ=store_environ(kind)) as server:
        yield rig_before(packages, url, server.url)


def rig_before(packages, domain, url):
    """The server at `url`, with a client that may do all."""
    secret = packages.create_token("ann", {"*": ("admin",)}).secret
    return Rig(packages, domain, url, make_client(url, secret))


@contextmanager
def local_rig(place):
    """One before a local store below `place`, for what no store has a part in."""
    with closing(LocalStore(place / "domain", settle=0)) as store:
        store.create()
        with rig(store, "local", place / "log") as made:
            yield made


def make_client(url, secret, **options):
    """A client that signs as ever, with our token as its session token."""
    client = boto3.client(
        "codeartifact",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="token",
        aws_secret_access_key="unused",
        aws_session_token=secret,
        config=Config(retries={"max_attempts": 0}, **options),
    )
    client.meta.events.register("before-parse.codeartifact", check_answer)
    return client


def check_answer(operation_model, response_dict, **_):
    """An answer has the fields that the service's model names, of the types that it names."""
    output = operation_model.output_shape
    if response_dict["status_code"] == 200 and "asset" not in output.members.keys() & {
        output.serialization.get("payload")
    }:
        check(output, json.loads(response_dict["body"]))


def check(shape, value, where="answer"):
    if shape.type_name == "structure":
        assert isinstance(value, dict), where
        assert set(shape.required_members) <= set(value) <= set(shape.members), (where, value)
        for name, one in value.items():
            check(shape.members[name], one, f"{where}.{name}")
    elif shape.type_name == "list":
        assert isinstance(value, list), where
        for one in value:
            check(shape.member, one, f"{where}[]")
    elif shape.type_name == "map":
        assert isinstance(value, dict), where
        for name, one in value.items():
            check(shape.key, name, f"{where} key")
            check(shape.value, one, f"{where}[{name}]")
    else:
        assert isinstance(value, SCALARS[shape.type_name]), (where, value)
        if shape.type_name == "string":
            assert len(value) >= shape.metadata.get("min", 0), (where, value)
            assert len(value) <= shape.metadata.get("max", len(value)), (where, value)
            assert value in (getattr(shape, "enum", None) or [value]), (where, value)


@contextmanager
def refused(code, status, **fields):
    """Fails unless botocore raises that error of CodeArtifact, with these fields."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield
    found = caught.value.response
    assert type(caught.value).__name__ == found["Error"]["Code"] == code
    assert found["ResponseMetadata"]["HTTPStatusCode"] == status
    assert found["Error"]["Message"]
    assert {name: found.get(name) for name in fields} == fields


def builds(rig, repository, *tags, version="1.0.0"):
    """Wheels of pyabc with these build tags, one after the other; the revision after each."""
    return [
        publish_builds(rig.packages, tag, repository=repository, version=version).revision
        for tag in tags
    ]


def pyabc(repository, version=None, **others):
    """How parameters name the package, or a version of it."""
    named = {"repository": repository, "format": "pypi", "package": PYABC.name}
    return named | ({"packageVersion": version} if version else {}) | others


def file_name(build):
    return wheel(build=build)[0]


def version_of(ours, repository, version="1.0.0"):
    return ours.call("describe_package_version", **pyabc(repository, version))["packageVersion"]


def assets_of(ours, repository, version="1.0.0", **others):
    return ours.call("list_package_version_assets", **pyabc(repository, version, **others))


def copy(ours, source, target, **said):
    named = {"sourceRepository": source, "destinationRepository": target}
    return ours.call("copy_package_versions", **named, format="pypi", package="pyabc", **said)


def failures(answer):
    return {version: one["errorCode"] for version, one in answer["failedVersions"].items()}


def names(answer):
    return [one["name"] for one in answer["assets"]]
