#!/usr/bin/env bash
# How long the command line takes to start, to help, to list 20 containers and to complete a name, beside docker's.
#
#   cargo build --release && benches/cli.sh [RUNS]
#
# It needs Docker, busybox-static and hyperfine. 20 containers are made and removed here; everything listens on loopback.
set -euo pipefail
cd "$(dirname "$0")/.."
worpen=$PWD/target/release/worpen
runs=${1:-60}
folder=$(mktemp -d)
export WORPEN_CONFIG_DIR=$folder/config XDG_CACHE_HOME=$folder/cache

"$worpen" dev --headless --data "$folder/data" --listen 127.0.0.1:0 --name bench >"$folder/ready" 2>"$folder/log" &
server=$!
finish() {
    seq -f 'worpen-bench-%g' 20 | xargs docker rm -f >/dev/null 2>&1 || true
    docker rmi worpen-bench >/dev/null 2>&1 || true
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
tar -C /usr/bin -c busybox | docker import - worpen-bench >/dev/null
for at in $(seq 20); do
    docker run -d --network none --name "worpen-bench-$at" worpen-bench /busybox sleep 3000 >/dev/null
done
until [ "$("$worpen" containers ls -o name 2>/dev/null | wc -l)" -ge 20 ]; do sleep 0.2; done

time_of() {
    hyperfine -N -i --warmup 5 --runs "$runs" --export-json "$folder/time.json" "$*" >/dev/null 2>&1
    python3 - "$folder/time.json" "$*" <<'PYTHON'
import json, sys
result = json.load(open(sys.argv[1]))["results"][0]
median, low, high = (result[key] * 1e3 for key in ("median", "min", "max"))
print(f"{median:8.2f} ms  ({low:.2f} to {high:.2f})  {sys.argv[2].split('/')[-1]}")
PYTHON
}
time_of /bin/true
time_of docker --version
time_of "$worpen" --version
time_of docker --help
time_of "$worpen" --help
time_of docker ps
time_of "$worpen" containers ls
time_of docker ps --format json
time_of "$worpen" containers ls -o json
# A name, from the cache: the first call fills it.
complete=(env WORPEN_COMPLETE=bash _CLAP_IFS=, _CLAP_COMPLETE_INDEX=3 "$worpen" -- worpen containers stop bench/w)
"${complete[@]}" >/dev/null
time_of "${complete[@]}"
