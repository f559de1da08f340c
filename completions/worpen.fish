# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_worpen_global_optspecs
    string join \n o/output= context= server= q/quiet v/verbose no-color h/help V/version
end

function __fish_worpen_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_worpen_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_worpen_using_subcommand
    set -l cmd (__fish_worpen_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c worpen -n "__fish_worpen_needs_command" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_needs_command" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_needs_command" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_needs_command" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_needs_command" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_needs_command" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_needs_command" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_needs_command" -s V -l version -d 'Print version'
complete -c worpen -n "__fish_worpen_needs_command" -f -a "login" -d 'Sign in to a server and remember it'
complete -c worpen -n "__fish_worpen_needs_command" -f -a "agents" -d 'See and admit nodes'
complete -c worpen -n "__fish_worpen_needs_command" -f -a "containers" -d 'See and steer containers'
complete -c worpen -n "__fish_worpen_needs_command" -f -a "images" -d 'See, pull and clean up images'
complete -c worpen -n "__fish_worpen_needs_command" -f -a "commands" -d 'See what became of commands'
complete -c worpen -n "__fish_worpen_needs_command" -f -a "events" -d 'See what happens'
complete -c worpen -n "__fish_worpen_needs_command" -f -a "server" -d 'Run a server'
complete -c worpen -n "__fish_worpen_needs_command" -f -a "agent" -d 'Run the agent of a node'
complete -c worpen -n "__fish_worpen_needs_command" -f -a "dev" -d 'Run a server and an agent for trying out'
complete -c worpen -n "__fish_worpen_needs_command" -f -a "config" -d 'Check and show the settings'
complete -c worpen -n "__fish_worpen_needs_command" -f -a "completions" -d 'Print a shell\'s completions'
complete -c worpen -n "__fish_worpen_using_subcommand login" -s u -l username -d 'Name to sign in with; asked for unless told' -r
complete -c worpen -n "__fish_worpen_using_subcommand login" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand login" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand login" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand login" -l password-stdin -d 'Read the password from stdin'
complete -c worpen -n "__fish_worpen_using_subcommand login" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand login" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand login" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand login" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -f -a "ls" -d 'List the nodes'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -f -a "list" -d 'List the nodes'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -f -a "get" -d 'Show one node'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -f -a "telemetry" -d 'Show what a node measured'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -f -a "sync" -d 'Ask nodes to report everything now'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -f -a "maintenance" -d 'Begin or end a node\'s maintenance'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -f -a "invite" -d 'Invite a node to join'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and not __fish_seen_subcommand_from ls list get telemetry sync maintenance invite rm" -f -a "rm" -d 'Remove a node for good'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from ls" -l status -d 'Only nodes in this state' -r -f -a "online\t''
degraded\t''
unknown\t''
offline\t''
maintenance\t''
quarantined\t''
revoked\t''"
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from ls" -l site -d 'Only nodes of this site' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from ls" -l capability -d 'Only nodes that can run this verb, such as docker.stop' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from ls" -l os -d 'Only nodes whose operating system has this in its name' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from ls" -l engine -d 'Only nodes with this container engine' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from ls" -l where -d 'Only nodes for which this expression holds' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from ls" -l sort -d 'Fields to sort by, a minus before those that go downwards' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from ls" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from ls" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from ls" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from ls" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from list" -l status -d 'Only nodes in this state' -r -f -a "online\t''
degraded\t''
unknown\t''
offline\t''
maintenance\t''
quarantined\t''
revoked\t''"
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from list" -l site -d 'Only nodes of this site' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from list" -l capability -d 'Only nodes that can run this verb, such as docker.stop' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from list" -l os -d 'Only nodes whose operating system has this in its name' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from list" -l engine -d 'Only nodes with this container engine' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from list" -l where -d 'Only nodes for which this expression holds' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from list" -l sort -d 'Fields to sort by, a minus before those that go downwards' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from list" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from list" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from list" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from list" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from get" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from get" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from get" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from get" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from telemetry" -l from -d 'The first moment, as 2026-03-01T12:00:00Z, or 2h for two hours ago; an hour ago unless told' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from telemetry" -l to -d 'The end; now unless told' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from telemetry" -l limit -d 'The most lines to show' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from telemetry" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from telemetry" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from telemetry" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from telemetry" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from telemetry" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from telemetry" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from telemetry" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from sync" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from sync" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from sync" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from sync" -l all -d 'Ask every node'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from sync" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from sync" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from sync" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from sync" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from maintenance" -l reason -d 'Why, for the event and the audit log' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from maintenance" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from maintenance" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from maintenance" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from maintenance" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from maintenance" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from maintenance" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from maintenance" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from invite" -l site -d 'Site that it will belong to' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from invite" -l expires-in -d 'How long the invitation holds, such as 900, 15m or 2h; 15 minutes unless told' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from invite" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from invite" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from invite" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from invite" -l plain -d 'Admit an agent that is not ours at once, and print the token that it shows until it is removed'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from invite" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from invite" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from invite" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from invite" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from rm" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from rm" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from rm" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from rm" -s y -l yes -d 'Do not ask'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from rm" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand agents; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -f -a "ls" -d 'List the containers'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -f -a "list" -d 'List the containers'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -f -a "get" -d 'Show one container'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -f -a "start" -d 'Start containers'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -f -a "stop" -d 'Stop containers'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -f -a "restart" -d 'Stop containers, then start them'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -f -a "rm" -d 'Remove containers'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -f -a "logs" -d 'Read a container\'s log, and follow it'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -f -a "stats" -d 'Show what a running container uses'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and not __fish_seen_subcommand_from ls list get start stop restart rm logs stats inspect" -f -a "inspect" -d 'Show everything that the engine knows of a container'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from ls" -l node -d 'Only containers of this node' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from ls" -l state -d 'Only containers in this state' -r -f -a "created\t''
running\t''
paused\t''
restarting\t''
removing\t''
exited\t''
dead\t''"
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from ls" -l where -d 'Only containers for which this expression holds' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from ls" -l sort -d 'Fields to sort by, a minus before those that go downwards' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from ls" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from ls" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from ls" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from ls" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from list" -l node -d 'Only containers of this node' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from list" -l state -d 'Only containers in this state' -r -f -a "created\t''
running\t''
paused\t''
restarting\t''
removing\t''
exited\t''
dead\t''"
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from list" -l where -d 'Only containers for which this expression holds' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from list" -l sort -d 'Fields to sort by, a minus before those that go downwards' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from list" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from list" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from list" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from list" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from get" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from get" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from get" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from get" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from start" -l wait -d 'Seconds to wait for the end; 0 to return at once' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from start" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from start" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from start" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from start" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from start" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stop" -l timeout-s -d 'Seconds between the stop signal and the kill; the container\'s own setting unless told' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stop" -l wait -d 'Seconds to wait for the end; 0 to return at once' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stop" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stop" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stop" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stop" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stop" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from restart" -l timeout-s -d 'Seconds between the stop signal and the kill; the container\'s own setting unless told' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from restart" -l wait -d 'Seconds to wait for the end; 0 to return at once' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from restart" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from restart" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from restart" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from restart" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from restart" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from restart" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from restart" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from rm" -l wait -d 'Seconds to wait for the end; 0 to return at once' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from rm" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from rm" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from rm" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from rm" -s f -l force -d 'Kill running containers first'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from rm" -s y -l yes -d 'Do not ask'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from rm" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from logs" -l tail -d 'Begin so many lines before the end' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from logs" -l since -d 'Only lines since then: a length of time such as 10m, or an RFC 3339 moment' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from logs" -l until -d 'Only lines until then: a length of time such as 10m, or an RFC 3339 moment' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from logs" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from logs" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from logs" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from logs" -s f -l follow -d 'Go on with new lines until the container ends'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from logs" -s t -l timestamps -d 'Begin each line with its time'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from logs" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from logs" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from logs" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from logs" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stats" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stats" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stats" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stats" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stats" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stats" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from stats" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from inspect" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from inspect" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from inspect" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from inspect" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from inspect" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from inspect" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand containers; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand images; and not __fish_seen_subcommand_from ls list pull prune" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand images; and not __fish_seen_subcommand_from ls list pull prune" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and not __fish_seen_subcommand_from ls list pull prune" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and not __fish_seen_subcommand_from ls list pull prune" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand images; and not __fish_seen_subcommand_from ls list pull prune" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand images; and not __fish_seen_subcommand_from ls list pull prune" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand images; and not __fish_seen_subcommand_from ls list pull prune" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand images; and not __fish_seen_subcommand_from ls list pull prune" -f -a "ls" -d 'List the images'
complete -c worpen -n "__fish_worpen_using_subcommand images; and not __fish_seen_subcommand_from ls list pull prune" -f -a "list" -d 'List the images'
complete -c worpen -n "__fish_worpen_using_subcommand images; and not __fish_seen_subcommand_from ls list pull prune" -f -a "pull" -d 'Pull an image on nodes'
complete -c worpen -n "__fish_worpen_using_subcommand images; and not __fish_seen_subcommand_from ls list pull prune" -f -a "prune" -d 'Remove images and networks that no container uses, and the build cache'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from ls" -l node -d 'Only images of this node' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from ls" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from ls" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from ls" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from ls" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from list" -l node -d 'Only images of this node' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from list" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from list" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from list" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from list" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from pull" -l on -d 'Name or id of each node; every linked node with a container engine unless told' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from pull" -l wait -d 'Seconds to wait for the end; 0 to return at once' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from pull" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from pull" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from pull" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from pull" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from pull" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from pull" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from pull" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from prune" -l on -d 'Name or id of each node; every linked node with a container engine unless told' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from prune" -l wait -d 'Seconds to wait for the end; 0 to return at once' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from prune" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from prune" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from prune" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from prune" -s a -l all -d 'Also images that have a name, and all of the build cache'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from prune" -s y -l yes -d 'Do not ask'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from prune" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from prune" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from prune" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand images; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and not __fish_seen_subcommand_from ls list get" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand commands; and not __fish_seen_subcommand_from ls list get" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and not __fish_seen_subcommand_from ls list get" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and not __fish_seen_subcommand_from ls list get" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and not __fish_seen_subcommand_from ls list get" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and not __fish_seen_subcommand_from ls list get" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and not __fish_seen_subcommand_from ls list get" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and not __fish_seen_subcommand_from ls list get" -f -a "ls" -d 'List the commands, the newest first'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and not __fish_seen_subcommand_from ls list get" -f -a "list" -d 'List the commands, the newest first'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and not __fish_seen_subcommand_from ls list get" -f -a "get" -d 'Show one command and what became of it on each node'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from ls" -l status -d 'Only commands in this state, over all their nodes' -r -f -a "queued\t''
started\t''
succeeded\t''
failed\t''
timed_out\t''
cancelled\t''
expired\t''
refused\t''
unknown\t''
partial\t''"
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from ls" -l node -d 'Only commands with this node among their targets, by its name or id' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from ls" -l verb -d 'Only commands of this verb, such as docker.stop' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from ls" -l limit -d 'The most lines to show' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from ls" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from ls" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from ls" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from ls" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from list" -l status -d 'Only commands in this state, over all their nodes' -r -f -a "queued\t''
started\t''
succeeded\t''
failed\t''
timed_out\t''
cancelled\t''
expired\t''
refused\t''
unknown\t''
partial\t''"
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from list" -l node -d 'Only commands with this node among their targets, by its name or id' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from list" -l verb -d 'Only commands of this verb, such as docker.stop' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from list" -l limit -d 'The most lines to show' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from list" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from list" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from list" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from list" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from get" -l wait -d 'Seconds to wait for the end; then the exit code tells what became of it' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from get" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from get" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from get" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from get" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand commands; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand events; and not __fish_seen_subcommand_from tail" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand events; and not __fish_seen_subcommand_from tail" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand events; and not __fish_seen_subcommand_from tail" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand events; and not __fish_seen_subcommand_from tail" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand events; and not __fish_seen_subcommand_from tail" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand events; and not __fish_seen_subcommand_from tail" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand events; and not __fish_seen_subcommand_from tail" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand events; and not __fish_seen_subcommand_from tail" -f -a "tail" -d 'Follow the events'
complete -c worpen -n "__fish_worpen_using_subcommand events; and __fish_seen_subcommand_from tail" -l from -d 'Begin after this event\'s number; 0 for the oldest, only new ones unless told' -r
complete -c worpen -n "__fish_worpen_using_subcommand events; and __fish_seen_subcommand_from tail" -l types -d 'Only these types, separated by commas; \'container.*\' for all of a noun' -r
complete -c worpen -n "__fish_worpen_using_subcommand events; and __fish_seen_subcommand_from tail" -l node -d 'Only what is about this node' -r
complete -c worpen -n "__fish_worpen_using_subcommand events; and __fish_seen_subcommand_from tail" -l live -d 'Also what the nodes measure' -r -f -a "telemetry\t''"
complete -c worpen -n "__fish_worpen_using_subcommand events; and __fish_seen_subcommand_from tail" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand events; and __fish_seen_subcommand_from tail" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand events; and __fish_seen_subcommand_from tail" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand events; and __fish_seen_subcommand_from tail" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand events; and __fish_seen_subcommand_from tail" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand events; and __fish_seen_subcommand_from tail" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand events; and __fish_seen_subcommand_from tail" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand server" -l config -d 'File of settings; /etc/worpen/worpen.toml unless told [env: WORPEN_CONFIG]' -r -F
complete -c worpen -n "__fish_worpen_using_subcommand server" -l listen -d 'Address to listen on; 127.0.0.1:3000 unless told [env: WORPEN_LISTEN]' -r
complete -c worpen -n "__fish_worpen_using_subcommand server" -l data -d 'Directory for the store and the server\'s keys [env: WORPEN_DATA]' -r -F
complete -c worpen -n "__fish_worpen_using_subcommand server" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand server" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand server" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand server" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand server" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand server" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand server" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand agent" -l config -d 'File of settings, of which the section logging is the agent\'s; /etc/worpen/worpen.toml unless told [env: WORPEN_CONFIG]' -r -F
complete -c worpen -n "__fish_worpen_using_subcommand agent" -l server -d 'The server to link to; the one it joined unless told' -r
complete -c worpen -n "__fish_worpen_using_subcommand agent" -l join -d 'Join with this invitation first; `-` reads it from stdin, where no other user sees it' -r
complete -c worpen -n "__fish_worpen_using_subcommand agent" -l data -d 'Directory for the agent\'s key, journal and spool [env: WORPEN_DATA]' -r -F
complete -c worpen -n "__fish_worpen_using_subcommand agent" -l label -d 'A name and value that selectors can use; may be given several times' -r
complete -c worpen -n "__fish_worpen_using_subcommand agent" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand agent" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand agent" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand agent" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand agent" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand agent" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand dev" -l config -d 'File of settings [env: WORPEN_CONFIG]' -r -F
complete -c worpen -n "__fish_worpen_using_subcommand dev" -l listen -d 'Address to listen on; 127.0.0.1:3000 unless told [env: WORPEN_LISTEN]' -r
complete -c worpen -n "__fish_worpen_using_subcommand dev" -l data -d 'Directory to keep; a second start goes on with the same data [env: WORPEN_DATA]' -r -F
complete -c worpen -n "__fish_worpen_using_subcommand dev" -l name -d 'Name of the node; the host\'s own unless told' -r
complete -c worpen -n "__fish_worpen_using_subcommand dev" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand dev" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand dev" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand dev" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand dev" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand dev" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand dev" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand config; and not __fish_seen_subcommand_from check show sample" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand config; and not __fish_seen_subcommand_from check show sample" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand config; and not __fish_seen_subcommand_from check show sample" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand config; and not __fish_seen_subcommand_from check show sample" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand config; and not __fish_seen_subcommand_from check show sample" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand config; and not __fish_seen_subcommand_from check show sample" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand config; and not __fish_seen_subcommand_from check show sample" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand config; and not __fish_seen_subcommand_from check show sample" -f -a "check" -d 'Tell everything that is wrong with the settings'
complete -c worpen -n "__fish_worpen_using_subcommand config; and not __fish_seen_subcommand_from check show sample" -f -a "show" -d 'Show every setting, its value, and where that came from'
complete -c worpen -n "__fish_worpen_using_subcommand config; and not __fish_seen_subcommand_from check show sample" -f -a "sample" -d 'Print a file of all settings with their defaults'
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'File of settings [env: WORPEN_CONFIG]' -r -F
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from check" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from check" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from check" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from check" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'File of settings [env: WORPEN_CONFIG]' -r -F
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from show" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from show" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from show" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from show" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from sample" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from sample" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from sample" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from sample" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from sample" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from sample" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand config; and __fish_seen_subcommand_from sample" -s h -l help -d 'Print help'
complete -c worpen -n "__fish_worpen_using_subcommand completions" -s o -l output -d 'Form of the output: table, json, ndjson, or name (one a line)' -r -f -a "table\t'Columns for people'
json\t'One JSON document: an array for a list, an object for one thing'
ndjson\t'One JSON document a line'
name\t'One name a line, as other commands take it'"
complete -c worpen -n "__fish_worpen_using_subcommand completions" -l context -d 'Use this context instead of the current one [env: WORPEN_CONTEXT]' -r
complete -c worpen -n "__fish_worpen_using_subcommand completions" -l server -d 'Use this server instead of the context\'s [env: WORPEN_SERVER]' -r
complete -c worpen -n "__fish_worpen_using_subcommand completions" -s q -l quiet -d 'Print data and errors only'
complete -c worpen -n "__fish_worpen_using_subcommand completions" -s v -l verbose -d 'Also say where server and token come from'
complete -c worpen -n "__fish_worpen_using_subcommand completions" -l no-color -d 'Print without colours, as NO_COLOR does'
complete -c worpen -n "__fish_worpen_using_subcommand completions" -s h -l help -d 'Print help'
