# The two commands: `make demo` shows what this is, `make test` proves it.
# Everything is set up in .venv; no root, no network but the package registry.

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
CEPH_DIR ?= $(CURDIR)/.build/ceph

.PHONY: demo test test-slow test-clients check lint types test-ceph test-images image-matrix bench docs constraints environments clean

demo: $(READY)  ## tell the whole story on the embedded store
	@$(VENV)/bin/versioned demo

test: $(READY) .venv-peer/.ready  ## the tests, on the embedded store and on moto
	$(VENV)/bin/pytest -q -n 2 --dist loadgroup -m 'not slow and not clients'

test-slow: $(READY)  ## what `make test` leaves out: every page of the guide, the longest campaign
	$(VENV)/bin/pytest -q -n 2 --dist loadgroup -m 'slow and not clients'

test-clients: $(READY) .venv-clients/.ready  ## twine, pip, uv, npm and the AWS CLI against our server
	$(VENV)/bin/pytest -q -n 2 --dist loadgroup -m clients --stores local

check: lint types test test-slow test-clients  ## what CI runs, real servers aside

lint: $(READY)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/python scripts/reference --check

types: $(READY)
	$(VENV)/bin/mypy

test-ceph: $(READY) .venv-clients/.ready  ## the same suite on a real Ceph Object Gateway; needs its packages
	scripts/with-ceph $(CEPH_DIR) $(VENV)/bin/pytest -q -n 2 --dist loadgroup -m ceph --stores ceph

test-images: $(READY)  ## images on a real registry, built by Podman and by Docker; needs their packages
	scripts/with-registry $(CURDIR)/.build/registry scripts/with-docker $(CURDIR)/.build/docker $(VENV)/bin/pytest -q -n 2 --dist loadgroup -m registry tests/images --registries docker

image-matrix: $(READY)  ## try each registry with each runtime, and write docs/images-matrix.md
	scripts/with-registry $(CURDIR)/.build/registry scripts/with-docker $(CURDIR)/.build/docker $(VENV)/bin/python scripts/image-matrix

bench: $(READY) .venv-peer/.ready .venv-package-peers/.ready  ## requests, steps and time beside others
	$(VENV)/bin/python -m bench
	$(VENV)/bin/python -m bench.packages

docs: $(READY)  ## write docs/reference from the docstrings
	$(VENV)/bin/python scripts/reference

constraints:  ## the newest of what pyproject.toml allows, for the next tests
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	{ head -n 1 constraints.txt; $(VENV)/bin/pip freeze --all --exclude pip --exclude versioned; } > constraints.new
	mv constraints.new constraints.txt
	@touch $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

environments: $(READY) .venv-peer/.ready .venv-clients/.ready .venv-package-peers/.ready

.venv-peer/.ready: scripts/peer-environment
	@scripts/peer-environment && touch $@

.venv-package-peers/.ready: scripts/package-peers
	@scripts/package-peers && touch $@

.venv-clients/.ready: scripts/client-environments
	@scripts/client-environments && touch $@

clean:
	rm -rf $(VENV) .venv-peer .venv-clients .venv-package-peers .build dist
