"""The tests of clients ask the servers they name, whatever the machine is set up for."""

import json


def test_no_setting_of_pip_comes_from_the_machine(clients, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/elsewhere/")
    said = clients.run(clients.pip, "config", "list").stdout.splitlines()
    names = {line.partition("=")[0] for line in said}
    assert names == {":env:.config-file", ":env:.disable-pip-version-check", ":env:.no-input"}


def test_no_setting_of_npm_comes_from_the_machine(clients, monkeypatch):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/elsewhere/")
    said = json.loads(clients.run(clients.npm, "config", "ls", "--json").stdout)
    assert "elsewhere" not in said["registry"]
    assert said["cache"] == str(clients.home / "npm")


def test_no_setting_of_aws_comes_from_the_machine(clients, monkeypatch):
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere.pem")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-9")
    said = clients.run(clients.aws, "configure", "list").stdout
    assert "us-east-1" in said
    assert "eu-west-9" not in said


def test_uv_and_twine_start(clients):
    assert clients.run(clients.uv, "--version").stdout.startswith("uv ")
    assert clients.run(clients.twine, "--version").stdout.startswith("twine ")
