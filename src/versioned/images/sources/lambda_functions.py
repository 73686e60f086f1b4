"""Images that functions of AWS Lambda are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from versioned.images.errors import RegistryError
from versioned.images.sources.aws import at_once, code_of, listed
from versioned.images.sources.base import ImageUse


class LambdaSource:
    """The image of every function that is one, and of all its published versions, by the name
    that was given and by the digest that Lambda runs.

    `client` is a boto3 client for `lambda`; `region` goes into the name, where several are asked.
    Costs a request for every fifty versions, and one for each that is an image.
    """

    def __init__(self, client: Any, *, region: str | None = None) -> None:  # noqa: ANN401 - boto3 makes its clients at run time
        self._client = client
        self.name = f"lambda:{region}" if region else "lambda"

    def uses(self) -> Iterable[ImageUse]:
        """Raises what botocore raises, RegistryError for a function that does not tell its image,
        InvalidImageError."""
        functions = [
            (function["FunctionName"], function["Version"])
            for function in listed(
                self._client, "list_functions", "Functions", FunctionVersion="ALL"
            )
            if function.get("PackageType") == "Image"
        ]
        return [use for uses in at_once(self._of_version, functions) for use in uses]

    def _of_version(self, function: tuple[str, str]) -> list[ImageUse]:
        name, version = function
        try:
            answer = self._client.get_function(FunctionName=name, Qualifier=version)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            return []  # deleted since it was listed
        code = answer["Code"]
        images = [code[key] for key in ("ImageUri", "ResolvedImageUri") if code.get(key)]
        user = f"lambda {name}:{version}"
        if not images:
            raise RegistryError(f"Lambda does not tell the image of {user}", hint="repeat")
        return [ImageUse.of(image, user) for image in images]
