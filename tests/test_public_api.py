"""What may be imported, and what importing costs."""

import subprocess
import sys

import pytest

import versioned
from versioned import errors


def test_all_is_the_public_api():
    for name in versioned.__all__:
        assert getattr(versioned, name) is not None
    assert versioned.__all__ == sorted(versioned.__all__)


def test_every_error_is_public_has_a_code_of_its_own_and_stands_in_the_tree():
    found = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.VersionedError)
    }
    assert sorted(found) == sorted(errors.__all__)
    codes = [error.code for error in found.values()]
    assert len(set(codes)) == len(codes) or codes.count("invalid-input") == 1
    for name in found:
        assert name in errors.__doc__


@pytest.mark.parametrize("module", ["versioned", "versioned.api", "versioned.cli.main"])
def test_importing_does_not_import_boto3(module):
    code = f"import sys, {module}; print({{'boto3', 'botocore', 'moto', 's3pathlib'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
