# A server and its nodes for the benches here: `. "$(dirname "$0")/site.sh"`. Everything is under $WORK and is stopped by its pid
# when the script ends. WORPEN is the program to measure; target/release/worpen unless told.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
WORPEN=${WORPEN:-$HERE/../target/release/worpen}
[ -x "$WORPEN" ] || { echo "no program at $WORPEN; build it with: cargo build --release" >&2; exit 1; }
WORPEN=$(readlink -f "$WORPEN")
WORK=$(mktemp -d "${WORK_IN:-/var/tmp}/worpen-bench.XXXXXX")
PIDS=() AGENTS=()
clean() {
  local pid
  for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$WORK"
}
trap clean EXIT
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
wait_port() { local i; for i in $(seq 150); do (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0; sleep 0.1; done; echo "no answer on port $1" >&2; return 1; }
median() { sort -g | awk '{v[NR] = $1} END {if (NR % 2) print v[(NR + 1) / 2]; else printf "%.6g\n", (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }

# tree PID...: these processes and all that they started.
tree() { local pid; for pid in "$@"; do echo "$pid"; tree $(cat /proc/"$pid"/task/*/children 2>/dev/null || true); done; }
# cpu_ms PID...: milliseconds of CPU of these processes and of what they started and waited for.
cpu_ms() { local pid; [ $# = 0 ] && echo 0 && return; for pid in $(tree "$@"); do cat "/proc/$pid/stat" 2>/dev/null || true; done | sed "s/.*) //" | awk "{n += \$12 + \$13 + \$14 + \$15} END {print n * 10 + 0}"; }
# memory_mb PID...: "RSS PSS" of these processes and of what they started, MB.
memory_mb() { local pid; for pid in $(tree "$@"); do cat "/proc/$pid/smaps_rollup" 2>/dev/null || true; done | awk '/^Rss:/ {r += $2} /^Pss:/ {p += $2} END {printf "%.0f %.0f\n", r / 1024, p / 1024}'; }

# serve: starts a server in $SERVER, its address in $WORPEN_SERVER and the admin's token in $WORPEN_TOKEN.
serve() {
  local port password
  port=$(free_port)
  export WORPEN_SERVER=http://127.0.0.1:$port
  "$WORPEN" server --listen "127.0.0.1:$port" --data "$WORK/server" >"$WORK/server.out" 2>"$WORK/server.log" &
  SERVER=$!
  PIDS+=("$SERVER")
  # It says where it serves once it is ready.
  for _ in $(seq 100); do [ -s "$WORK/server.out" ] && break; sleep 0.1; done
  password=$(cat "$WORK/server/admin-password")
  WORPEN_TOKEN=$(curl -sf "$WORPEN_SERVER/api/v1/auth/login" -H 'content-type: application/json' \
    -d "{\"username\":\"admin\",\"password\":\"$password\"}" | python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])')
  export WORPEN_TOKEN
}
# join NAME: invites a node and starts its agent.
join() {
  "$WORPEN" agents invite "$1" -q >"$WORK/$1.token"
  WORPEN_TOKEN='' "$WORPEN" agent --server "$WORPEN_SERVER" --join - --data "$WORK/$1" <"$WORK/$1.token" >"$WORK/$1.out" 2>"$WORK/$1.log" &
  AGENTS+=("$!")
  PIDS+=("$!")
}
# all_linked COUNT: waits until so many agents are linked.
all_linked() { local i n=0; for i in $(seq 600); do n=$("$WORPEN" agents ls -o json --jq '[.[] | select(.status == "ONLINE")] | length' 2>/dev/null || echo 0); [ "$n" = "$1" ] && return 0; sleep 0.2; done; echo "only $n of $1 agents are linked" >&2; return 1; }
