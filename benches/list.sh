#!/usr/bin/env bash
# The list of agents under load, beside nginx serving the same bytes: CPU time of the server for each request.
# benches/list.sh URL TOKEN PID [SECONDS] [RUNS] [ITEMS]: a server (pinned to core 0: `taskset -c 0 worpen server ...`), a caller's key
# and the server's process id. Needs nginx, wrk, curl. Load comes from core 1.
set -euo pipefail
url=$1/api/v1/agents?limit=${6:-1000} token=$2 pid=$3 seconds=${4:-4} runs=${5:-5}
work=$(mktemp -d)
nginx_pid=
trap '[ -n "$nginx_pid" ] && kill "$nginx_pid"; rm -rf "$work"' EXIT
mkdir "$work/www"
chmod 755 "$work" "$work/www"
curl -sf -H "Authorization: Bearer $token" "$url" >"$work/www/list.json"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$work/nginx.conf" <<C
daemon off; worker_processes 1; pid $work/nginx.pid; error_log $work/error.log;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=100 inactive=60s;
  types { application/json json; }
  server { listen 127.0.0.1:$port; root $work/www; }
}
C
taskset -c 0 nginx -c "$work/nginx.conf" -p "$work" 2>/dev/null &
nginx_pid=$!
until curl -sf "http://127.0.0.1:$port/list.json" >/dev/null; do sleep 0.1; done
worker=$(awk '{print $1}' /proc/$nginx_pid/task/$nginx_pid/children)
echo "bytes $(stat -c %s "$work/www/list.json")"

cpu_ns() { cat /proc/"$1"/task/*/schedstat | awk '{n += $1} END {printf "%.0f\n", n}'; }
one() { # name url pid connections
  local before after out
  taskset -c 1 wrk -t1 -c"$4" -d1 -H "Authorization: Bearer $token" "$2" >/dev/null
  for _ in $(seq "$runs"); do
    before=$(cpu_ns "$3")
    out=$(taskset -c 1 wrk -t1 -c"$4" -d"$seconds" --latency -H "Authorization: Bearer $token" "$2")
    after=$(cpu_ns "$3")
    awk -v name="$1" -v c="$4" -v ns=$((after - before)) '
      /requests in/ {n = $1} /Requests\/sec/ {rate = $2} $1 == "50%" {p50 = $2} $1 == "99%" {p99 = $2} /Non-2xx/ {bad = $NF}
      END {printf "%-8s c=%-3s %9.0f req/s  p50 %8s  p99 %8s  server %6.1f us/request  refused %d\n", name, c, rate, p50, p99, ns / 1e3 / n, bad}' <<<"$out"
  done
}
for connections in 2 32; do
  one nginx "http://127.0.0.1:$port/list.json" "$worker" "$connections"
  one worpen "$url" "$pid" "$connections"
done
