
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'worpen' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'worpen'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'worpen' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('login', 'login', [CompletionResultType]::ParameterValue, 'Sign in to a server and remember it')
            [CompletionResult]::new('agents', 'agents', [CompletionResultType]::ParameterValue, 'See and admit nodes')
            [CompletionResult]::new('containers', 'containers', [CompletionResultType]::ParameterValue, 'See and steer containers')
            [CompletionResult]::new('images', 'images', [CompletionResultType]::ParameterValue, 'See, pull and clean up images')
            [CompletionResult]::new('commands', 'commands', [CompletionResultType]::ParameterValue, 'See what became of commands')
            [CompletionResult]::new('events', 'events', [CompletionResultType]::ParameterValue, 'See what happens')
            [CompletionResult]::new('server', 'server', [CompletionResultType]::ParameterValue, 'Run a server')
            [CompletionResult]::new('agent', 'agent', [CompletionResultType]::ParameterValue, 'Run the agent of a node')
            [CompletionResult]::new('dev', 'dev', [CompletionResultType]::ParameterValue, 'Run a server and an agent for trying out')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Check and show the settings')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a shell''s completions')
            break
        }
        'worpen;login' {
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'Name to sign in with; asked for unless told')
            [CompletionResult]::new('--username', '--username', [CompletionResultType]::ParameterName, 'Name to sign in with; asked for unless told')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('--password-stdin', '--password-stdin', [CompletionResultType]::ParameterName, 'Read the password from stdin')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;agents' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List the nodes')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the nodes')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Show one node')
            [CompletionResult]::new('telemetry', 'telemetry', [CompletionResultType]::ParameterValue, 'Show what a node measured')
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Ask nodes to report everything now')
            [CompletionResult]::new('maintenance', 'maintenance', [CompletionResultType]::ParameterValue, 'Begin or end a node''s maintenance')
            [CompletionResult]::new('invite', 'invite', [CompletionResultType]::ParameterValue, 'Invite a node to join')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Remove a node for good')
            break
        }
        'worpen;agents;ls' {
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'Only nodes in this state')
            [CompletionResult]::new('--site', '--site', [CompletionResultType]::ParameterName, 'Only nodes of this site')
            [CompletionResult]::new('--capability', '--capability', [CompletionResultType]::ParameterName, 'Only nodes that can run this verb, such as docker.stop')
            [CompletionResult]::new('--os', '--os', [CompletionResultType]::ParameterName, 'Only nodes whose operating system has this in its name')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Only nodes with this container engine')
            [CompletionResult]::new('--where', '--where', [CompletionResultType]::ParameterName, 'Only nodes for which this expression holds')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Fields to sort by, a minus before those that go downwards')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;agents;list' {
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'Only nodes in this state')
            [CompletionResult]::new('--site', '--site', [CompletionResultType]::ParameterName, 'Only nodes of this site')
            [CompletionResult]::new('--capability', '--capability', [CompletionResultType]::ParameterName, 'Only nodes that can run this verb, such as docker.stop')
            [CompletionResult]::new('--os', '--os', [CompletionResultType]::ParameterName, 'Only nodes whose operating system has this in its name')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Only nodes with this container engine')
            [CompletionResult]::new('--where', '--where', [CompletionResultType]::ParameterName, 'Only nodes for which this expression holds')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Fields to sort by, a minus before those that go downwards')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;agents;get' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;agents;telemetry' {
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'The first moment, as 2026-03-01T12:00:00Z, or 2h for two hours ago; an hour ago unless told')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'The end; now unless told')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'The most lines to show')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;agents;sync' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Ask every node')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;agents;maintenance' {
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for the event and the audit log')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'worpen;agents;invite' {
            [CompletionResult]::new('--site', '--site', [CompletionResultType]::ParameterName, 'Site that it will belong to')
            [CompletionResult]::new('--expires-in', '--expires-in', [CompletionResultType]::ParameterName, 'How long the invitation holds, such as 900, 15m or 2h; 15 minutes unless told')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Admit an agent that is not ours at once, and print the token that it shows until it is removed')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;agents;rm' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;containers' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List the containers')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the containers')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Show one container')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Start containers')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop containers')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Stop containers, then start them')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Remove containers')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Read a container''s log, and follow it')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Show what a running container uses')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Show everything that the engine knows of a container')
            break
        }
        'worpen;containers;ls' {
            [CompletionResult]::new('--node', '--node', [CompletionResultType]::ParameterName, 'Only containers of this node')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Only containers in this state')
            [CompletionResult]::new('--where', '--where', [CompletionResultType]::ParameterName, 'Only containers for which this expression holds')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Fields to sort by, a minus before those that go downwards')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;containers;list' {
            [CompletionResult]::new('--node', '--node', [CompletionResultType]::ParameterName, 'Only containers of this node')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Only containers in this state')
            [CompletionResult]::new('--where', '--where', [CompletionResultType]::ParameterName, 'Only containers for which this expression holds')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Fields to sort by, a minus before those that go downwards')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;containers;get' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;containers;start' {
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Seconds to wait for the end; 0 to return at once')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;containers;stop' {
            [CompletionResult]::new('--timeout-s', '--timeout-s', [CompletionResultType]::ParameterName, 'Seconds between the stop signal and the kill; the container''s own setting unless told')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Seconds to wait for the end; 0 to return at once')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;containers;restart' {
            [CompletionResult]::new('--timeout-s', '--timeout-s', [CompletionResultType]::ParameterName, 'Seconds between the stop signal and the kill; the container''s own setting unless told')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Seconds to wait for the end; 0 to return at once')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;containers;rm' {
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Seconds to wait for the end; 0 to return at once')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Kill running containers first')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Kill running containers first')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;containers;logs' {
            [CompletionResult]::new('--tail', '--tail', [CompletionResultType]::ParameterName, 'Begin so many lines before the end')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only lines since then: a length of time such as 10m, or an RFC 3339 moment')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Only lines until then: a length of time such as 10m, or an RFC 3339 moment')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Go on with new lines until the container ends')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Go on with new lines until the container ends')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Begin each line with its time')
            [CompletionResult]::new('--timestamps', '--timestamps', [CompletionResultType]::ParameterName, 'Begin each line with its time')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;containers;stats' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;containers;inspect' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;images' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List the images')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the images')
            [CompletionResult]::new('pull', 'pull', [CompletionResultType]::ParameterValue, 'Pull an image on nodes')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove images and networks that no container uses, and the build cache')
            break
        }
        'worpen;images;ls' {
            [CompletionResult]::new('--node', '--node', [CompletionResultType]::ParameterName, 'Only images of this node')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;images;list' {
            [CompletionResult]::new('--node', '--node', [CompletionResultType]::ParameterName, 'Only images of this node')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;images;pull' {
            [CompletionResult]::new('--on', '--on', [CompletionResultType]::ParameterName, 'Name or id of each node; every linked node with a container engine unless told')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Seconds to wait for the end; 0 to return at once')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;images;prune' {
            [CompletionResult]::new('--on', '--on', [CompletionResultType]::ParameterName, 'Name or id of each node; every linked node with a container engine unless told')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Seconds to wait for the end; 0 to return at once')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Also images that have a name, and all of the build cache')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Also images that have a name, and all of the build cache')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;commands' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List the commands, the newest first')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the commands, the newest first')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Show one command and what became of it on each node')
            break
        }
        'worpen;commands;ls' {
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'Only commands in this state, over all their nodes')
            [CompletionResult]::new('--node', '--node', [CompletionResultType]::ParameterName, 'Only commands with this node among their targets, by its name or id')
            [CompletionResult]::new('--verb', '--verb', [CompletionResultType]::ParameterName, 'Only commands of this verb, such as docker.stop')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'The most lines to show')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;commands;list' {
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'Only commands in this state, over all their nodes')
            [CompletionResult]::new('--node', '--node', [CompletionResultType]::ParameterName, 'Only commands with this node among their targets, by its name or id')
            [CompletionResult]::new('--verb', '--verb', [CompletionResultType]::ParameterName, 'Only commands of this verb, such as docker.stop')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'The most lines to show')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;commands;get' {
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Seconds to wait for the end; then the exit code tells what became of it')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;events' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('tail', 'tail', [CompletionResultType]::ParameterValue, 'Follow the events')
            break
        }
        'worpen;events;tail' {
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Begin after this event''s number; 0 for the oldest, only new ones unless told')
            [CompletionResult]::new('--types', '--types', [CompletionResultType]::ParameterName, 'Only these types, separated by commas; ''container.*'' for all of a noun')
            [CompletionResult]::new('--node', '--node', [CompletionResultType]::ParameterName, 'Only what is about this node')
            [CompletionResult]::new('--live', '--live', [CompletionResultType]::ParameterName, 'Also what the nodes measure')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;server' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'File of settings; /etc/worpen/worpen.toml unless told [env: WORPEN_CONFIG]')
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Address to listen on; 127.0.0.1:3000 unless told [env: WORPEN_LISTEN]')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Directory for the store and the server''s keys [env: WORPEN_DATA]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;agent' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'File of settings, of which the section logging is the agent''s; /etc/worpen/worpen.toml unless told [env: WORPEN_CONFIG]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The server to link to; the one it joined unless told')
            [CompletionResult]::new('--join', '--join', [CompletionResultType]::ParameterName, 'Join with this invitation first; `-` reads it from stdin, where no other user sees it')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Directory for the agent''s key, journal and spool [env: WORPEN_DATA]')
            [CompletionResult]::new('--label', '--label', [CompletionResultType]::ParameterName, 'A name and value that selectors can use; may be given several times')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;dev' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'File of settings [env: WORPEN_CONFIG]')
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Address to listen on; 127.0.0.1:3000 unless told [env: WORPEN_LISTEN]')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Directory to keep; a second start goes on with the same data [env: WORPEN_DATA]')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the node; the host''s own unless told')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;config' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Tell everything that is wrong with the settings')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show every setting, its value, and where that came from')
            [CompletionResult]::new('sample', 'sample', [CompletionResultType]::ParameterValue, 'Print a file of all settings with their defaults')
            break
        }
        'worpen;config;check' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'File of settings [env: WORPEN_CONFIG]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;config;show' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'File of settings [env: WORPEN_CONFIG]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;config;sample' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'worpen;completions' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output: table, json, ndjson, or name (one a line)')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Use this context instead of the current one [env: WORPEN_CONTEXT]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Use this server instead of the context''s [env: WORPEN_SERVER]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print data and errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Also say where server and token come from')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Print without colours, as NO_COLOR does')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
