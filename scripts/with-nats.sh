#!/usr/bin/env bash
# Runs a command with a NATS server of its own, which is stopped and removed afterwards:
#
#   scripts/with-postgres.sh scripts/with-nats.sh cargo test -p parlor --test server
#
# The command finds its address in PARLOR_TEST_NATS. NATS_SERVER names the program where it is neither in PATH nor in /usr/sbin.
set -euo pipefail

die() { printf 'with-nats: %s\n' "$*" >&2; exit 1; }
[ $# -gt 0 ] || die "give a command to run"

# Debian's is in /usr/sbin, which is not in everyone's PATH.
program=${NATS_SERVER:-$(PATH="$PATH:/usr/sbin" command -v nats-server)} || true
[ -x "$program" ] || die "nats-server is missing; scripts/setup.sh test installs it"

folder=$(mktemp -d)
server=
stop() {
  trap - EXIT
  if [ -n "$server" ]; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# In a file, because everyone on the machine can read the arguments of a process. Port -1: one that is free, which the server
# writes into a file in `ports_file_dir` when it accepts connections.
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
(umask 077 && cat >"$folder/nats.conf" <<CONF
listen: "127.0.0.1:-1"
ports_file_dir: "$folder"
authorization { user: parlor, password: "$password" }
CONF
)
# In its own process group: a signal to this script's must not end it before the command has ended.
setsid "$program" --config "$folder/nats.conf" >"$folder/log" 2>&1 &
server=$!
port=
for _ in $(seq 200); do
  kill -0 "$server" 2>/dev/null || break
  port=$(sed -n 's|.*nats://127\.0\.0\.1:\([0-9]*\).*|\1|p' "$folder"/*.ports 2>/dev/null | head -1) || true
  [ -z "$port" ] || break
  sleep 0.05
done
[ -n "$port" ] || { cat "$folder/log" >&2; die "NATS did not start"; }

# The command runs in the background, so that a signal reaches this script at once.
PARLOR_TEST_NATS="nats://parlor:$password@127.0.0.1:$port" "$@" <&0 &
command=$!
trap 'kill -INT "$command" 2>/dev/null; wait "$command"; exit 130' INT
trap 'kill -TERM "$command" 2>/dev/null; wait "$command"; exit 143' TERM HUP
status=0
wait "$command" || status=$?
exit "$status"
