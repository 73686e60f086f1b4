"""A service of AWS, spoken to by a real boto3 client: what it is asked is checked by botocore's own
model, and what it answers is parsed by it. Nothing leaves the process."""

import json
from urllib.parse import parse_qsl, urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config


class Refused(Exception):  # noqa: N818 - an answer, not a failure of a test
    """The service answers with an error of this code."""


class AwsDouble:
    """`answers` are functions by operation, which get what was sent and return the document of the
    answer, or raise Refused. `calls` are the operations with what was sent, in order."""

    def __init__(self, service, answers):
        self.calls = []
        self._answers = answers
        config = Config(retries={"total_max_attempts": 1})
        self.client = boto3.client(service, region_name="us-east-1", config=config)
        self.client.meta.events.register("before-send", self._answer)

    def count(self, operation):
        return sum(1 for name, _ in self.calls if name == operation)

    def _answer(self, request, event_name, **_):
        operation = event_name.rpartition(".")[2]
        url = urlsplit(request.url)
        sent = dict(parse_qsl(url.query)) | json.loads(request.body or b"{}")
        sent["path"] = url.path
        self.calls.append((operation, sent))
        try:
            status, document = 200, self._answers[operation](sent)
        except Refused as refused:
            status, document = 400, {"__type": str(refused), "message": "no"}
        headers = {
            "Content-Type": "application/json",
            "x-amzn-ErrorType": document.get("__type", ""),
        }
        return AWSResponse(request.url, status, headers, _Raw(json.dumps(document).encode()))


class _Raw:
    def __init__(self, content):
        self._content = content

    def stream(self, **_):
        yield self._content


def paged(key, items, size, mark="nextToken"):
    """The answer of a listing that has `size` items a page."""

    def answer(sent):
        start = int(sent.get(mark) or sent.get("Marker") or 0)
        document = {key: items[start : start + size]}
        if start + size < len(items):
            document[mark] = str(start + size)
        return document

    return answer
