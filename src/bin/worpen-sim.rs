//! The `worpen-sim` program: simulated agents, to size a server.

use std::{
    io::{self, IsTerminal},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, ValueEnum};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use worpen::sim::{self, Plan, Report, SimError};

/// Simulates agents that speak the real protocol, to size a server.
///
/// Their names and keys follow from the seed: point it only at a server that is there to be tried out.
#[derive(Parser)]
#[command(name = "worpen-sim", version, max_term_width = 100)]
struct Args {
    /// The server.
    #[arg(long, value_name = "URL", env = "WORPEN_SERVER")]
    server: String,
    /// Where agents are managed, https://HOST:9090: each gets a certificate there and links with it.
    #[arg(long, value_name = "URL")]
    managed: Option<String>,
    /// How many agents, at most 100000.
    #[arg(long, value_name = "N")]
    agents: u32,
    /// What their names start with.
    #[arg(long, default_value = "sim")]
    prefix: String,
    /// Containers of each agent.
    #[arg(long, value_name = "N", default_value_t = 10)]
    containers_per_agent: u32,
    /// Seconds between measurements; what the server says unless told.
    #[arg(long, value_name = "S", value_parser = seconds)]
    telemetry_interval: Option<Duration>,
    /// Seconds over which the agents come.
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    ramp: Duration,
    /// Seconds that they stay once the ramp is over.
    #[arg(long, value_name = "S", default_value = "60", value_parser = seconds)]
    duration: Duration,
    /// Container events of each agent per minute.
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    churn: f64,
    /// How often per minute a link is cut and comes back; 0.05 is one link in twenty.
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    drop_rate: f64,
    /// Lines that each running container writes per minute, at most 6000; made when somebody reads them.
    #[arg(long, value_name = "RATE", default_value_t = 6.0)]
    log_lines: f64,
    /// The share of orders and questions that fail, 0 to 1.
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    fail_rate: f64,
    /// Seconds that programs run which an agent is told to.
    #[arg(long, value_name = "S", default_value = "0", value_parser = seconds)]
    exec_time: Duration,
    /// Bytes that each such program prints, at most 16777216; no more than its command keeps.
    #[arg(long, value_name = "N", default_value_t = 0)]
    output_bytes: u32,
    /// What everything follows from; a fresh one unless told.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Keep identities in this file (mode 0600), so that the next run is the same agents.
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    /// Read an admin's API key from this file; otherwise it is taken from WORPEN_TOKEN.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Form of the report.
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    let args = Args::parse();
    let form = args.output;
    match simulate(args) {
        Ok(report) => show(&report, form),
        Err(error) => {
            tell(&format!("error: {}", chain(&*error)));
            error.downcast_ref().map_or(ExitCode::FAILURE, exit_code)
        }
    }
}

/// The same numbers as `worpen` ends with.
fn exit_code(error: &SimError) -> ExitCode {
    ExitCode::from(match error {
        SimError::Plan(_) | SimError::NotAnAddress(_) => 2,
        SimError::NoToken | SimError::NotAllowed { .. } => 4,
        SimError::NameTaken { .. } => 5,
        SimError::Unreachable { .. } => 8,
        _ => 1,
    })
}

fn simulate(args: Args) -> Result<Report, Box<dyn std::error::Error>> {
    let plan = plan(args)?;
    if plan.keep.is_none() {
        tell(&format!(
            "seed {}; the agents are named {}-NNNNN, since without --keep a name is used once",
            plan.seed,
            plan.stem()
        ));
    }
    Runtime::new()?.block_on(async {
        let watched = io::stderr().is_terminal();
        let progress = |report: &Report| {
            if watched {
                tell(&report.progress());
            }
        };
        Ok(sim::run(plan, interrupted()?, progress).await?)
    })
}

fn plan(args: Args) -> Result<Plan, Box<dyn std::error::Error>> {
    let seed = match args.seed {
        Some(seed) => seed,
        None => getrandom::u32()?.into(),
    };
    let token = match args.token_file {
        Some(path) => Some(
            std::fs::read_to_string(&path)
                .map_err(|error| format!("cannot read '{}': {error}", path.display()))?,
        ),
        None => std::env::var("WORPEN_TOKEN").ok(),
    };
    Ok(Plan {
        token: token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()),
        managed: args.managed,
        prefix: args.prefix,
        containers: args.containers_per_agent,
        telemetry: args.telemetry_interval,
        ramp: args.ramp,
        duration: args.duration,
        churn: args.churn,
        drops: args.drop_rate,
        log_lines: args.log_lines,
        failures: args.fail_rate,
        exec_time: args.exec_time,
        output_bytes: args.output_bytes,
        keep: args.keep,
        ..Plan::new(args.server, args.agents, seed)
    })
}

/// A token that SIGINT or SIGTERM cancels; the report comes all the same.
fn interrupted() -> io::Result<CancellationToken> {
    let token = CancellationToken::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        let mut heard = signal(kind)?;
        let token = token.clone();
        tokio::spawn(async move {
            heard.recv().await;
            token.cancel();
        });
    }
    Ok(token)
}

#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
fn show(report: &Report, form: Form) -> ExitCode {
    match form {
        Form::Text => print!("{report}"),
        Form::Json => match serde_json::to_string(report) {
            Ok(text) => println!("{text}"),
            Err(error) => {
                tell(&format!("error: {error}"));
                return ExitCode::FAILURE;
            }
        },
    }
    ExitCode::SUCCESS
}

#[expect(clippy::print_stderr, reason = "progress and errors, beside the report")]
fn tell(text: &str) {
    eprintln!("{text}");
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
