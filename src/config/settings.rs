//! Every setting, declared once: its name, type, default, variables and meaning.
//!
//! The structs are what the program works with; [`KEYS`] is what files, variables, tables and `config/worpen.toml` are
//! read and written by. A key of `later` is named by the documents and has no effect in this version.

use std::{net::IpAddr, path::PathBuf};

use super::{
    key::{Key, sections},
    layer::Reader,
    network::Networks,
    recipient::Recipients,
    transport::{Flag, Names, Tls},
    value::{
        Address, DatabaseUrl, LogFilter, LogFormat, LogOutput, Origins, Raw, Seconds, Text, TokenSecret,
        Value, Whole,
    },
};

sections! {
    /// Where the server listens, and where it keeps its data.
    server: Server {
        /// Address to listen on; 0.0.0.0 is every one. Beyond this machine it takes TLS (server.tls), or a TLS proxy on
        /// this machine. WORPEN_LISTEN and --listen set address and port at once.
        bind_address: IpAddr = "127.0.0.1", also ["BACKEND_AGENT_BIND_ADDRESS"];
        /// Port to listen on; 0 takes a free one. For a Service of the name worpen-server Kubernetes sets
        /// WORPEN_SERVER_PORT to something else; there, say `enableServiceLinks: false`.
        port: Whole<0, 65_535> = "3000", also ["BACKEND_AGENT_PORT"];
        /// How the API is encrypted: not at all, by a certificate of the server's own authority, whose fingerprint
        /// `worpen login` asks about, or by PEM files of your own, which are read again when they change.
        tls: Tls = "off";
        /// Names and addresses under which the server is reached, for its own authority's certificate; this host's name
        /// and the address that it listens on are among them anyway.
        names: Names = "";
        /// How many seconds browsers remember that they are to call this host name over TLS alone, where the API speaks TLS
        /// (Strict-Transport-Security); 0 tells them nothing. They then refuse plain HTTP at the same host name on every
        /// port.
        hsts: Whole<0, 315_360_000> = "31536000";
        /// Lets the API speak plain HTTP on an address beyond this machine, where everybody on the way reads passwords
        /// and keys. For a TLS proxy that cannot run on the same machine.
        allow_plain_http: Flag = "false";
        /// Folder of the store and the server's keys, made with mode 0700; the user's data folder unless told.
        /// Also --data.
        data: Option<PathBuf> = "", also ["WORPEN_DATA"];
        /// How many connections callers may hold at once; half of them from one address. When there are more, the one
        /// that has been idle for longest makes room. Links of agents are counted apart (agent_management).
        max_connections: Whole<16, 1_000_000> = "1000";
        /// How long the head of a request, its body, and its answer may take, each. It does not cut streams, and what
        /// a caller waits for by `?wait=` comes on top.
        request_timeout: Seconds = "30";
        /// Websites whose pages may call this server, each like `https://console.example.com`; nobody
        /// unless told.
        cors_origins: Origins = "";
        /// Addresses and ranges of the proxies before this server. Only they are believed when they say whom a request
        /// came from (X-Forwarded-For, Forwarded). They must set that header themselves and pass no other's on.
        trusted_proxies: Networks = "";
    } later {
        workers: Whole<1, 1024> = "4", Unused "there is a thread for each core",
            also ["BACKEND_AGENT_WORKERS"];
    }

    /// Where the records are kept.
    database: Database {
        /// The database: the file `worpen.db` in the data folder, made and migrated at the start.
        url: DatabaseUrl = "sqlite:worpen.db", also ["DATABASE_URL"];
        /// Days that events are kept. What is older is removed; readers that ask for it are told of the gap.
        event_retention_days: Whole<1, 36_500> = "30";
        /// How many events are kept, however young they are.
        event_retention_count: Whole<1000, 4_000_000_000> = "10000000";
        /// Bytes that must be free on the disk of the data folder. When there are fewer, signing in, revoking and the
        /// ends of what runs go on; anything else is refused with 507 until there is room again. 0: never look.
        min_free_bytes: Whole<0, 4_294_967_295> = "33554432";
        /// Size of a file in the data folder that keeps room for what goes on then.
        ballast_bytes: Whole<0, 4_294_967_295> = "67108864";
    } later {
        max_connections: Whole<1, 1000> = "10", Unused "SQLite has one writer and three readers",
            also ["DATABASE_MAX_CONNECTIONS"];
        min_connections: Whole<0, 1000> = "2", Unused "SQLite has one writer and three readers";
        connect_timeout: Seconds = "10", Unused "a file needs no connection";
        idle_timeout: Seconds = "300", Unused "a file needs no connection";
        max_lifetime: Seconds = "3600", Unused "a file needs no connection";
    }

    /// Copies of everything that the server keeps (worpen backup).
    backup: Backup {
        /// Whom backups are encrypted for: public keys, each like age1...; 'worpen backup key' makes a pair. A backup
        /// holds the key that signs commands, so that without a recipient the API gives none.
        recipients: Recipients = "";
    } later {
    }

    /// Redis: not configured, since this version carries its events in memory.
    redis: Redis {
    } later {
        url: Address = "redis://localhost:6379", Unused "Redis is not asked for anything", also ["REDIS_URL"];
        pool_size: Whole<1, 1000> = "10", Unused "Redis is not asked for anything", also ["REDIS_POOL_SIZE"];
        connection_timeout: Seconds = "5", Unused "Redis is not asked for anything";
        read_timeout: Seconds = "3", Unused "Redis is not asked for anything";
        write_timeout: Seconds = "3", Unused "Redis is not asked for anything";
    }

    /// How callers prove who they are.
    security: Security {
        /// What the keys of tokens are derived from; made in the data folder unless told. Better in the variable
        /// than in a file that others read. Placeholders are refused.
        jwt_secret: Option<TokenSecret> = "", also ["JWT_SECRET"];
        /// How long a signed-in user's token holds.
        jwt_expiration: Seconds = "3600", also ["JWT_EXPIRATION"];
        /// Websites whose pages may call this server, where server.cors_origins names none.
        allowed_origins: Origins = "";
        /// How many requests a signed-in user or an API key may make in a window, at once or spread over it: 200 each
        /// second on average, so that no script that runs away takes the server from the others. A user with all of its keys
        /// may make four times as many.
        rate_limit_requests: Whole<1, 10_000_000> = "12000";
        /// How many requests may come in a window from one address (IPv6: /64) without credentials that hold.
        rate_limit_anonymous: Whole<1, 10_000_000> = "1200";
        /// The window of both limits.
        rate_limit_window: Seconds = "60";
    } later {
        backend_private_key_path: Text = "/etc/worpen/backend.key",
            Refused "say server.tls = { cert = ..., key = ... }",
            also ["BACKEND_PRIVATE_KEY_PATH"];
        backend_certificate_path: Text = "/etc/worpen/backend.crt",
            Refused "say server.tls = { cert = ..., key = ... }",
            also ["BACKEND_CERTIFICATE_PATH"];
    }

    /// What the server asks of agents.
    agent_management: AgentManagement {
        /// Address where agents join and link, with mutual TLS; 0.0.0.0 is every one.
        bind_address: IpAddr = "127.0.0.1";
        /// Port where agents join and link; 0 takes a free one.
        port: Whole<0, 65_535> = "9090";
        /// How long an agent's certificate holds; it is renewed at two thirds of its life.
        certificate_life: Seconds = "86400";
        /// Lets agents join and link without certificates where callers call, although that is beyond this machine and
        /// not encrypted.
        allow_plain: Flag = "false";
        /// Shortest interval between an agent's heartbeats; it grows with the fleet. Three missed make an agent
        /// offline.
        heartbeat_interval: Seconds = "10", also ["AGENT_HEARTBEAT_INTERVAL"];
        /// How many agents may be linked at once. The documents' 100 would turn the 101st node away.
        max_agent_connections: Whole<1, 1_000_000> = "16000", also ["MAX_AGENT_CONNECTIONS"];
    } later {
        connection_timeout: Seconds = "60", Unused "a link is dead after two missed heartbeats";
        max_reconnect_attempts: Whole<1, 1_000_000> = "5", Unused "agents never give up";
        reconnect_backoff_ms: Whole<1, 3_600_000> = "1000", Unused "agents choose their own, with jitter";
    }

    /// The audit log: who did what to what.
    audit: Audit {
        /// File that signed heads of the log are added to; `audit-heads.jsonl` in the data folder unless told. Better on
        /// another disk or machine, where what breaks into this one cannot change it.
        heads_file: Option<PathBuf> = "";
        /// How long new entries may wait for a signed head; a thousand of them never wait.
        heads_interval: Seconds = "60";
        /// Days that entries are kept; 0 for ever. What is older is written to `audit-archive/` in the data folder first.
        retention_days: Whole<0, 36_500> = "0";
    } later {
    }

    /// How commands are carried out.
    command: Command {
        /// How long a command may take, unless it says.
        command_timeout: Seconds = "60", also ["COMMAND_TIMEOUT"];
        /// How many executions may be with their nodes at once, over the whole fleet. The documents' 50 would let a
        /// command reach no more nodes than that at a time.
        max_concurrent_commands: Whole<1, 1_000_000> = "20000", also ["MAX_CONCURRENT_COMMANDS"];
        /// How many executions may be with one node at once.
        max_concurrent_per_agent: Whole<1, 1024> = "32";
        /// How many executions may wait; beyond it a command is refused with 429. The documents' 1000 would refuse one
        /// for a large fleet.
        max_command_queue_size: Whole<1, 10_000_000> = "100000";
        /// Days that commands are kept once they ended, with what they printed. The audit log keeps what was ordered.
        retention_days: Whole<1, 36_500> = "30";
        /// How many commands are kept, however young they are; those that have not ended stay.
        retention_count: Whole<100, 4_000_000_000> = "1000000";
    } later {
        retry_attempts: Whole<0, 100> = "3", Unused "each command says how often (max_retries)";
        retry_delay_ms: Whole<1, 3_600_000> = "1000", Unused "the pause begins at a second and doubles";
    }

    /// What agents measure.
    telemetry: Telemetry {
        /// Interval between an agent's measurements.
        collection_interval: Seconds = "10", also ["TELEMETRY_COLLECTION_INTERVAL"];
        /// Days that measurements are kept; what is older is forgotten, an hour at a time.
        retention_days: Whole<1, 36_500> = "30";
    } later {
        batch_size: Whole<1, 1_000_000> = "100", Unused "measurements that wait are written together";
        flush_interval: Seconds = "5", Unused "measurements are written as they come";
    }

    /// The log of a server or an agent.
    logging: Logging {
        /// What is written; also as directives for parts of the program, `worpen::agent=debug,info`.
        level: LogFilter = "info", also ["RUST_LOG"];
        /// The form of lines; `auto` is text on a terminal and JSON elsewhere.
        format: LogFormat = "auto";
        /// Where lines go. A file is one process's: a server and an agent that share this file of settings need
        /// WORPEN_LOGGING_OUTPUT to tell them apart.
        output: LogOutput = "stderr";
        /// Size in bytes at which a file is put aside as `FILE.1`, `FILE.1` as `FILE.2` and so on.
        max_file_size: Whole<4096, 4_294_967_295> = "104857600";
        /// How many files are kept, the one that is written to included.
        max_files: Whole<1, 1000> = "10";
    } later {
    }
}

#[cfg(test)]
mod tests;
