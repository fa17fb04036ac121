# Two commands: `make run` and `make test`. Both set up what is missing first; see scripts/setup.sh.

SHELL := /bin/bash
export PATH := $(CURDIR)/scripts/wasm:$(CURDIR)/end2end/node_modules/.bin:$(HOME)/.cargo/bin:$(PATH)

BINARY := target/release/parlor
# Everything that the release build is made of. When none of it is newer than the binary, there is nothing to do.
SOURCES := Cargo.toml Cargo.lock \
	$(shell find protocol/src app frontend/src server/src server/migrations style -type f 2>/dev/null) \
	protocol/Cargo.toml frontend/Cargo.toml server/Cargo.toml server/build.rs scripts/wasm/wasm-opt

# A development build leaves another site behind; the release build then has to be made again.
SITE := $(wildcard target/site/pkg/*.wasm.br)

# When this build was made. A binary that is newer was made by something else (cargo test --release), around an older site.
STAMP := target/release/.parlor-built
OTHERS := $(shell [ $(BINARY) -ot $(STAMP) ] || echo FORCE)

.PHONY: run build setup test figures figures-browser figures-long compare faults clean FORCE

## Build in release mode and serve on http://127.0.0.1:3000, with the data in ./data
run: build
	@exec $(BINARY)

build: $(STAMP)

$(STAMP): $(SOURCES) $(if $(SITE),,FORCE) $(OTHERS)
	@scripts/setup.sh build
	@echo "[build] release build of client and server: about 10 minutes from nothing on two cores, less after changes"
	@cargo leptos build --release --precompress
	@touch $@

## Install what is missing, without building
setup:
	@scripts/setup.sh test

## Everything: format, lints, Rust tests, wasm size, browser journeys
test:
	@scripts/test.sh

## Measure start, memory, latency, and how it stands harm; prints the table of the README; about 3 minutes
figures: build
	@cargo run --quiet --release -p parlor-bench --bin figures -- --bin $(BINARY)

## Measure the page in a browser on a slow machine and network; prints the table of the README; about 5 minutes
figures-browser: build
	@scripts/setup.sh test
	@cd end2end && PARLOR_BIN=$(CURDIR)/$(BINARY) npx playwright test --config figures/playwright.config.ts

## Do harm to a server under load, and check that nothing is lost or doubled: new seeds for 10 minutes (MINUTES=n for more)
MINUTES ?= 10
faults: build
	@cargo run --quiet --release -p parlor-faults -- run --bin $(BINARY) --scenario each --minutes $(MINUTES)

## The same as figures with 50 kills, and 100 of 1,000 people who stop reading for minutes: about 15 minutes
figures-long: build
	@cargo run --quiet --release -p parlor-bench --bin figures -- --bin $(BINARY) --long

## Measure the server beside others, 5 rounds of everything, and write bench/RESULTS.md: about 45 minutes on a quiet machine
COMPARE ?=
compare: build
	@bench/peers/setup.sh
	@cargo build --quiet --release -p parlor-bench -p parlor-peers
	@target/release/compare --bin $(BINARY) $(COMPARE)

clean:
	cargo clean
	rm -rf end2end/node_modules end2end/test-results end2end/playwright-report
