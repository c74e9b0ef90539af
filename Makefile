# Everything the two commands of the README need, and what developers run.
PYTHON ?= python3
BIN := .venv/bin
EDITABLE := -e packages/assets -e packages/skill-sdk -e packages/luaskills -e "packages/kernel[model,lua]"
EXTRAS := -e "packages/luaskills[native,lancedb,jieba]" -e "packages/kernel[model,lua,chunking,language,mcp,documents,jwt,signatures,telemetry]"
AS_ROOT := $(shell test "$$(id -u)" = 0 || echo sudo -n)
IMAGE_EXTRAS := $(shell sed -n "s/^ARG EXTRAS=//p" deploy/Containerfile)
# Minutes of killed processes, generated requests, rendered charts, guides, other SDKs and interpreters linked anew.
THOROUGH := tests/faults tests/fuzzing tests/deploy tests/conformance/test_patches.py \
	$(addprefix tests/end_to_end/,test_guides.py test_released_sdks.py test_rag.py test_mcp_tools.py) \
	packages/luaskills/tests/native/test_released_luaskills.py packages/skill-sdk/tests/test_linking.py
PROJECTS := $(wildcard packages/*/pyproject.toml)

# Tests start hundreds of processes, which would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-thorough check format bench docs sbom clean

run: .venv/installed
	@mkdir -p skills
	@$(BIN)/pharia-skill build examples/*.py --output-dir skills
	@cp -R examples/lua-hello skills/
	@$(BIN)/pharia-kernel fetch-model
	@cat examples/try-it.txt
	@NAMESPACES__DEV__DIRECTORY=skills exec $(BIN)/pharia-kernel

test: .venv/developer
	$(BIN)/python -m pytest -n auto --dist loadfile $(addprefix --ignore=,$(THOROUGH))

test-thorough: .venv/developer .venv/bom/installed
	$(BIN)/python -m pytest -n auto --dist loadfile $(THOROUGH)

check: .venv/developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy packages/assets/src packages/skill-sdk/src packages/kernel/src packages/luaskills/src bench deploy
	$(BIN)/lint-imports

format: .venv/developer
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/developer
	$(BIN)/python -m bench

docs: .venv/developer
	@mkdir -p build
	$(BIN)/python tests/docs/command_line.py > build/command-line.md
	@mv build/command-line.md docs/command-line.md

# Of the kernel with what its image has.
sbom: .venv/developer .venv/bom/installed
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e packages/luaskills -e "packages/kernel[$(IMAGE_EXTRAS)]"
	$(BIN)/python deploy/sbom.py --extras "$(IMAGE_EXTRAS)" --cyclonedx .venv/bom/bin/cyclonedx-py build/pharia-kernel.cdx.json

clean:
	rm -rf .venv skills build

.venv/installed: constraints.txt $(PROJECTS)
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("Python 3.11, 3.12 or 3.13 is needed (make PYTHON=python3.12 …)")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the packages into .venv"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt $(EDITABLE)
	@touch $@

.venv/developer: .venv/installed requirements-dev.txt
	@echo "Installing what tests and checks need"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -r requirements-dev.txt $(EXTRAS)
	@command -v docker-registry >/dev/null \
		|| { $(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -qq -y --no-install-recommends docker-registry; } \
		|| echo "There is no docker-registry; the tests of publishing need it"
	@touch $@

# Apart: it brings formats for jsonschema, which then takes every process that imports it 1.6 s.
.venv/bom/installed: .venv/installed
	@$(BIN)/python -m venv .venv/bom
	@.venv/bom/bin/pip install -qq --disable-pip-version-check -c constraints.txt cyclonedx-bom
	@touch $@
