#!/usr/bin/env bash
# Runs every suite and ends with the line `N passed, N failed` over all of them.
#
#   scripts/test.sh            all
#   scripts/test.sh lint rust  only these: lint, rust, build, size, bench, browser
#
# A step (format, a lint, the build, the size budget) counts as one; a test runner's tests count one by one.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/end2end/node_modules/.bin:$HOME/.cargo/bin:$PATH"

WASM_BUDGET=199800 # bytes after brotli
WASM_TARGET=wasm32-unknown-unknown

passed=0 failed=0 failures=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT

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

# Adds up the `test result:` lines of cargo test. A build that fails has none and counts as one failure.
rust_tests() {
  note "Rust tests"
  cargo test --workspace --no-fail-fast 2>&1 | tee "$log"
  local status=${PIPESTATUS[0]} ok bad
  ok=$(sed -n 's/^test result: .* \([0-9]*\) passed; .*/\1/p' "$log" | awk "{n+=\$1} END{print n+0}")
  bad=$(sed -n 's/^test result: .* \([0-9]*\) failed; .*/\1/p' "$log" | awk "{n+=\$1} END{print n+0}")
  count "${ok:-0}" "${bad:-0}" "Rust tests"
  if [ "$status" != 0 ] && [ "${bad:-0}" = 0 ]; then count 0 1 "Rust tests (build or runner)"; fi
}

# Playwright's JSON has the numbers; its list goes to the screen meanwhile.
browser_tests() {
  note "Browser journeys"
  local report
  report=$(mktemp)
  (cd end2end && PLAYWRIGHT_JSON_OUTPUT_NAME="$report" npx playwright test --reporter=list,json)
  local status=$? ok bad
  local read='const r = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));'
  ok=$(node -p "$read r.stats.expected + r.stats.flaky" "$report" 2>/dev/null || echo 0)
  bad=$(node -p "$read r.stats.unexpected + r.errors.length" "$report" 2>/dev/null || echo 0)
  rm -f "$report"
  count "$ok" "$bad" "Browser journeys"
  if [ "$status" != 0 ] && [ "$bad" = 0 ]; then count 0 1 "Browser journeys (runner)"; fi
}

size_budget() {
  local file size
  file=$(ls target/site/pkg/*.wasm.br 2>/dev/null | head -1)
  [ -n "$file" ] || { echo "no compressed wasm in target/site/pkg"; return 1; }
  size=$(wc -c <"$file")
  echo "wasm after brotli: $size bytes of $WASM_BUDGET"
  [ "$size" -le "$WASM_BUDGET" ]
}

# The server beside a bare one: fails only when a delivery costs several times what it should.
beside_others() {
  cargo build --quiet --release -p parlor-bench -p parlor-peers && target/release/compare --smoke
}

lints() {
  step "Format" cargo fmt --all --check
  step "Clippy, server" cargo clippy --quiet --workspace --all-targets -- -D warnings
  step "Clippy, browser (hydrate)" cargo clippy --quiet -p parlor-frontend --lib --features hydrate --target "$WASM_TARGET" -- -D warnings
  step "Clippy, browser (csr)" cargo clippy --quiet -p parlor-frontend --features csr --target "$WASM_TARGET" -- -D warnings
}

wanted=("$@")
want() { [ ${#wanted[@]} = 0 ] || [[ " ${wanted[*]} " == *" $1 "* ]]; }

scripts/setup.sh test || { echo "0 passed, 1 failed"; exit 1; }
if want lint; then lints; fi
if want rust; then rust_tests; fi
# Where nothing is built a second time, what only these tests needed makes room for the release build.
[ -z "${CI:-}" ] || rm -rf target/debug
if want build; then step "Release build" make --no-print-directory build; fi
if want size; then step "wasm size budget" size_budget; fi
if want bench; then step "Cost of a delivery beside a bare server" beside_others; fi
if want browser; then browser_tests; fi

printf '\n'
for failure in "${failures[@]+"${failures[@]}"}"; do echo "FAILED $failure"; done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
