# Two commands: `make run` and `make test`. Both install missing tools first; see scripts/setup.sh.

SHELL := /bin/bash
export PATH := $(CURDIR)/end2end/node_modules/.bin:$(HOME)/.cargo/bin:$(PATH)

BINARY := target/release/parlor
# Sources of the release build. If none is newer than the last build, nothing is built.
SOURCES := Cargo.toml Cargo.lock \
	$(shell find protocol/src app frontend/src server/src server/migrations style -type f 2>/dev/null) \
	protocol/Cargo.toml frontend/Cargo.toml server/Cargo.toml server/build.rs

# A development build replaces the site by an uncompressed one; the release build then has to run again.
SITE := $(wildcard target/site/pkg/*.wasm.br)

# Time of the last release build. A newer binary was made by something else (cargo test --release), with an older site.
STAMP := target/release/.parlor-built
OTHERS := $(shell [ $(BINARY) -ot $(STAMP) ] || echo FORCE)

.PHONY: run build setup test figures figures-browser figures-long compare faults clean FORCE

## Build in release mode and serve on http://127.0.0.1:3000 with the data in ./data
run: build
	@exec $(BINARY)

build: $(STAMP)

$(STAMP): $(SOURCES) $(if $(SITE),,FORCE) $(OTHERS)
	@scripts/setup.sh build
	@echo "[build] release build of client and server: about 10 minutes the first time on two cores"
	@cargo leptos build --release --precompress --split --lib-features hydrate --lib-features split
	@touch $@

## Install the missing tools for building and testing
setup:
	@scripts/setup.sh test

## Run all checks: format, lints, Rust tests, release build, wasm size, browser tests
test:
	@scripts/test.sh

## Measure start, memory, latency and recovery; prints the table of docs/performance.md; about 3 minutes
figures: build
	@cargo run --quiet --release -p parlor-bench --bin figures -- --bin $(BINARY)

## Measure the page in a browser on a slow CPU and network; prints its table of docs/performance.md; about 5 minutes
figures-browser: build
	@scripts/setup.sh test
	@cd end2end && PARLOR_BIN=$(CURDIR)/$(BINARY) npx playwright test --config figures/playwright.config.ts

## Inject faults into a server under load, and check that no message is lost or duplicated; 10 minutes, or MINUTES=n
MINUTES ?= 10
faults: build
	@cargo run --quiet --release -p parlor-faults -- run --bin $(BINARY) --scenario each,each-of-nodes --minutes $(MINUTES)

## Like figures, with 50 kills and longer phases with 100 of 1,000 clients that do not read; about 15 minutes
figures-long: build
	@cargo run --quiet --release -p parlor-bench --bin figures -- --bin $(BINARY) --long

## Compare with other servers and write bench/RESULTS.md; 5 rounds, about 45 minutes on an idle machine
COMPARE ?=
compare: build
	@bench/peers/setup.sh
	@cargo build --quiet --release -p parlor-bench -p parlor-peers
	@target/release/compare --bin $(BINARY) $(COMPARE)

clean:
	cargo clean
	rm -rf end2end/node_modules end2end/test-results end2end/playwright-report
