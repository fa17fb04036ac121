#!/usr/bin/env bash
# Prints the path of the Chromium for the browser tests: PARLOR_CHROMIUM, Playwright's own, or the system's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../end2end"
own=$(node -e 'console.log(require("playwright-core").chromium.executablePath())' 2>/dev/null || true)
for path in "${PARLOR_CHROMIUM:-}" "$own" "$(command -v chromium || true)" "$(command -v chromium-browser || true)" \
  "$(command -v google-chrome || true)"; do
  if [ -n "$path" ] && [ -x "$path" ]; then echo "$path"; exit 0; fi
done
exit 1
