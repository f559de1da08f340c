#!/usr/bin/env bash
# Commands per second and how long one takes, beside NATS request/reply (nothing is kept) and JetStream (kept, not synced for each
# message) in the same run, and the ratios. About 4 minutes.
# benches/commands.sh [DIRECTORY]: on the disk that is to be measured. Needs nats-server, and NATS_RR: the client of the peers' suite
# (`cargo build --release --bin nats_rr` in its folder `rust`).
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d "${1:-/var/tmp}/worpen-bench.XXXXXX")
nats= responder=
trap 'for pid in $responder $nats; do kill "$pid" 2>/dev/null && wait "$pid" || true; done; rm -rf "$work"' EXIT
${CARGO:-cargo} bench -q --bench commands -- "$work" | tee "$work/worpen"

command -v nats-server >/dev/null && [ -x "${NATS_RR:-}" ] || { echo "no NATS beside it: needs nats-server and NATS_RR" >&2; exit 0; }
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
nats-server -a 127.0.0.1 -p "$port" -js -sd "$work/js" >"$work/nats.log" 2>&1 &
nats=$!
sleep 1
"$NATS_RR" --mode responder --url "nats://127.0.0.1:$port" >"$work/responder.log" 2>&1 &
responder=$!
sleep 1
peer() { # name mode in-flight count
  "$NATS_RR" --mode "$2" --url "nats://127.0.0.1:$port" --c "$3" --n "$4" | tail -1 |
    python3 -c 'import json, sys; d = json.load(sys.stdin); print("%-44s %10.0f %8.3f %8.3f" % (sys.argv[1], d["msgs_per_s"], d["p50_us"] / 1e3, d["p99_us"] / 1e3))' "$1"
}
{
  peer "NATS request/reply, 1 in flight" rtt 1 10000
  peer "NATS request/reply, 64 in flight" rtt 64 100000
  peer "JetStream file, publish, 1 in flight" js 1 10000
  peer "JetStream file, publish, 64 in flight" js 64 100000
} | tee "$work/peers"
python3 - "$work/worpen" "$work/peers" <<'P'
import re, sys
def rows(path):
    found = {}
    for line in open(path):
        match = re.match(r"(\S.{43}) +(\d+) +([\d.]+) +([\d.]+)", line)
        if match:
            found[match[1].strip()] = tuple(map(float, match.groups()[1:]))
    return found
ours, theirs = rows(sys.argv[1]), rows(sys.argv[2])
idle, loaded = ours["idle: one command in flight"], ours["64 callers, one target each"]
print()
for peer, row in theirs.items():
    mine, what = (idle, "idle") if "1 in flight" in peer else (loaded, "64 callers")
    print(f"worpen ({what}) over {peer}: rate {mine[0] / row[0]:.3f}, p50 {mine[1] / row[1]:.1f}, p99 {mine[2] / row[2]:.1f}")
P
