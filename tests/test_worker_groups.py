"""Tests that share one runtime, or one store, are kept on one worker."""

import pytest


@pytest.mark.xdist_group("alone")
def test_workers_are_told_of_groups(request, worker_id):
    if worker_id == "master":
        pytest.skip("there are no workers")
    assert request.node.nodeid.endswith("@alone")
