"""A registry whose client dies: every call is counted, and one of them is never made or answered."""

from itertools import count


class Killed(BaseException):
    """The process ended here."""


class TappedRegistry:
    """Passes every call on to a registry. The call number `stop` raises Killed: before it is
    carried out, or with `after` once it was. `between` is called with each number before it (by default something harmless)."""

    def __init__(self, registry, *, stop=None, after=False, between=id):
        self._registry = registry
        self._numbers = count()
        self._stop, self._after, self._between = stop, after, between
        self.calls = []

    @property
    def host(self):
        return self._registry.host

    def __getattr__(self, name):
        method = getattr(self._registry, name)

        def call(*args, **options):
            number = next(self._numbers)
            self.calls.append(name)
            self._between(number)
            if number == self._stop and not self._after:
                raise Killed
            result = method(*args, **options)
            if number == self._stop:
                raise Killed
            return result

        return call
