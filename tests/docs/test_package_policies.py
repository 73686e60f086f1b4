"""The policies of docs/iam for packages allow what their roles do in the bucket, and nothing else."""

import pytest
from examples import BUCKET, remove_bucket
from npm_making import WIDGET, publish_npm, tarball
from package_making import PYABC, open_packages, publish, publish_builds, sdist, wheel
from policies import allows, grants, matches, watch

from versioned.packages import Package, PackageStatus, assets
from versioned.packages.errors import PackageVersionNotFoundError
from versioned.packages.retention import PackageRetention
from versioned.packages.tokens import Scope
from versioned.stores import s3, s3_multipart, s3_resume
from versioned.stores.s3 import S3Store

pytestmark = [pytest.mark.xdist_group("policies"), pytest.mark.slow]

ROLES = ("reader", "publisher", "promoter", "admin")
PREFIX = "packages"
TOOLS = Package.of("generic", "tools", "team")


class Interruption(BaseException):
    """Somebody pressed Ctrl-C."""


@pytest.fixture(scope="module")
def requests():
    """The pairs that were asked for so far."""
    return []


@pytest.fixture(scope="module")
def packages(make_client, requests):
    client = make_client("moto")
    watch(client, requests)
    store = S3Store(client, BUCKET, PREFIX, settle=0)
    yield open_packages(store)
    store.close()
    remove_bucket(client)


@pytest.fixture(scope="module")
def needs(packages, requests):
    """What each role asks for when it does all of its work."""
    with pytest.MonkeyPatch.context() as patch:
        found = {}
        for role, work in WORK.items():
            start = len(requests)
            work(packages, patch)
            found[role] = set(requests[start:])
    found["admin"] = set(requests)
    return {role: pairs | found["reader"] for role, pairs in found.items()}


def publisher(packages, patch):
    publish(packages, sdist(), wheel(build="1"))
    publish_builds(packages, "2", "3")
    publish_npm(packages, tarball())
    publish_npm(packages, tarball(version="1.1.0"), tags=["beta"])
    packages.publish_package_version("AbcDev", TOOLS, "8", {"small": b"small"})
    uploads(packages, patch)


def uploads(packages, patch):
    """Interrupted and continued; begun and given up."""
    patch.setattr(s3, "SINGLE_PUT_LIMIT", s3_multipart.SMALLEST_PART)
    large = b"\x00" * (s3_multipart.SMALLEST_PART + 1)

    def interrupt(_done, _total):
        raise Interruption

    with pytest.raises(Interruption):
        publish_large(packages, large, progress=interrupt)
    publish_large(packages, large)
    with patch.context() as broken:
        broken.setattr(s3_resume.UploadNote, "save", full_disk)
        with pytest.raises(OSError, match="disk full"):
            publish_large(packages, large + b"\x00")


def publish_large(packages, content, **options):
    packages.publish_package_version("AbcDev", TOOLS, "7", {"large": content}, **options)


def full_disk(*_):
    raise OSError("disk full")


def promoter(packages, patch):
    packages.record_verdict("AbcDev", PYABC, "1.0.0", "integration", "pass")
    packages.copy_package_versions("AbcDev", "AbcStaging", PYABC, "1.0.0", require=["integration"])
    packages.copy_package_versions("AbcStaging", "AbcProd", PYABC, "1.0.0", strip_build=True)
    packages.copy_package_versions("AbcDev", "AbcStaging", WIDGET, "1.0.0")
    packages.copy_package_versions("AbcStaging", "AbcProd", WIDGET, "1.0.0")
    packages.npm.change_dist_tags("AbcProd", WIDGET, {"stable": "1.0.0"})
    packages.change_version("AbcStaging", PYABC, "1.0.0").yank(None, "hangs")
    packages.change_version("AbcStaging", PYABC, "1.0.0").set_status(PackageStatus.ARCHIVED)
    for source, target in (("AbcDev", "AbcStaging"), ("AbcStaging", "AbcProd")):
        with patch.context() as large:
            large.setattr(assets, "SMALL", 1)
            packages.copy_package_versions(source, target, TOOLS, "7")
            large.setattr(s3_multipart, "COPY_LIMIT", 1)
            with large.context() as broken:
                broken.setattr(s3_multipart.Upload, "copy", full_disk)
                with pytest.raises(OSError, match="disk full"):
                    packages.copy_package_versions(source, target, TOOLS, "8")
            packages.copy_package_versions(source, target, TOOLS, "8")


def reader(packages, _patch):
    packages.domain()
    packages.list_packages("AbcDev")
    packages.list_package_versions("AbcDev", PYABC)
    packages.list_package_version_revisions("AbcDev", PYABC, "1.0.0")
    name = packages.describe_package_version("AbcDev", PYABC, "1.0.0").state.assets[-1].name
    list(packages.open_asset("AbcDev", PYABC, "1.0.0", name).chunks())
    packages.npm.dist_tags("AbcProd", WIDGET)
    packages.verdicts("0" * 64)
    packages.reindex("AbcProd", write=False)
    with pytest.raises(PackageVersionNotFoundError):
        packages.describe_package_version("AbcDev", PYABC, "9")


def admin(packages, _patch):
    made = packages.create_token("ci", {"AbcDev": [Scope.PUBLISH]}, seconds=None)
    packages.revoke_token(made.token.identity)
    packages.prune_tokens()
    packages.apply_retention(packages.plan_retention("AbcDev", PackageRetention()))
    packages.change_version("AbcDev", PYABC, "1.0.0").discard(PackageStatus.DELETED)
    packages.find_orphans("AbcDev", mend=True)
    packages.reindex("AbcDev")


WORK = {"publisher": publisher, "promoter": promoter, "reader": reader, "admin": admin}


@pytest.mark.parametrize("role", ROLES)
def test_a_policy_allows_all_that_its_role_does(role, needs):
    refused = {pair for pair in needs[role] if not allows(f"packages-{role}", *pair)}
    assert refused == set()


@pytest.mark.parametrize("role", ROLES)
def test_a_policy_allows_nothing_that_its_role_never_does(role, needs):
    unused = {
        (action, pattern)
        for action, pattern in grants(f"packages-{role}")
        if not any(action == a and matches(pattern, resource) for a, resource in needs[role])
    }
    assert unused == set()


KEYS = {
    "a build": "AbcDev/pypi/files/pyabc/1.0.0/0-ab/pyabc-1.0.0-1-py3-none-any.whl",
    "a revision": "AbcDev/pypi/revisions/pyabc/1.0.0/99999999_00000001.json",
    "production": "AbcProd/pypi/revisions/pyabc/1.0.0/99999999_00000001.json",
    "a page": "AbcProd/pypi/simple/pyabc/index.json",
    "a verdict": ".verdicts/ab/integration/99999999_00000001.json",
    "a token": ".tokens/ab.json",
    "the domain": ".versioned-packages.json",
}
WRITERS = {
    ("PutObject", "a build"): {"publisher", "admin"},
    ("PutObject", "a revision"): {"publisher", "admin"},
    ("PutObject", "production"): {"promoter", "admin"},
    ("PutObject", "a page"): {"promoter", "admin"},
    ("PutObject", "a verdict"): {"promoter", "admin"},
    ("PutObject", "a token"): {"admin"},
    ("PutObject", "the domain"): {"admin"},
    ("DeleteObject", "a build"): {"admin"},
    ("DeleteObject", "a revision"): {"admin"},
}


@pytest.mark.parametrize(("action", "thing"), WRITERS, ids=" of ".join)
def test_only_these_roles_may_write(action, thing):
    resource = f"arn:aws:s3:::{BUCKET}/{PREFIX}/{KEYS[thing]}"
    found = {role for role in ROLES if allows(f"packages-{role}", f"s3:{action}", resource)}
    assert found == WRITERS[action, thing]


def test_no_policy_reaches_beyond_its_prefix():
    for role in ROLES:
        for _, pattern in grants(f"packages-{role}"):
            bucket = f"arn:aws:s3:::{BUCKET}"
            assert pattern == bucket or pattern.startswith(f"{bucket}/{PREFIX}/")
