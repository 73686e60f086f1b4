"""The examples in docs/formats/packages.md: what a short story leaves in the bucket."""

import json

from npm_making import publish_npm, tarball
from package_making import PYABC, publish, wheel

from versioned.packages import Package, Packages
from versioned.packages.tokens import Scope
from versioned.stores.s3 import S3Store

PREFIX = "packages"
SCRIPTS = Package.of("generic", "scripts", "team")


def story(client, bucket):
    """Do what the page tells of; `package` and `metadata` of each key, as the page names it, with
    what is there in the end."""
    store = S3Store(client, bucket, PREFIX, settle=0)
    packages = Packages(store, actor="ann")
    packages.create_domain("abc")
    packages.create_repository("AbcDev", description="all builds of CI")
    packages.create_repository("AbcStaging", requires=["integration"], sources=["AbcDev"])
    publish(packages, wheel(build="23"))
    publish(packages, wheel(build="24", extra="Requires-Python: >=3.11"), message="commit 4f2a91c")
    report = "https://ci.example.org/runs/24"
    packages.record_verdict("AbcDev", PYABC, "1.0.0", "integration", "pass", url=report, by="ci")
    packages.copy_package_versions("AbcDev", "AbcStaging", PYABC, "1.0.0", message="release 1.0.0")
    publish_npm(packages, tarball(description="A widget."), tags=["latest"])
    packages.publish_package_version(
        "AbcDev", SCRIPTS, "7", {"deploy.sh": b"echo\n"}, whole=False, unfinished=True
    )
    packages.create_token("ci", {"AbcDev": [Scope.READ, Scope.PUBLISH]}, seconds=90 * 86400)
    store.close()
    return dict(_written(client, bucket))


def _written(client, bucket):
    for line in client.list_objects_v2(Bucket=bucket, Prefix=f"{PREFIX}/")["Contents"]:
        key = line["Key"].removeprefix(f"{PREFIX}/")
        found = client.get_object(Bucket=bucket, Key=line["Key"])
        body = found["Body"].read()
        yield ("file", key), found["Metadata"]
        if key.endswith((".json", "/")):
            text = body.decode()
            yield ("package", key), json.loads(text) if text.startswith("{") else text
