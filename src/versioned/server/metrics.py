"""What Prometheus reads: requests by route, how long they took, what was moved."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """The figures of one server process. Labels are routes, never what a client sent."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "versioned_requests_total",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "versioned_request_seconds",
            "Time from the request to the end of its answer.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._received = Counter(
            "versioned_received_bytes_total", "Bodies of requests.", registry=self._registry
        )
        self._sent = Counter(
            "versioned_sent_bytes_total", "Bodies of answers.", registry=self._registry
        )
        self.under_way = Gauge(
            "versioned_requests_under_way", "Requests under way.", registry=self._registry
        )
        self.refused = Counter(
            "versioned_requests_refused_total",
            "Requests answered with 503, as there were too many connections.",
            registry=self._registry,
        )
        self.cut_off = Counter(
            "versioned_connections_cut_off_total",
            "Connections on which nothing more was sent, or taken.",
            registry=self._registry,
        )

    def count(
        self, method: str, route: str, status: int, *, seconds: float, received: int, sent: int
    ) -> None:
        """One request that ended."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)
        self._received.inc(received)
        self._sent.inc(sent)

    def page(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self._registry)
