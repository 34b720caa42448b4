# `make demo` and `make test` set up what they need by themselves.

PYTHON ?= python3
BIN := .venv/bin
OTHER_TOOLS := .venv/other-tools
PEERS := deepeval openevals scenario

.PHONY: demo test test-processes check fuzz chaos soak audit format benchmark benchmark-peers lock lock-other-tools \
	lock-peers clean

demo: .venv/runtime
	$(BIN)/duologue generate datasets/seed_user_messages.csv --turns 3

# Before each commit: minutes. More than four processes would wait for the one Prefect server.
test: .venv/dev
	$(BIN)/python -m pytest -m "not processes and not chaos and not soak" \
		--numprocesses logical --maxprocesses 4 --dist worksteal

# What kills, waits for or spans processes. Where the other tools cannot be installed, their tests
# are skipped, but not in CI. Two files at a time: each has servers and workers of its own.
test-processes: .venv/dev
	-$(MAKE) --no-print-directory $(OTHER_TOOLS)/ready
	$(BIN)/python -m pytest -m processes --numprocesses 2 --dist loadfile

check: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# The same tests of the test suite, with fifty times as many examples each.
fuzz: .venv/dev
	$(BIN)/python -m pytest tests/fuzz tests/seeds/test_properties.py --hypothesis-profile=fuzz --timeout=3600

# 5,000 seeds in shards while machines are killed at random; some fifteen minutes.
chaos: .venv/dev
	$(BIN)/python -m pytest -m chaos -s

# Half an hour, or DUOLOGUE_SOAK_MINUTES, in which everything goes wrong at once; needs root, for disks
# that fail, a C compiler, for clocks that jump, and PostgreSQL.
soak: .venv/dev
	$(BIN)/python -m pytest -m soak -s

# Not among the locked dependencies: it looks at them, and the newest knows most.
audit:
	test -x .venv/audit/bin/python || $(PYTHON) -m venv .venv/audit
	.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip-audit \
		|| echo "pip-audit could not be installed"
	.venv/audit/bin/python .ci/audit.py

format: .venv/dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The longest last: it leaves the most to delete, which slows down whatever comes next.
benchmark: .venv/dev .venv/as-installed/ready
	$(BIN)/python -m benchmarks.check_speed
	$(BIN)/python -m benchmarks.evaluate_speed
	$(BIN)/python -m benchmarks.generate_speed

# A peer that cannot be installed is not measured, which is said.
benchmark-peers: .venv/dev .venv/as-installed/ready
	-$(MAKE) --no-print-directory --keep-going $(PEERS:%=.venv/peers/%/ready)
	$(BIN)/python -m benchmarks.peers_speed

# The lock files hold every package with its hashes, so that nothing is left to resolve.
.venv/runtime: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/dev: .venv/runtime requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	touch $@

# The tools whose own loaders read what is exported, in an environment that is not Duologue's. Of
# evals, 700 MB of data for its own evals are thrown away.
$(OTHER_TOOLS)/ready: $(addprefix tests/other_tools/,requirements.txt package.json package-lock.json)
	rm -rf $(OTHER_TOOLS)
	$(BIN)/python -m venv $(OTHER_TOOLS)
	$(OTHER_TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	rm -rf $(OTHER_TOOLS)/lib/python*/site-packages/evals/registry/data
	cp $(filter %.json,$^) $(OTHER_TOOLS)
	cd $(OTHER_TOOLS) && PATH="$$PWD/bin:$$PATH" npm ci --omit=optional --ignore-scripts --no-audit --no-fund --silent
	touch $@

# What users install, without what development needs: this is what benchmarks measure.
.venv/as-installed/ready: requirements.txt pyproject.toml | .venv/dev
	rm -rf $(@D)
	$(BIN)/python -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# What benchmarks compare with, each in an environment of its own: what they need contradicts
# what Duologue does.
.venv/peers/%/ready: benchmarks/peers/%.txt
	rm -rf $(@D)
	$(BIN)/python -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@

# Run after a change of pyproject.toml's dependencies; needs uv.
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --quiet
LOCK := $(COMPILE) pyproject.toml --group build

lock:
	$(LOCK) --output-file requirements.txt
	$(LOCK) --group dev --constraint requirements.txt --output-file requirements-dev.txt

# Run after a change of the other tools; needs uv, and npm for promptfoo.
lock-other-tools:
	cd tests/other_tools && $(COMPILE) --config-file uv.toml requirements.in --output-file requirements.txt
	cd tests/other_tools && npm install --package-lock-only --omit-lockfile-registry-resolved \
		--omit=optional --ignore-scripts --no-audit --no-fund --silent

# Run after a change of the peers, and after `lock`; needs uv. They call Vellum with the same
# releases as Duologue does.
CALLING := aiohttp|httpx|httpx-aiohttp|pydantic|pydantic-core|vellum-ai

lock-peers:
	cd benchmarks/peers && for peer in $(PEERS); do \
		sed -nE 's/^(($(CALLING))==[^ ]+).*/\1/p' ../../requirements.txt \
			| $(COMPILE) --constraint - $$peer.in --output-file $$peer.txt || exit 1; \
	done

clean:
	rm -rf .venv
