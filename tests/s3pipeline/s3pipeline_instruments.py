"""What happens to a pipeline between two of its requests: it dies, or somebody else is at work."""


class Died(BaseException):
    """The process is gone: nothing catches this, nothing is cleaned up."""


class At:
    """Calls `action` at the n-th request of a client, counted from 0: before the server has seen
    it, or, with `done`, after the server has done what it said."""

    def __init__(self, bucket, number, action, *, done=False):
        self._client = bucket.meta.client
        self._number = number
        self._action = action
        self._done = done
        self.count = 0

    def __enter__(self):
        self._client.meta.events.register_first("before-send.s3", self._before_send)
        return self

    def __exit__(self, *_):
        self._client.meta.events.unregister("before-send.s3", self._before_send)

    def _before_send(self, request, **_):
        number, self.count = self.count, self.count + 1
        if number != self._number:
            return None
        response = None
        if self._done:
            response = self._client._endpoint.http_session.send(request)
            assert response.content is not None  # so it has arrived
        self._action()
        return response


def die():
    raise Died
