#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own, which is stopped and removed afterwards:
#
#   scripts/with-postgres.sh cargo test -p parlor --test server store_contract
#
# The command finds its address in PARLOR_TEST_POSTGRES. POSTGRES_BIN names the folder of initdb and postgres where they are
# neither in Debian's folders nor in PATH. fsync stays on: tests see the server that administrators have.
set -euo pipefail

die() { printf 'with-postgres: %s\n' "$*" >&2; exit 1; }
[ $# -gt 0 ] || die "give a command to run"

# The newest of Debian's, or the one in PATH.
bin=${POSTGRES_BIN:-$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5 -rn | head -1)}
[ -x "$bin/initdb" ] || bin=$(dirname "$(command -v initdb)" 2>/dev/null) || true
[ -x "$bin/initdb" ] || die "PostgreSQL is missing; scripts/setup.sh test installs it"

# initdb and postgres refuse to run as root.
as_postgres=()
if [ "$(id -u)" = 0 ]; then
  id postgres >/dev/null 2>&1 || die "as root, a user named postgres is needed to run PostgreSQL"
  as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups)
fi

folder=$(mktemp -d)
server=
stop() {
  trap - EXIT
  if [ -n "$server" ]; then
    # A fast shutdown. What it was asked to run is over, and so are its connections.
    kill -INT "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mkdir "$folder/data"
[ ${#as_postgres[@]} = 0 ] || chown -R postgres "$folder"
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
(umask 077 && printf '%s' "$password" >"$folder/password")
[ ${#as_postgres[@]} = 0 ] || chown postgres "$folder/password"
# The collation of an administrator's database is rarely C, so that of the tests is not.
(cd "$folder" && "${as_postgres[@]}" "$bin/initdb" --pgdata="$folder/data" --username=parlor --auth=scram-sha-256 \
  --pwfile="$folder/password" --encoding=UTF8 --locale=C.UTF-8 --no-instructions >"$folder/log" 2>&1) ||
  { cat "$folder/log" >&2; die "initdb failed"; }

# A port that is free now may be taken a moment later.
for _ in 1 2 3 4 5; do
  port=$((20000 + RANDOM % 20000))
  # In its own process group: a signal to this script's must not end it before the command has ended.
  (cd "$folder" && exec setsid "${as_postgres[@]}" "$bin/postgres" -D "$folder/data" -c listen_addresses=127.0.0.1 -c "port=$port" \
    -c unix_socket_directories= -c max_connections=200) >"$folder/log" 2>&1 &
  server=$!
  for _ in $(seq 200); do
    kill -0 "$server" 2>/dev/null || break
    if grep -q "ready to accept connections" "$folder/log"; then break 2; fi
    sleep 0.05
  done
  kill -INT "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
done
[ -n "$server" ] || { cat "$folder/log" >&2; die "PostgreSQL did not start"; }

# The command runs in the background, so that a signal reaches this script at once.
PARLOR_TEST_POSTGRES="postgres://parlor:$password@127.0.0.1:$port/postgres" "$@" <&0 &
command=$!
trap 'kill -INT "$command" 2>/dev/null; wait "$command"; exit 130' INT
trap 'kill -TERM "$command" 2>/dev/null; wait "$command"; exit 143' TERM HUP
status=0
wait "$command" || status=$?
exit "$status"
