#!/usr/bin/env bash
# Installs what the peers need that are not written in Rust, and is not there yet. Safe to run again. Builds nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

say() { printf '\033[1m[setup]\033[0m %s\n' "$*"; }
die() { printf '[setup] %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif have sudo; then sudo "$@"; else die "root is needed for: $*"; fi
}

have npm || die "Node.js 20 or newer with npm is missing: https://nodejs.org"
if [ ! -e node/node_modules/.package-lock.json ] || [ node/package-lock.json -nt node/node_modules/.package-lock.json ]; then
  say "installing the npm packages of bench/peers/node (5 s)"
  (cd node && npm ci --no-fund --no-audit --loglevel=error)
  touch node/node_modules/.package-lock.json
fi

if ! have nats-server; then
  have apt-get || die "nats-server is missing: https://nats.io/download"
  say "installing nats-server (20 s)"
  as_root apt-get update -qq
  DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq --no-install-recommends nats-server >/dev/null
  # Only the program is wanted, not the service that the package starts.
  [ ! -d /run/systemd/system ] || as_root systemctl disable --quiet --now nats-server
  have nats-server || die "nats-server was installed but is not in PATH."
fi
