# SPDX-License-Identifier: MIT
# A thin layer over the CMake presets. `make help` lists the targets; each brings its own prerequisites.
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 30
configure = cmake --preset $(1) --log-level=WARNING $(2)
compile = cmake --build --preset $(1) --parallel $(JOBS)

.PHONY: help
help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

.PHONY: deps
deps: ## install every Debian package that is missing (cmake/packages.txt)
	@cmake/deps.sh build test windows lint bench

.PHONY: build
build: ## what ships: out/bin/wdscope and out/drivers/*.sys
	@cmake/deps.sh build
	@$(call configure,release)
	@$(call compile,release)

VERSION = $$(sed -nE 's/^CMAKE_PROJECT_VERSION:STATIC=(.*)/\1/p' out/windows/CMakeCache.txt)
.PHONY: windows
windows: ## wdscope.exe and the drivers for Windows, test-signed: a folder and a zip in out/windows/package
	@cmake/deps.sh build windows
	@$(call configure,release)
	@$(call compile,release) --target drivers
	@$(call configure,windows)
	@$(call compile,windows) --target wdscope
	@cmake/windows/package.sh out/windows out/drivers "$(VERSION)"
	@/usr/bin/python3 -B tests/inspect/inspect_package.py "$(VERSION)" tests/inspect/imports.txt \
	  "out/windows/package/wdscope-$(VERSION)-x64"
	@/usr/bin/python3 -B tests/inspect/inspect_package_test.py "$(VERSION)" "out/windows/package/wdscope-$(VERSION)-x64"

# Of the user rooms that Windows has.
WINE_UNIT_TESTS = event_test calibrate_room_test capture_test lab_test sink_test cli_test
.PHONY: wine
wine: windows ## the package's story under Wine: install, start, watch, stop, uninstall
	@$(call compile,windows) --target wine_feed wine_circumstance $(WINE_UNIT_TESTS)
	@if cmake/deps.sh wine; then \
	  WDSCOPE_PACKAGE="$$(echo out/windows/package/wdscope-*-x64)" WDSCOPE_FEED=out/windows/bin/wine_feed.exe WDSCOPE_CIRCUMSTANCE=out/windows/bin/wine_circumstance.exe \
	  WDSCOPE_HELPER=out/drivers/wdwine.sys WDSCOPE_KERNEL_TESTS="out/drivers/wdscope_test.sys out/drivers/wdnotifier_test.sys" \
	  WDSCOPE_UNIT_TESTS=out/windows/bin timeout 600 /usr/bin/python3 -B tests/wine/wine_test.py; \
	else echo "skipped: the story under Wine, as the packages wine and wine64 cannot be installed here"; fi

.PHONY: watch
watch: build ## live process notifications of this machine (10 seconds when there is no terminal)
	@cmake/watch.sh out/bin/wdscope

.PHONY: test
test: build ## every test as shipped, host and drivers again under ASan, UBSan and TSan, each fuzzer for a moment, Wine
	@cmake/deps.sh build test
	@ctest --preset release --parallel $(JOBS)
	@$(MAKE) sanitised PRESET=asan SANITISED="$(KERNEL_TESTS)"
	@$(MAKE) sanitised PRESET=tsan SANITISED="$(KERNEL_TESTS)"
	@$(MAKE) --jobs=2 --output-sync=target FUZZ_SECONDS=2 fuzz wine

# What sanitisers have something to say about: everything but the program's own stories, which run it as shipped. The
# parsers of the user rooms are under ASan in their fuzzers too, so that `make test` can leave these rooms out.
KERNEL_TESTS = host_test observer_test observer_fuzz_test notifier_test
SANITISED ?= $(KERNEL_TESTS) lab_stories capture_test event_test sink_test lab_test
PRESET ?= tsan
.PHONY: sanitised
sanitised: ## every room with sanitisers in host and drivers: PRESET=asan or tsan (tsan)
	@cmake/deps.sh build test
	@$(call configure,$(PRESET))
	@$(call compile,$(PRESET),) --target $(SANITISED)
	@ctest --preset $(PRESET) --parallel $(JOBS) --tests-regex '^($(subst $(eval) ,|,$(strip $(SANITISED))))$$'

.PHONY: fuzz
fuzz: ## run each fuzzer for FUZZ_SECONDS (30), from its seeds
	@cmake/deps.sh build test
	@$(call configure,fuzz)
	@$(call compile,fuzz)
	@fuzz/run_short.sh out/asan/bin $(FUZZ_SECONDS)

.PHONY: bench
bench: ## measure the promised paths beside their baselines
	@cmake/deps.sh build bench
	@$(call configure,release,-DWDSCOPE_BENCH=ON)
	@$(call compile,release)
	@bench/run.sh out/bin

.PHONY: format
format: ## format every C++ file
	@cmake/deps.sh lint
	@cmake/lint.sh --fix-format

.PHONY: lint
lint: build ## formatting and static analysis
	@cmake/deps.sh build lint
	@cmake/lint.sh

.PHONY: clean
clean: ## remove out/
	@rm -rf out
