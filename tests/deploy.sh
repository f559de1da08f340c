#!/bin/sh
# Rolls something out over three nodes and shows how a script handles each way in which it can end.
#
# It uses nothing but exit codes and `--jq`. Told by the environment:
#   WORPEN           the program
#   WORPEN_SERVER, WORPEN_TOKEN   the server, and a key of an operator
#   NODES            three nodes, with blanks between
#   IMAGE            an image to pull first; left out when empty
#   VIEWER_TOKEN     the key of a viewer, for what is not allowed
#   FAILING, GUARDED, SLOW   containers whose node fails, refuses, or is away; each is left out when empty

set -u

worpen=${WORPEN:-worpen}
ended=0

say() { printf '%s\n' "$*"; }

fail() {
    printf 'deploy: %s\n' "$*" >&2
    exit 1
}

# Runs what follows the code and takes its exit code; `told` holds what it printed.
expect() {
    wanted=$1
    shift
    told=$("$@" 2>/dev/null)
    ended=$?
    [ "$ended" -eq "$wanted" ] || fail "expected $wanted and got $ended from: $*"
}

# What an exit code means, for whoever reads the log.
meaning() {
    case $1 in
        0) echo done ;;
        1) echo failed ;;
        2) echo 'wrong command line' ;;
        3) echo 'no such thing' ;;
        4) echo 'not allowed' ;;
        5) echo conflict ;;
        6) echo 'partly failed' ;;
        7) echo 'timed out' ;;
        8) echo 'server out of reach' ;;
        9) echo 'refused by the node' ;;
        130) echo interrupted ;;
        *) echo "unknown code $1" ;;
    esac
}

# The first container of a node that is in a state.
first() {
    "$worpen" containers ls --node "$1" --state "$2" --limit 1 -o json --jq '.[] | .node + "/" + .name'
}

state() { "$worpen" containers get "$1" -o json --jq .state; }

# Checks: every node is there and linked.
for node in $NODES; do
    expect 0 "$worpen" agents get "$node" -o json --jq .status
    [ "$told" = ONLINE ] || fail "$node is $told"
done
say "nodes: $NODES"

# Deploys: the image first, then a container on each node.
if [ -n "${IMAGE:-}" ]; then
    # shellcheck disable=SC2086
    expect 0 "$worpen" images pull "$IMAGE" --on $NODES -o json --jq .status
    [ "$told" = succeeded ] || fail "the pull ended $told"
    say "pulled: $IMAGE"
fi
targets=
for node in $NODES; do
    target=$(first "$node" running)
    [ -n "$target" ] || fail "nothing runs on $node"
    targets="$targets $target"
done
# shellcheck disable=SC2086
expect 0 "$worpen" containers stop $targets --yes -o json --jq '.[].status'
[ "$told" = "succeeded
succeeded
succeeded" ] || fail "the stop ended: $told"
for target in $targets; do
    [ "$(state "$target")" = exited ] || fail "$target still runs"
done
say "stopped:$targets"

# The same names from a pipe, as lists print them.
# shellcheck disable=SC2086
printf '%s\n' $targets | "$worpen" containers start - -o json --jq '.[].status' >/dev/null || fail "start: $?"
for target in $targets; do
    [ "$(state "$target")" = running ] || fail "$target does not run"
done
say "started:$targets"

# Each way to fail, and what a script does about it.
target=${targets##* }
handled() { say "$ended: $(meaning "$ended")"; }

expect 2 "$worpen" containers ls --where 'state =='
handled
expect 2 "$worpen" containers ls --jq '.[] |'
expect 2 "$worpen" containers rm "$target"
[ "$(state "$target")" = running ] || fail "a removal without --yes did something"

expect 3 "$worpen" containers get no-such-container
handled

expect 4 env WORPEN_TOKEN=wpk_wrong "$worpen" agents ls
handled
if [ -n "${VIEWER_TOKEN:-}" ]; then
    expect 4 env "WORPEN_TOKEN=$VIEWER_TOKEN" "$worpen" containers stop "$target"
    [ "$(state "$target")" = running ] || fail "a viewer stopped $target"
fi

# A name that several nodes have is a conflict: the cure is NODE/NAME.
expect 5 "$worpen" containers get "${target#*/}"
handled

expect 6 "$worpen" containers restart "$target" no-such-container --yes
handled

if [ -n "${FAILING:-}" ]; then
    expect 1 "$worpen" containers restart "$FAILING"
    handled
fi
if [ -n "${SLOW:-}" ]; then
    expect 7 "$worpen" containers restart "$SLOW" --wait 1
    handled
fi
if [ -n "${GUARDED:-}" ]; then
    expect 9 "$worpen" containers stop "$GUARDED"
    handled
fi

expect 8 "$worpen" agents ls --server http://127.0.0.1:9
handled

# Ctrl-C: a script that waits in the background can be told to stop waiting. The pipe says when it waits.
fifo=$(mktemp -d) || fail 'no folder for a pipe'
mkfifo "$fifo/events"
# A shell lets what runs in its background ignore Ctrl-C; `env` of GNU gives it back.
env --default-signal=INT "$worpen" events tail --from 0 --jq .class >"$fifo/events" 2>/dev/null &
waiting=$!
# Held open until the end: a reader that goes away ends a stream, too, and well.
exec 3<"$fifo/events"
read -r _ <&3
kill -INT "$waiting"
wait "$waiting"
ended=$?
exec 3<&-
rm -r "$fifo"
[ "$ended" -eq 130 ] || fail "expected 130 and got $ended after Ctrl-C"
handled

# Cleans up: what this run started is stopped again.
# shellcheck disable=SC2086
expect 0 "$worpen" containers stop $targets --yes -o json --jq 'map(select(.status != "succeeded")) | length'
[ "$told" = 0 ] || fail "$told containers were not stopped"
handled
