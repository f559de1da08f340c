//! Every setting, declared once: its name, type, default, variables and meaning.
//!
//! The structs are what the program works with; [`KEYS`] is what files, variables, tables and `config/worpen.toml` are
//! read and written by. A key of `later` is named by the documents and has no effect in this version.

use std::{net::IpAddr, path::PathBuf};

use super::{
    key::{Key, sections},
    layer::Reader,
    network::Networks,
    value::{
        Address, DatabaseUrl, LogFilter, LogFormat, LogOutput, Origins, Raw, Seconds, Text, TokenSecret,
        Value, Whole,
    },
};

sections! {
    /// Where the server listens, and where it keeps its data.
    server: Server {
        /// Address to listen on; 0.0.0.0 is every one. The server speaks plain HTTP: between machines, put it
        /// behind a TLS proxy. WORPEN_LISTEN and --listen set address and port at once.
        bind_address: IpAddr = "127.0.0.1", also ["BACKEND_AGENT_BIND_ADDRESS"];
        /// Port to listen on; 0 takes a free one. For a Service of the name worpen-server Kubernetes sets
        /// WORPEN_SERVER_PORT to something else; there, say `enableServiceLinks: false`.
        port: Whole<0, 65_535> = "3000", also ["BACKEND_AGENT_PORT"];
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
    } later {
        max_connections: Whole<1, 1000> = "10", Unused "SQLite has one writer and three readers",
            also ["DATABASE_MAX_CONNECTIONS"];
        min_connections: Whole<0, 1000> = "2", Unused "SQLite has one writer and three readers";
        connect_timeout: Seconds = "10", Unused "a file needs no connection";
        idle_timeout: Seconds = "300", Unused "a file needs no connection";
        max_lifetime: Seconds = "3600", Unused "a file needs no connection";
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
        /// second on average, so that no script that runs away takes the server from the others.
        rate_limit_requests: Whole<1, 10_000_000> = "12000";
        /// How many requests may come in a window from one address (IPv6: /64) without credentials that hold.
        rate_limit_anonymous: Whole<1, 10_000_000> = "1200";
        /// The window of both limits.
        rate_limit_window: Seconds = "60";
    } later {
        backend_private_key_path: Text = "/etc/worpen/backend.key",
            Refused "TLS is not in this version; put the server behind a TLS proxy",
            also ["BACKEND_PRIVATE_KEY_PATH"];
        backend_certificate_path: Text = "/etc/worpen/backend.crt",
            Refused "TLS is not in this version; put the server behind a TLS proxy",
            also ["BACKEND_CERTIFICATE_PATH"];
    }

    /// What the server asks of agents.
    agent_management: AgentManagement {
        /// Shortest interval between an agent's heartbeats; it grows with the fleet. Three missed make an agent
        /// offline.
        heartbeat_interval: Seconds = "10", also ["AGENT_HEARTBEAT_INTERVAL"];
        /// How many agents may be linked at once. The documents' 100 would turn the 101st node away.
        max_agent_connections: Whole<1, 1_000_000> = "16000", also ["MAX_AGENT_CONNECTIONS"];
    } later {
        bind_address: IpAddr = "127.0.0.1", Unused "agents link where the server listens";
        port: Whole<0, 65_535> = "9090", Unused "agents link where the server listens";
        connection_timeout: Seconds = "60", Unused "a link is dead after two missed heartbeats";
        max_reconnect_attempts: Whole<1, 1_000_000> = "5", Unused "agents never give up";
        reconnect_backoff_ms: Whole<1, 3_600_000> = "1000", Unused "agents choose their own, with jitter";
    }

    /// How commands are carried out.
    command: Command {
        /// How long a command may take, unless it says.
        command_timeout: Seconds = "60", also ["COMMAND_TIMEOUT"];
    } later {
        max_concurrent_commands: Whole<1, 1_000_000> = "50", Unused "commands are not counted",
            also ["MAX_CONCURRENT_COMMANDS"];
        max_command_queue_size: Whole<1, 1_000_000> = "1000", Unused "the store is the queue";
        retry_attempts: Whole<0, 100> = "3", Unused "a command is never repeated by itself";
        retry_delay_ms: Whole<1, 3_600_000> = "1000", Unused "a command is never repeated by itself";
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
