#!/usr/bin/env bash
# A herd: simulated agents whose server is killed and starts again, and what a caller of the API notices meanwhile.
# benches/reconnect.sh [AGENTS]; 10000 unless told. MANAGED=1: over mutual TLS, each agent with a certificate of its own. Needs `cargo build --release` and python3. About five minutes: one address may join and link 200 times a second. The agents
# share the machine's cores with the server. Prints how long it took from the server's start until every agent was ONLINE, and
# the latencies of 50 calls a second, each counted from the moment at which it was due.
set -eu
cd "$(dirname "$0")/.."
agents=${1:-10000} ramp=${RAMP:-110}
bins=${BINS:-target/release}
worpen=$bins/worpen sim=$bins/worpen-sim
work=$(mktemp -d) server='' herd=''
trap 'for pid in $herd $server; do kill "$pid" 2>/dev/null || true; done; wait; rm -rf "$work"' EXIT
ulimit -n "$(ulimit -Hn)"
export WORPEN_CONFIG='' WORPEN_CONFIG_DIR=$work/config WORPEN_AGENT_MANAGEMENT_PORT=${AGENTS_PORT:-19090}
managed=''
[ -z "${MANAGED:-}" ] || managed="--managed https://127.0.0.1:$WORPEN_AGENT_MANAGEMENT_PORT"

serve() {
  "$worpen" server --listen "${listen:-127.0.0.1:0}" --data "$work/data" >"$work/ready" 2>>"$work/log" &
  server=$!
  until [ -s "$work/ready" ]; do kill -0 $server; sleep 0.02; done
  listen=$(sed 's/.*"server":"http:\/\/\([^"]*\)".*/\1/' "$work/ready")
}

serve
export WORPEN_SERVER=http://$listen
WORPEN_TOKEN=$(python3 - "$listen" "$work/data/admin-password" <<'P'
import json, sys, urllib.request
body = json.dumps({"username": "admin", "password": open(sys.argv[2]).read().strip()}).encode()
def call(path, body, token=None):
    headers = {"Content-Type": "application/json"}
    if token: headers["Authorization"] = "Bearer " + token
    return json.load(urllib.request.urlopen(urllib.request.Request(f"http://{sys.argv[1]}{path}", body, headers)))
token = call("/api/v1/auth/login", body)["token"]
print(call("/api/v1/auth/keys", b'{"name": "bench"}', token)["secret"])
P
)
export WORPEN_TOKEN

"$sim" --agents "$agents" $managed --containers-per-agent 1 --ramp "$ramp" --duration 400 >"$work/sim" 2>&1 &
herd=$!
cat >"$work/probe.py" <<'P'
import http.client, json, os, queue, sys, threading, time
listen, wanted, rate, seconds, what = sys.argv[1], int(sys.argv[2]), 50.0, float(sys.argv[3]), sys.argv[4]
host, port = listen.rsplit(":", 1)
# Whoever watches does not share the herd's address.
def connect(**more): return http.client.HTTPConnection(host, int(port), source_address=("127.0.0.2", 0), **more)
head = {"Authorization": "Bearer " + os.environ["WORPEN_TOKEN"], "Content-Type": "application/json"}
def call(connection, method, path, body=None):
    # A connection that idled may have made room for others: it is opened again, once, and that counts too.
    for last in (False, True):
        try:
            connection.request(method, path, body, head)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError):
            connection.close()
            if last: raise
def online(connection):
    status, body = call(connection, "GET", "/api/v1/statistics/agents")
    return json.loads(body)["linked"]
if what == "wait":
    connection, begun = connect(), time.time()
    while online(connection) < wanted:
        if time.time() - begun > seconds: sys.exit(f"only {online(connection)} of {wanted} agents linked in {seconds:.0f} s")
        time.sleep(0.5)
    sys.exit()
calls = [("GET", "/api/v1/agents?limit=50"), ("GET", "/api/v1/status"), ("GET", "/api/v1/events/history?limit=20"),
         ("GET", "/api/v1/agents?where=status%20%3D%3D%20%22ONLINE%22&limit=20")]

begun, due, took, failed, all_at = time.time(), queue.Queue(), [], [], None
def work():
    connection = connect(timeout=30)
    while (item := due.get()) is not None:
        at, (method, path) = item
        try:
            status, _ = call(connection, method, path)
            if status >= 400: failed.append(status)
        except Exception as error:
            failed.append(str(error)); connection.close()
        took.append(time.time() - at)
threads = [threading.Thread(target=work) for _ in range(32)]
for thread in threads: thread.start()
watcher = connect()
n = 0
while time.time() - begun < seconds:
    at = begun + n / rate
    if (wait := at - time.time()) > 0: time.sleep(wait)
    due.put((at, calls[n % len(calls)])); n += 1
    if n % 25 == 0:
        count = online(watcher)
        if count >= wanted and all_at is None: all_at = time.time() - begun; seconds = all_at + 2
for _ in threads: due.put(None)
for thread in threads: thread.join()
took.sort()
rank = lambda q: took[min(len(took) - 1, int(q * len(took)))] * 1e3
name = {"rest": "at rest", "herd": "while they return"}[what]
back = f"all {wanted} ONLINE after {all_at:.1f} s; " if what == "herd" and all_at else ("" if what == "rest" else f"only {online(watcher)} of {wanted} came back; ")
print(f"{name}: {back}{len(took)} calls, {len(failed)} failed {failed[:2] or ''}: p50 {rank(.5):.1f} ms, p99 {rank(.99):.1f} ms, at most {took[-1]*1e3:.1f} ms")
P
python3 "$work/probe.py" "$listen" "$agents" 300 wait
sleep 3
python3 "$work/probe.py" "$listen" $((agents + 1)) 10 rest
kill -9 $server; wait $server 2>/dev/null || true
: >"$work/ready"
serve
python3 "$work/probe.py" "$listen" "$agents" 90 herd
awk '/VmHWM/ {printf "the server took at most %.0f MB\n", $2 / 1024}' "/proc/$server/status"
kill "$herd" && wait "$herd" || true
herd=''
grep -E '^(links|errors|welcome)' "$work/sim" || tail -3 "$work/sim"
grep -cE ' (WARN|ERROR) ' "$work/log" | sed 's/^/warnings and errors in the log: /'
