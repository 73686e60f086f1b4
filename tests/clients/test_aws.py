"""`aws codeartifact`, unmodified, against our server, with the clients that it logs in."""

import json

import pytest
from codeartifact_rig import builds, file_name, rig_before
from package_making import PYABC, names, sha256, wheel


@pytest.fixture(scope="module")
def ours(registry):
    return rig_before(registry.packages, registry.domain, registry.server.url)


class Aws:
    """`aws codeartifact` with a token that may do all in these repositories."""

    def __init__(self, ours, clients, repositories):
        self.ours, self.clients = ours, clients
        self.dev, self.prod = repositories
        self.secret = ours.secret(dict.fromkeys(repositories, ("admin",)))
        # pip and npm have to find what the login wrote for them
        hidden = ("PIP_CONFIG_FILE", "PIP_NO_INPUT")
        self.environment = {k: v for k, v in clients.environment.items() if k not in hidden}

    def run(self, *command, check=True, **environment):
        clients = type(self.clients)(self.clients.home, self.environment)
        return clients.run(*command, check=check, AWS_SESSION_TOKEN=self.secret, **environment)

    def __call__(self, *words, check=True):
        endpoint = ("--endpoint-url", self.ours.url)
        return self.run(self.clients.aws, "codeartifact", *words, *endpoint, check=check)

    def json(self, *words):
        return json.loads(self(*words).stdout)

    def text(self, *words):
        return self(*words, "--output", "text").stdout.split()

    def about(self, operation, repository, *words):
        """The answer of an operation on pyabc."""
        where = ("--domain", "abc", "--repository", repository)
        return self.json(operation, *where, "--format", "pypi", "--package", "PyABC", *words)

    def copy(self, *words):
        return self.json(
            "copy-package-versions",
            *("--domain", "abc", "--format", "pypi", "--package", "pyabc"),
            *("--source-repository", self.dev, "--destination-repository", self.prod),
            *words,
        )

    def login(self, tool, repository, *words):
        return self("login", "--tool", tool, "--domain", "abc", "--repository", repository, *words)


@pytest.fixture
def aws(ours, clients):
    return Aws(ours, clients, ours.repositories("dev", "prod"))


def written(folder, *files):
    """Writes pairs of name and bytes into a directory."""
    folder.mkdir(exist_ok=True)
    for name, data in files:
        (folder / name).write_bytes(data)
    return [folder / name for name, _ in files]


def test_what_was_tested_is_promoted_though_another_build_came_in_between(aws, clients):
    aws.login("twine", aws.dev)
    upload = (clients.twine, "upload", "--repository", "codeartifact")
    aws.run(*upload, *written(clients.home / "dist", wheel(build="024")))
    asked = ("--package-version", "1.0.0", "--query", "[assets[-1].name,versionRevision]")
    asset, revision = aws.about("list-package-version-assets", aws.dev, *asked)
    assert asset == file_name("024")

    aws.run(*upload, *written(clients.home / "dist", wheel(build="25")))
    assert aws.about("list-package-version-assets", aws.dev, *asked)[0] == file_name("25")

    found = aws.copy("--version-revisions", f"1.0.0={revision}", "--allow-overwrite")
    assert list(found["successfulVersions"]) == ["1.0.0"]
    promoted = aws.ours.packages.describe_package_version(aws.prod, PYABC, "1.0.0")
    assert names(promoted) == [file_name("024")]


def test_one_asset_is_promoted_by_its_name(aws):
    *_, newest = builds(aws.ours, aws.dev, "23", "24", "25")
    found = aws.copy("--version-revisions", f"1.0.0={newest}/{file_name('24')}")
    assert list(found["successfulVersions"]) == ["1.0.0"]
    promoted = aws.ours.packages.describe_package_version(aws.prod, PYABC, "1.0.0")
    assert names(promoted) == [file_name("24")]


def test_what_could_not_be_promoted_is_told_by_version(aws):
    builds(aws.ours, aws.dev, "1")
    found = aws.copy("--versions", "1.0.0", "2.0.0")
    assert found["failedVersions"]["2.0.0"]["errorCode"] == "NOT_FOUND"
    assert list(found["successfulVersions"]) == ["1.0.0"]


def test_an_asset_is_downloaded_as_it_was_at_a_revision(aws, clients):
    first, _ = builds(aws.ours, aws.dev, "1", "2")
    saved = clients.home / "saved.whl"
    found = aws.about(
        "get-package-version-asset",
        aws.dev,
        *("--package-version", "1.0.0", "--package-version-revision", first),
        *("--asset", file_name("1"), str(saved)),
    )
    assert found["packageVersionRevision"] == first
    assert saved.read_bytes() == wheel(build="1")[1]


def test_lists_go_on_over_parts(aws):
    builds(aws.ours, aws.dev, *"12345")
    asked = ("--package-version", "1.0.0", "--page-size", "2", "--query", "assets[].name")
    found = aws.about("list-package-version-assets", aws.dev, *asked)
    assert found == [file_name(build) for build in "12345"]


def test_generic_assets_are_published(aws, clients):
    [path] = written(clients.home / "files", ("deploy.sh", b"echo deploying\n"))
    where = ("--domain", "abc", "--repository", aws.dev, "--format", "generic")
    which = ("--namespace", "team", "--package", "scripts", "--package-version", "7")
    digest = ("--asset-sha256", sha256(path.read_bytes()))
    published = aws.json(
        *("publish-package-version", *where, *which),
        *("--asset-content", str(path), "--asset-name", "deploy.sh", *digest, "--unfinished"),
    )
    assert published["status"] == "Unfinished"
    status = ("--versions", "7", "--target-status", "Published")
    done = aws.json("update-package-versions-status", *where, *which[:-2], *status)
    assert done["successfulVersions"]["7"]["status"] == "Published"


def test_pip_installs_after_the_login(aws, clients):
    builds(aws.ours, aws.prod, "23", "24")
    aws.login("pip", aws.prod)
    aws.run(clients.pip, "install", "--quiet", "--target", clients.home / "site", "pyabc")
    assert (clients.home / "site/PyABC/__init__.py").read_text() == "BUILD = '24'\n"


def test_npm_publishes_and_installs_after_the_login(aws, clients):
    aws.login("npm", aws.dev)
    package = clients.home / "widget"
    package.mkdir()
    described = {"name": "@acme/widget", "version": "1.2.3", "main": "index.js"}
    (package / "package.json").write_text(json.dumps(described))
    (package / "index.js").write_text("module.exports = 'widget'\n")
    aws.run(clients.npm, "publish", package)
    project = clients.home / "project"
    project.mkdir()
    aws.run(clients.npm, "install", "--prefix", project, "@acme/widget")
    found = project / "node_modules/@acme/widget/index.js"
    assert found.read_text() == "module.exports = 'widget'\n"


def test_a_token_of_its_own_installs_until_it_ends(aws, clients):
    builds(aws.ours, aws.dev, "1")
    asked = ("--domain", "abc", "--duration-seconds", "900", "--query", "authorizationToken")
    [secret] = aws.text("get-authorization-token", *asked)
    index = aws.ours.url.replace("//", f"//aws:{secret}@") + f"/pypi/{aws.dev}/simple/"
    options = ("--quiet", "--target", clients.home / "site", "--index-url", index)
    clients.run(clients.pip, "install", *options, "pyabc")
    assert (clients.home / "site/PyABC").exists()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("describe-domain", "--domain", "xyz"), "ResourceNotFoundException"),
        (("describe-repository", "--domain", "abc", "--repository", "Nowhere"), "AccessDenied"),
        (("list-tags-for-resource", "--resource-arn", "arn:a"), "ValidationException"),
    ],
    ids=["domain", "repository", "operation"],
)
def test_errors_are_told_as_those_of_codeartifact(words, error, aws):
    done = aws(*words, check=False)
    assert done.returncode == 255
    assert f"An error occurred ({error}" in done.stderr
    assert not done.stdout


def test_a_revoked_token_is_told_in_one_line(aws):
    identity = aws.secret.split("-")[1]
    aws.ours.packages.revoke_token(identity)
    done = aws("list-repositories", check=False)
    assert "An error occurred (AccessDeniedException)" in done.stderr
    assert "this token is not valid" in done.stderr
