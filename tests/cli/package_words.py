"""What the tests of `versioned packages` call things, and the domain that they work in."""

import re
from datetime import timedelta

from package_making import sha256, wheel

from versioned.packages import Packages
from versioned.stores.local import LocalStore

DOMAIN = ".versioned-packages"
DEV = "AbcDev/pypi/pyabc@1.0.0"
STAGING = "AbcStaging/pypi/pyabc@1.0.0"
PROD = "AbcProd/pypi/pyabc@1.0.0"


def name_of(build):
    return wheel(build=build)[0]


class LongAgo(LocalStore):
    """A store whose clock stands still, 40 days ago."""

    def now(self):
        return super().now() - timedelta(days=40)


def packages_of(folder, store=LocalStore):
    return Packages(store(folder / DOMAIN), actor="tester")


def settled(text):
    """The text without what is different each time of the names of revisions and tokens."""
    text = re.sub(r"\b([0-9]+)-[0-9a-f]{16}\b", r"\1-0123456789abcdef", text)
    text = re.sub(r"\bvt-[0-9a-f]{16}-[0-9a-f]{64}\b", "SECRET", text)
    return re.sub(r"\btoken [0-9a-f]{16}\b", "token HEX", text)


def short(build):
    """The beginning of the sha256 of a build, as people see it."""
    return sha256(wheel(build=build)[1])[:12]
