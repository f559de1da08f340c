#!/usr/bin/env bash
# 1 GB of output from one command: memory of server, agent and client while it runs, whether what is kept is exact, and what it does to
# other commands: to the same node, and to another.
# benches/output.sh [BYTES] [KEPT]; 1000000000 and 1048576 unless told. Needs `cargo build --release`. About a minute.
. "$(dirname "$0")/site.sh"
bytes=${1:-1000000000} kept=${2:-1048576}
serve
join web-1
join web-2
all_linked 2
sleep 2

cat >"$WORK/probe.py" <<'P'
# Commands to a node, one after the other, until a file is there: count, p50 and p99 in milliseconds.
import http.client, json, os, sys, time
node, stop, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
host = os.environ["WORPEN_SERVER"].split("//")[1]
link, took = http.client.HTTPConnection(host), []
headers = {"authorization": "Bearer " + os.environ["WORPEN_TOKEN"], "content-type": "application/json"}
body = json.dumps({"verb": "exec", "args": {"argv": ["true"]}, "agent_targets": [node]})
end = time.monotonic() + seconds
while time.monotonic() < end and not os.path.exists(stop):
    begun = time.perf_counter()
    link.request("POST", "/api/v1/commands?wait=60", body, headers)
    answer = link.getresponse().read()
    took.append((time.perf_counter() - begun) * 1e3)
    assert json.loads(answer)["status"] == "succeeded", answer[:500]
    time.sleep(0.02)
took.sort()
at = lambda part: took[int((len(took) - 1) * part)]
print(len(took), round(at(0.5), 2), round(at(0.99), 2))
P
probe() { python3 "$WORK/probe.py" "$@"; }
sample() { # FILE PID...: the most that each has resident, MB
  local file=$1 pid
  shift
  while [ ! -e "$WORK/over" ]; do
    for pid in "$@"; do awk -v pid="$pid" '/VmRSS/ {print pid, $2 / 1024}' "/proc/$pid/status" 2>/dev/null || true; done
    sleep 0.1
  done >"$file"
}
rss() { awk '/VmRSS/ {print $2 / 1024}' "/proc/$1/status"; }

probe web-1 "$WORK/never" 3 >/dev/null
printf 'before, MB: server %.1f, agent %.1f\n' "$(rss "$SERVER")" "$(rss "${AGENTS[0]}")"
same_before=$(probe web-1 "$WORK/never" 8) other_before=$(probe web-2 "$WORK/never" 8)

# What is printed is not all the same, so that a hole or a repetition would show; it is made before, so that only passing it on takes
# the cores.
python3 - "$WORK/large" "$bytes" <<'P'
import sys
out, line, left = open(sys.argv[1], "wb"), 0, int(sys.argv[2])
while left:
    piece = b"".join(b"%015d\n" % n for n in range(line, line + 65536))[:left]
    out.write(piece)
    line, left = line + 65536, left - len(piece)
P
a=$(date +%s%N)
"$WORPEN" run --on web-1 --timeout 10m --output-bytes "$kept" -- cat "$WORK/large" >"$WORK/shown" 2>"$WORK/said" &
client=$!
sample "$WORK/memory" "$SERVER" "${AGENTS[0]}" "$client" &
sampler=$!
(probe web-1 "$WORK/over" 600 >"$WORK/same") &
same=$!
(probe web-2 "$WORK/over" 600 >"$WORK/other") &
other=$!
wait "$client" && status=0 || status=$?
b=$(date +%s%N)
touch "$WORK/over"
wait "$same" "$other" "$sampler"
awk -v ms=$(((b - a) / 1000000)) -v bytes="$bytes" -v status="$status" 'BEGIN {printf "%d bytes in %.1f s, %.0f MB/s, exit code %d\n", bytes, ms / 1e3, bytes / 1e3 / ms, status}'
for who in "server $SERVER" "agent ${AGENTS[0]}" "client $client"; do
  set -- $who
  awk -v who="$1" -v pid="$2" '$1 == pid && $2 > most {most = $2} END {printf "most while it ran, MB: %s %.1f\n", who, most}' "$WORK/memory"
done
id=$("$WORPEN" commands ls -o json --jq '[.[] | select(.args.argv[0] == "cat")][0].id' | tr -d '"')
curl -sf -H "Authorization: Bearer $WORPEN_TOKEN" "$WORPEN_SERVER/api/v1/commands/$id" >"$WORK/command"
curl -sf -H "Authorization: Bearer $WORPEN_TOKEN" -H 'accept: application/x-ndjson' "$WORPEN_SERVER/api/v1/commands/$id/output?follow=false" >"$WORK/kept"
python3 - "$WORK" "$bytes" "$kept" <<'P'
import base64, hashlib, json, sys
work, total, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def printed(first, last):
    text = b"".join(b"%015d\n" % n for n in range(first // 16, last // 16 + 1))
    return text[first % 16:][:last - first]
size = json.load(open(work + "/command"))["executions"][0]["output"]
pieces, gaps = [], 0
for line in open(work + "/kept"):
    item = json.loads(line)
    if item["type"] == "output":
        data = item["text"].encode() if "text" in item else base64.b64decode(item["base64"])
        if pieces and sum(pieces[-1][:1]) + len(pieces[-1][1]) == item["offset"]:
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + data)
        else:
            pieces.append((item["offset"], data))
    elif item["type"] == "gap":
        gaps += item["bytes"]
held = sum(len(data) for _, data in pieces)
for offset, data in pieces:
    want, have = hashlib.sha256(printed(offset, offset + len(data))), hashlib.sha256(data)
    print(f"kept {offset} to {offset + len(data)}: SHA-256 {have.hexdigest()[:16]} {'is' if have.digest() == want.digest() else 'IS NOT'} what was printed there")
print(f"counted {size['bytes']}, kept {size['kept']}, read back {held}, told as a gap {gaps}, printed {total}:", "exact" if size["bytes"] == total == held + gaps and size["kept"] == held else "NOT EXACT")
P
change() { # name before during
  awk -v name="$1" -v before="$2" -v during="$3" 'BEGIN {split(before, b, " "); split(during, d, " ");
    printf "commands to %s: p50 %.2f ms, during %.2f (%+.0f %%); p99 %.2f, during %.2f (%+.0f %%); %d and %d\n", name, b[2], d[2], (d[2] / b[2] - 1) * 100, b[3], d[3], (d[3] / b[3] - 1) * 100, b[1], d[1]}'
}
change "the same node" "$same_before" "$(cat "$WORK/same")"
change "another node" "$other_before" "$(cat "$WORK/other")"
