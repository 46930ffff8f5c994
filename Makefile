# freeradius-mdm. `make` alone lists what there is.
#
# STATE, VENV, CHROOT and the ports can be set on the command line, so that two copies can run side by side:
#   make run STATE=/tmp/second RADIUS_PORT=21812
STATE ?= $(CURDIR)/.state
VENV ?= $(CURDIR)/.venv
CHROOT ?= $(STATE)/debian13
RADIUS_PORT ?= 11812
MDMD_PORT ?= 18650
MICROSOFT_PORT ?= 18443
CONTROL_PORT ?= 18480

PYTHON = $(VENV)/bin/python
LAB = $(VENV)/bin/mdm-lab
PORTS = --radius-port $(RADIUS_PORT) --mdmd-port $(MDMD_PORT) --microsoft-port $(MICROSOFT_PORT) --control-port $(CONTROL_PORT)
AS_ROOT = $(if $(filter 0,$(shell id -u)),,sudo --preserve-env)
export MDM_LAB_STATE = $(STATE)
# Nothing is written into the checkout but what STATE and VENV say.
export PYTHONPYCACHEPREFIX = $(STATE)/cache/python
export RUFF_CACHE_DIR = $(STATE)/cache/ruff
export MYPY_CACHE_DIR = $(STATE)/cache/mypy
export HYPOTHESIS_STORAGE_DIRECTORY = $(STATE)/cache/hypothesis
# The real authenticators of the tests, and what the nodes share.
TEST_PACKAGES = hostapd wpasupplicant redis-server \
	charon-systemd strongswan-swanctl libcharon-extra-plugins libstrongswan-standard-plugins
PYTEST = $(PYTHON) -m pytest -o cache_dir="$(STATE)/cache/pytest" $(PYTEST_ARGS)

.DEFAULT_GOAL := help
.PHONY: help setup run demo test test-debian13 test-docker docker-images docker-lab docker-down lock lint bench fleet clean

help: ## what there is
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

setup: ## Debian packages, virtual environment, copy of the packaged raddb
	@module/freeradius_mdm/lab/setup.sh "$(STATE)" "$(VENV)"

run: setup ## the lab in the foreground: simulated Microsoft, mdmd, FreeRADIUS, a cast of devices
	@$(LAB) run --state "$(STATE)/lab" $(PORTS)

demo: setup ## the same, compared with what is expected, then stopped; exit status 1 when a row differs
	@$(LAB) demo --state "$(STATE)/demo"

test: setup ## every test
	@module/freeradius_mdm/lab/setup.sh "$(STATE)" "$(VENV)" $(TEST_PACKAGES)
	@$(PYTEST)

test-debian13: setup ## the end-to-end tests against FreeRADIUS 3.2.7 in a Debian 13 chroot (root)
	@module/freeradius_mdm/lab/setup.sh "$(STATE)" "$(VENV)" $(TEST_PACKAGES) debootstrap
	@$(AS_ROOT) tests/debian13/make_chroot.sh "$(CHROOT)"
	@$(AS_ROOT) env MDM_TEST_CHROOT="$(CHROOT)" $(PYTEST) tests/radius tests/spikes

test-docker: setup ## the images and two nodes in containers, driven from outside; skipped where no engine can be had
	@MDM_TEST_DOCKER=1 $(PYTEST) tests/docker

docker-images: ## container images; CA_BUNDLE=, INDEX_URL=, APT_MIRROR= for a site of its own, see docker/build.sh
	@docker/engine.sh start >/dev/null
	@docker/base.sh
	@docker/build.sh

docker-lab: ## the lab of `make run` in containers: two nodes, Redis with Sentinels, simulated Microsoft
	@docker/engine.sh start >/dev/null
	@MDM_SITE="$(STATE)/docker" docker/lab.sh up

docker-down: ## remove all of that: containers, networks, volumes; with REMOVE_IMAGES=1 the images too
	@MDM_SITE="$(STATE)/docker" docker/lab.sh down
	@docker/engine.sh stop

lock: ## the lock files from pyproject.toml; UPGRADE=1 takes the newest versions that fit
	@lock/make.sh "$(STATE)/cache/uv" $(if $(UPGRADE),--upgrade)

lint: setup ## ruff and mypy --strict
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

bench: setup ## CPU time of radiusd per EAP-TLS handshake, with and without the module
	@$(LAB) bench --state "$(STATE)/bench"

fleet: setup ## 20,000 simulated sessions over a working day, on a compressed clock; exit status 1 when a promise is broken
	@$(LAB) fleet --state "$(STATE)/fleet"

clean: ## remove state and virtual environment
	@! grep -q " $(STATE)/" /proc/mounts || { echo "make: something is mounted below $(STATE): umount it first" >&2; exit 1; }
	@rm -rf "$(STATE)" "$(VENV)"
