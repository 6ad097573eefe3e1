# Every target sets up what it needs by itself: Python >= 3.11 with venv, nothing else.
PYTHON ?= python3
ENGINE ?= docker
VENV := .venv
SERVERS := .venv-servers
RUN := $(VENV)/bin/python
# How long matches are played with random faults; by hand: make soak SOAK=2h
SOAK ?= 2m
# Most tests wait for processes; see them one by one with: make test PYTEST='-n0 -x tests/…'
WORKERS ?= 4
# A measured pump can't pass 40 MB on within five seconds: these run at full pace, afterwards.
FLOODS := $(patsubst %,tests/logs/test_%.py,stops hardships lives matrix last_line)

.PHONY: help demo test contract idle-defaults crowd servers node lint types layers check readme bench soak lock clean bundle image containers

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10

demo: $(VENV)/.runtime  ## one match, from start to self-stop, on this machine
	@$(RUN) -m agent demo

test: $(VENV)/.test  ## the tests, with the coverage gates
	@rm -f .coverage .coverage.*
	$(RUN) -m coverage run -m pytest --numprocesses=$(WORKERS) --dist=worksteal $(FLOODS:%=--ignore=%) $(PYTEST)
	$(if $(PYTEST),,$(RUN) -m pytest --numprocesses=2 $(FLOODS))
	$(RUN) -m coverage combine --quiet
	$(RUN) -m coverage report --include='agent/core/*' --fail-under=100
	$(RUN) -m coverage report --fail-under=95

idle-defaults: $(VENV)/.test  ## a server that nobody joins, with the real times: seven minutes
	$(RUN) -m pytest -s tests/e2e/idle_defaults.py

contract: $(VENV)/.test  ## the local platform against the vendor's OpenAPI document, at whole depth
	$(RUN) -m tests.local.contract

crowd: $(VENV)/.test  ## fifty deployments at once, each with its agent
	$(RUN) -m pytest tests/local/crowd_of_fifty.py

servers: $(SERVERS)/.servers  ## the log stores that some tests talk to

node: tests/node/node_modules/.done  ## the npm packages that some tests run unchanged

bundle: $(VENV)/.test  ## dist/: the agent with its own Python, for images without one (as root)
	$(RUN) .ci/bundle/build.py

image: bundle  ## an image that others can COPY --from=arbitrium-agent
	printf 'FROM scratch\nADD arbitrium-agent-*.tar.gz /\n' \
	  | $(ENGINE) build -t arbitrium-agent -f - dist

containers: $(VENV)/.test  ## the tests in real containers, of the bundle in dist/
	for suite in bullseye bookworm trixie; do .ci/bundle/root $$suite build/minbase-$$suite; done
	CONTAINERS=1 $(RUN) -m pytest --timeout 600 tests/containers

lint: $(VENV)/.test  ## ruff over the code, shellcheck over the shell
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	@command -v shellcheck >/dev/null || [ -z "$$REQUIRE_ALL" ] || { echo 'shellcheck is missing'; exit 1; }
	@! command -v shellcheck >/dev/null || shellcheck entrypoint.sh .ci/run .ci/bundle/python .ci/bundle/root

types: $(VENV)/.test  ## mypy, strict
	$(RUN) -m mypy

layers: $(VENV)/.test  ## the import directions
	$(VENV)/bin/lint-imports

check: lint types layers test  ## all of it

readme: $(VENV)/.test  ## the README's generated parts, anew
	$(RUN) -m tests.pages --write

bench: $(VENV)/.test  ## the figures of the README, measured here
	$(RUN) -m bench --out bench/plots

soak: $(VENV)/.test  ## matches with random faults for two minutes; SOAK=2h
	$(RUN) -m bench.soak --for $(SOAK)

lock: $(VENV)/.test  ## the pinned, hashed dependencies, anew
	$(VENV)/bin/pip install --quiet uv
	$(VENV)/bin/uv pip compile pyproject.toml --universal --generate-hashes --no-header --quiet --output-file requirements.lock
	$(VENV)/bin/uv pip compile pyproject.toml --extra test --universal --generate-hashes --no-header --quiet --output-file requirements-test.lock
	$(VENV)/bin/uv pip compile pyproject.toml --extra grpc --extra zstd --universal --generate-hashes --no-header --quiet --output-file requirements-bundle.lock
	$(VENV)/bin/uv pip compile --group servers --universal --generate-hashes --no-header --quiet --output-file requirements-servers.lock

clean:  ## what the targets have made
	rm -rf $(VENV) $(SERVERS) build dist .coverage .coverage.* .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo '$(PYTHON) is too old: Python >= 3.11 is needed; name another with make PYTHON=…'; exit 1; }
	@echo 'setting up $(VENV)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock | $(VENV)/bin/python
	@echo 'installing the runtime dependencies'
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.test: requirements-test.lock | $(VENV)/bin/python
	@echo 'installing the test dependencies'
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	@touch $@ $(VENV)/.runtime

tests/node/node_modules/.done: tests/node/package-lock.json
	@echo 'installing the npm packages'
	@cd tests/node && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

$(SERVERS)/.servers: requirements-servers.lock
	@echo 'setting up $(SERVERS)'
	@$(PYTHON) -m venv $(SERVERS)
	@$(SERVERS)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-servers.lock
	@touch $@
