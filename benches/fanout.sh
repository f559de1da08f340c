#!/usr/bin/env bash
# One command to every node of this machine: worpen beside Ansible and Salt, in one run; wall time, CPU of everybody who takes
# part (client, server, agents), memory at rest.
# benches/fanout.sh [NODES] [RUNS]; 50 and 10 unless told. Needs `cargo build --release`. Ansible and Salt take part where they are installed
# (SALT: the folder of a virtual environment with salt; MINIONS: how many, 10 unless told). About a minute for worpen, 2 for Ansible,
# 3 for ten minions of Salt.
. "$(dirname "$0")/site.sh"
nodes=${1:-50} runs=${2:-10} minions=${MINIONS:-10} salt=${SALT:-}

# row NAME EXPECTED PIDS -- COMMAND...: RUNS times; an answer is a line that $LIKE matches.
row() {
  local name=$1 expected=$2 pids=$3 a b c d n
  shift 4
  : >"$WORK/wall" && : >"$WORK/cpu"
  for _ in $(seq "$runs"); do
    c=$(cpu_ms $pids)
    a=${EPOCHREALTIME/./}
    { time "$@" >"$WORK/answers" 2>"$WORK/errors" || true; } 2>"$WORK/client"
    b=${EPOCHREALTIME/./}
    # Who only heard of the end is not at rest yet.
    sleep 0.3
    d=$(cpu_ms $pids)
    n=$(grep -cE "$LIKE" "$WORK/answers" || true)
    [ "$n" = "$expected" ] || { echo "$name: $n answers, expected $expected" >&2; head -5 "$WORK/answers" "$WORK/errors" >&2; return 1; }
    awk -v n=$((b - a)) 'BEGIN {print n / 1e3}' >>"$WORK/wall"
    awk -v ms=$((d - c)) '{print ms + ($1 + $2) * 1e3}' "$WORK/client" >>"$WORK/cpu"
  done
  awk -v name="$name" -v nodes="$expected" -v wall="$(median <"$WORK/wall")" -v least="$(sort -g "$WORK/wall" | head -1)" \
    -v most="$(sort -g "$WORK/wall" | tail -1)" -v cpu="$(median <"$WORK/cpu")" -v memory="$(memory_mb $pids)" \
    'BEGIN {split(memory, m, " "); printf "%-44s %5d nodes  %8.1f ms (%.1f to %.1f)  %7.0f ms CPU  RSS %5d MB  PSS %5d MB\n", name, nodes, wall, least, most, cpu, m[1], m[2]}'
}
TIMEFORMAT='%U %S'

# The floor: what starting so many programs costs here, without anybody who asked for it.
LIKE='Linux'
row "a shell that starts uname -a so often" "$nodes" "" -- bash -c "for i in \$(seq $nodes); do uname -a; done"

serve
for node in $(seq "$nodes"); do join "node-$node"; done
all_linked "$nodes"
sleep 3
row "worpen run --all -- uname -a" "$nodes" "$SERVER ${AGENTS[*]}" -- "$WORPEN" run --all -- uname -a
row "worpen run --on node-1 -- uname -a" 1 "$SERVER ${AGENTS[*]}" -- "$WORPEN" run --on node-1 -- uname -a
row "worpen run --all --fold -- uname -s" 1 "$SERVER ${AGENTS[*]}" -- "$WORPEN" run --all --fold -- uname -s
for pid in "${AGENTS[@]}" "$SERVER"; do kill "$pid" 2>/dev/null || true; done
for pid in "${AGENTS[@]}" "$SERVER"; do wait "$pid" 2>/dev/null || true; done

if command -v ansible >/dev/null; then
  { echo '[all]'; for i in $(seq "$nodes"); do echo "node-$i ansible_connection=local ansible_python_interpreter=/usr/bin/python3"; done; } >"$WORK/hosts"
  cd "$WORK"
  runs=${ANSIBLE_RUNS:-3} LIKE='CHANGED'
  for module in command raw; do
    row "ansible -m $module -a 'uname -a', forks=$nodes" "$nodes" "" -- ansible -i hosts all -f "$nodes" -m "$module" -a 'uname -a'
  done
fi

if [ -n "$salt" ]; then
  export PATH=$salt/bin:$PATH
  publish=$(free_port) return=$(free_port)
  mkdir -p "$WORK/master"
  cat >"$WORK/master/master" <<C
user: root
interface: 127.0.0.1
publish_port: $publish
ret_port: $return
root_dir: $WORK/master
auto_accept: True
worker_threads: 5
log_level: error
C
  salt-master -c "$WORK/master" -l error >"$WORK/master.log" 2>&1 &
  master=$! && PIDS+=("$!")
  wait_port "$return"
  members=("$master")
  for i in $(seq "$minions"); do
    mkdir -p "$WORK/minion-$i"
    printf '%s\n' 'user: root' "id: node-$i" 'master: 127.0.0.1' "publish_port: $publish" "master_port: $return" "root_dir: $WORK/minion-$i" \
      'log_level: error' 'enable_fqdns_grains: False' 'grains_cache: True' >"$WORK/minion-$i/minion"
    salt-minion -c "$WORK/minion-$i" -l error >"$WORK/minion-$i.log" 2>&1 &
    members+=("$!") && PIDS+=("$!")
  done
  for _ in $(seq 30); do
    sleep 2
    up=$(timeout 40 salt -c "$WORK/master" '*' test.ping -t 15 --out=json --static 2>/dev/null | grep -c true || true)
    [ "${up:-0}" -ge "$minions" ] && break
  done
  runs=${SALT_RUNS:-3} LIKE='Linux'
  row "salt '*' cmd.run 'uname -a'" "$minions" "${members[*]}" -- salt -c "$WORK/master" '*' cmd.run 'uname -a'
fi
