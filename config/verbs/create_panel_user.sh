#!/bin/sh
# Creates a user of the panel: a line with the name and a hash of the password in the file PANEL_USERS.
# An example: put the call of your own panel in its place.
set -eu
umask 077
export LC_ALL=C
users=${PANEL_USERS:-panel_users}

# One line of JSON whose schema was checked. Nothing here is an argument of a program, which any user of the node could list.
IFS= read -r args

# The text of one member; what JSON escapes in it is turned back. The builtin printf starts no program.
member() {
    printf '%s\n' "$args" | sed -n 's/.*"'"$1"'":"\(\([^"\\]\|\\.\)*\)".*/\1/p' | sed 's/\\\(["\\\/]\)/\1/g'
}
username=$(member username)
password=$(member password)

if [ -f "$users" ] && grep -q "^$username:" "$users"; then
    echo "the panel has a user $username already" >&2
    exit 17
fi
salt=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
hash=$(printf '%s%s' "$salt" "$password" | sha256sum | cut -d' ' -f1)
printf '%s:%s:%s\n' "$username" "$salt" "$hash" >>"$users"

echo "created $username"
printf '{"username":"%s","users":%d}\n' "$username" "$(wc -l <"$users")"
