"""Two servers before one domain, and many clients: nothing is lost, nothing is half-visible."""

import itertools
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from asking import JSON, form, links, token
from package_making import names, open_packages, sha256, wheel
from package_promises import check_pages, check_promises

from serving import domain_url, served, store_environ
from versioned.packages import Package

PACKAGES = [f"Package{n}" for n in range(4)]
VERSIONS = ["1.0.0", "2.0.0"]


@pytest.fixture
def pair(store, store_kind, tmp_path):
    """Two servers in processes of their own, and clients of both."""
    packages = open_packages(store)
    secret = token(packages, "admin", repository="*")
    url, environ = domain_url(store, store_kind), store_environ(store_kind)
    arguments = ("--downloads", "stream")
    with (
        served(url, *arguments, log=tmp_path / "one", environ=environ) as one,
        served(url, *arguments, log=tmp_path / "two", environ=environ) as two,
    ):
        campaign = Campaign(packages, [one.url, two.url], {"Authorization": f"Bearer {secret}"})
        yield campaign
        for asking in campaign.clients:
            asking.close()
    for log in ("one", "two"):
        assert "Traceback" not in (tmp_path / log).read_text()


class Campaign:
    """Uploads and promotions through both servers, and what came of them."""

    def __init__(self, packages, urls, headers):
        self.packages = packages
        self.clients = [
            httpx.Client(
                base_url=url, headers=headers, timeout=300, trust_env=False,
                limits=httpx.Limits(max_connections=None),
            )
            for url in urls
        ]  # fmt: skip
        self.answered, self.promoted, self.again = [], [], Counter()
        self.read = 0
        self._ended = threading.Event()

    def run(self, count, *, at_once):
        """Every fourth change is a promotion. Readers look on meanwhile."""
        with ThreadPoolExecutor(at_once + 2) as pool:
            readers = [pool.submit(self.look, one) for one in self.clients]
            try:
                list(pool.map(self.change, range(count)))
            finally:
                self._ended.set()
            for one in readers:
                one.result()

    def change(self, number):
        name, version = self.which(number)
        asking = self.clients[number % 2]
        if number % 4 == 3 and (name, version) in {one[:2] for one in self.answered}:
            self.promote(asking, name, version)
        else:
            self.publish(asking, name, version, str(number + 1))

    @staticmethod
    def which(number):
        pairs = list(itertools.product(PACKAGES, VERSIONS))
        return pairs[(number * 5 + number // 8) % len(pairs)]

    def publish(self, asking, name, version, build):
        file = wheel(name, version, build)
        answer = self.until_done(
            lambda: asking.post("/pypi/AbcDev/", **form(file, name=name, version=version))
        )
        assert answer.status_code == 200, answer.text
        self.answered.append((name, version, file[0], sha256(file[1])))

    def promote(self, asking, name, version):
        query = {
            "domain": "abc", "source-repository": "AbcDev", "destination-repository": "AbcStaging",
            "format": "pypi", "package": name.lower(),
        }  # fmt: skip
        body = {"versions": [version], "allowOverwrite": True}
        answer = self.until_done(
            lambda: asking.post("/v1/package/versions/copy", params=query, json=body)
        )
        done = answer.json()
        assert list(done["successfulVersions"]) == [version], answer.text
        self.promoted.append((name, version, done["successfulVersions"][version]["revision"]))

    def until_done(self, call):
        """Ask again where the server asks for that."""
        for _ in range(20):
            answer = call()
            if answer.status_code != 503:
                return answer
            self.again[answer.headers.get("X-Error-Code")] += 1
            time.sleep(0.1)
        raise AssertionError(answer.text)

    def look(self, asking):
        """Each link of each page leads to its bytes, at any moment."""
        for repository in itertools.cycle(["AbcDev", "AbcStaging"]):
            for name in PACKAGES:
                at = f"/pypi/{repository}/simple/{name.lower()}/"
                page = asking.get(at, headers={"Accept": JSON})
                if page.status_code == 404:
                    continue
                found = links(page)
                for one in list(found.values())[-3:]:
                    file = asking.get(str(page.url.join(one["url"])))
                    assert file.status_code == 200, (at, file.text)
                    assert sha256(file.content) == one["hashes"]["sha256"]
                    self.read += 1
                html = asking.get(at, headers={"Accept": "text/html"})
                assert html.status_code in {200, 404}
            if self._ended.is_set():
                return

    def check(self, count):
        """What was answered is there, and the pages are what the revisions say."""
        assert len(self.answered) + len(self.promoted) == count
        assert self.promoted
        assert self.read
        for name, version in itertools.product(PACKAGES, VERSIONS):
            found = self.packages.describe_package_version(
                "AbcDev", Package.of("pypi", name), version
            )
            meant = sorted(one[2] for one in self.answered if one[:2] == (name, version))
            assert sorted(names(found)) == meant
        for name, version, revision in self.promoted:
            package = Package.of("pypi", name)
            found = self.packages.list_package_version_revisions("AbcStaging", package, version)
            assert revision in {one.revision for one in found}
        store = self.packages.context.store
        check_promises(store)
        check_pages(store)


@pytest.mark.only_stores("local", "ceph")
def test_two_servers_lose_nothing_and_show_nothing_half(pair):
    pair.run(60, at_once=16)
    pair.check(60)


@pytest.mark.slow
def test_two_servers_take_a_thousand_changes(pair, store_kind):
    count = 300 if store_kind == "moto" else 1000  # it answers one after the other
    started = time.monotonic()
    pair.run(count, at_once=1000 if store_kind == "local" else 200)
    print(f"{count / (time.monotonic() - started):.0f} changes a second, {pair.read} files read, "  # noqa: T201
          f"asked again: {dict(pair.again)}")  # fmt: skip
    pair.check(count)
