"""Images of inference endpoints: a part for a plug-in that knows where the endpoints are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from versioned.errors import InputTypeError
from versioned.images.sources.base import ImageUse


class InferenceEndpointSource:
    """The image of each endpoint, `spec.image`, and of its canary, `spec.canary.image`.

    `list_endpoints` gives all endpoints as mappings; an image that is absent, `None` or empty is
    none, and so is an absent canary.
    """

    name = "inference"

    def __init__(self, list_endpoints: Callable[[], Iterable[Mapping[str, Any]]]) -> None:
        self._list = list_endpoints

    def uses(self) -> Iterable[ImageUse]:
        """Raises InputTypeError for an endpoint of another shape, InvalidImageError for a text
        that is no image, and whatever the listing raises."""
        found: list[ImageUse] = []
        for number, endpoint in enumerate(self._list(), start=1):
            mapping = _mapping(f"inference endpoint {number}", endpoint)
            named = mapping.get("endpoint_name") or mapping.get("name") or number
            user = f"inference endpoint {named}"
            spec = _mapping(f"the spec of {user}", mapping.get("spec"))
            found += _image(spec, user)
            if spec.get("canary") is not None:
                canary = f"canary of {user}"
                found += _image(_mapping(f"the {canary}", spec["canary"]), canary)
        return found


def _mapping(what: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputTypeError(
            f"{what} is a {type(value).__name__}", hint="it has to be a mapping with an image"
        )
    return value


def _image(holder: Mapping[str, Any], user: str) -> list[ImageUse]:
    image = holder.get("image")
    if image is None or image == "":
        return []
    if not isinstance(image, str):
        raise InputTypeError(f"the image of {user} is a {type(image).__name__}", hint="use a text")
    return [ImageUse.of(image, user)]
