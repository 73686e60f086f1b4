"""One bucket and prefix behind a boto3 client: keys, options, errors and the server's clock."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from versioned.errors import InvalidLocationError
from versioned.stores.s3_answers import REMOTE_ERRORS
from versioned.stores.s3_errors import Request, as_ours, host_of
from versioned.stores.s3_options import S3Options

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from mypy_boto3_s3 import S3Client

P = ParamSpec("P")
R = TypeVar("R")

# Looser than today's rule: buckets of before 2018 in us-east-1 have capitals and underscores.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_ACCESS_POINT = re.compile(r"arn:aws[a-z-]*:s3:[a-z0-9-]+:[0-9]{12}:accesspoint[/:][a-z0-9-]{3,63}")


class Room:
    """Sends requests to one bucket. Safe to use from several threads.

    Raises InvalidLocationError for a bucket or prefix that can't be meant.
    """

    def __init__(self, client: S3Client, bucket: str, prefix: str, options: S3Options) -> None:
        self.client = client
        self.bucket = validate_bucket(bucket)
        self.prefix = validate_prefix(prefix)
        self.options = options
        self.clock = Clock()
        self.endpoint = host_of(client.meta.endpoint_url)
        self._root = f"{self.prefix}/" if self.prefix else ""
        self._option_fields: dict[str, dict[str, str]] = {}

    def key(self, relative: str) -> str:
        return self._root + relative

    def relative(self, key: str) -> str:
        return key.removeprefix(self._root)

    def uri(self, relative: str) -> str:
        return f"s3://{self.bucket}/{self._root}{relative}"

    def request(self, method: Callable[..., Any], relative: str = "") -> Request:
        """What a method of the client asks about a key, for messages."""
        return Request(self._operation(method), self.uri(relative), self.endpoint)

    def send(self, method: Callable[P, R], *args: P.args, **params: P.kwargs) -> R:
        """Call a method of the client with our options, and learn the time. botocore's errors."""
        operation = self._operation(method)
        if operation not in self._option_fields:
            self._option_fields[operation] = self._fields_known_to(operation)
        fields: Any = {**self._option_fields[operation], **params}
        try:
            answer: Any = method(*args, **fields)
        except REMOTE_ERRORS as error:
            self.clock.learn(getattr(error, "response", None))
            raise
        self.clock.learn(answer)
        result: R = answer
        return result

    def call(self, method: Callable[P, R], *args: P.args, **params: P.kwargs) -> R:
        """`send` with errors of our own."""
        with self.errors_of(method, self.relative(str(params.get("Key", self._root)))):
            return self.send(method, *args, **params)

    @contextmanager
    def errors_of(self, method: Callable[..., Any], relative: str) -> Iterator[None]:
        """Turns botocore's errors into ours, with what was asked in the message."""
        try:
            yield
        except REMOTE_ERRORS as error:
            raise as_ours(error, self.request(method, relative)) from error

    def _operation(self, method: Callable[..., Any]) -> str:
        return self.client.meta.method_to_api_mapping[method.__name__]

    def _fields_known_to(self, operation: str) -> dict[str, str]:
        shape = self.client.meta.service_model.operation_model(operation).input_shape
        known = shape.members if shape else {}
        return {name: value for name, value in self.options.request_fields.items() if name in known}


def refuse_short_answers(client: S3Client) -> None:
    """Make a client treat an answer that was cut off as a failure of the server. Idempotent.

    botocore takes one that ends right after its headers for an empty one: a listing of nothing.
    """
    client.meta.events.register(
        "before-parse.s3", _refuse_short_answer, unique_id="versioned-short-answers"
    )


def _refuse_short_answer(
    operation_model: OperationModel, response_dict: dict[str, Any], **_: object
) -> None:
    body = response_dict.get("body")
    announced = response_dict["headers"].get("content-length", "")
    if operation_model.http.get("method") == "HEAD" or not isinstance(body, bytes):
        return
    if announced.isdigit() and len(body) < int(announced):
        response_dict.update(status_code=HTTPStatus.INTERNAL_SERVER_ERROR.value, body=b"")


_SET_BACK = timedelta(seconds=5)
"""More than the cut and an ordinary delay together."""


class Clock:
    """The server's clock, as told by the Date of its answers; ours before the first.

    A Date is cut to whole seconds and arrives late, so of several the one that puts the server
    furthest ahead is nearest to the truth: right to a second at first, better with each answer.
    One that puts it much further back tells that the server's clock was set.
    """

    def __init__(self) -> None:
        self._ahead: timedelta | None = None

    def learn(self, answer: object) -> None:
        served = date_of(answer)
        if served is not None:
            ahead, known = served - _monotonic(), self._ahead
            if known is None or ahead > known or known - ahead > _SET_BACK:
                self._ahead = ahead

    def now(self) -> datetime:
        ahead = self._ahead
        return datetime.now(UTC) if ahead is None else _monotonic() + ahead

    def served(self, answer: object) -> datetime:
        """When an answer was given, in whole seconds as S3 counts; now, where it does not tell."""
        return date_of(answer) or self.now().replace(microsecond=0)


def date_of(answer: object) -> datetime | None:
    """The Date header of a boto3 answer, if there is one that can be read."""
    metadata = answer.get("ResponseMetadata", {}) if isinstance(answer, Mapping) else {}
    text = metadata.get("HTTPHeaders", {}).get("date")
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except ValueError:
        return None


def _monotonic() -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=time.monotonic())


def validate_bucket(bucket: str) -> str:
    """The name, or the ARN of an access point. Raises InvalidLocationError."""
    named = bool(_BUCKET.fullmatch(bucket)) and ".." not in bucket
    if not named and not _ACCESS_POINT.fullmatch(bucket):
        raise InvalidLocationError(
            f"{bucket!r} is not the name of a bucket",
            hint="3 to 63 lower-case letters, digits, dots and hyphens",
        )
    return bucket


def validate_prefix(prefix: str) -> str:
    """The prefix without slashes at its ends. Raises InvalidLocationError."""
    stripped = prefix.strip("/")
    segments = stripped.split("/") if stripped else []
    bad = [s for s in segments if s in {"", ".", ".."} or "\\" in s or not s.isprintable()]
    if bad:
        raise InvalidLocationError(
            f"prefix {prefix!r} has a part that is not allowed: {bad[0]!r}",
            hint="no empty parts, '.', '..', backslashes or control characters",
        )
    return stripped
