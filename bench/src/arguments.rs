//! What to measure: the options, and the plan that comes of them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Measures how far from the limit of PostgreSQL and Spin the app is.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
pub(crate) struct Arguments {
    /// The stages to run; all without it, but against
    #[arg(long, value_delimiter = ',', value_enum)]
    only: Vec<StageName>,
    /// A smoke run of about a minute: 60 patients, rounds of under a second. Its numbers mean nothing
    #[arg(long)]
    quick: bool,
    /// How many patients the hospital of limit, concurrency, cold and against has, 60 to 100000
    #[arg(long)]
    patients: Option<u32>,
    /// How many rounds; in each, all contenders take their turn
    #[arg(long)]
    rounds: Option<u32>,
    /// How long a contender's turn takes, in seconds
    #[arg(long)]
    seconds: Option<f64>,
    /// How many clients ask at once in limit and against
    #[arg(long, default_value_t = 16)]
    clients: u32,
    /// The sizes of growth, in patients
    #[arg(long, value_delimiter = ',')]
    sizes: Vec<u32>,
    /// When the crawl of growth gives up, in seconds
    #[arg(long)]
    crawl: Option<f64>,
    /// Leave database/indexes.sql out in limit, concurrency, cold and against
    #[arg(long)]
    without_indexes: bool,
    /// Where results.json and the plots go, from the root of the workspace
    #[arg(long, default_value = "target/bench")]
    output: PathBuf,
    /// What is drawn at random is the same for the same seed
    #[arg(long, default_value_t = 20_261_101)]
    seed: u64,
    /// The base URL (http) of another FHIR server that holds the same data, to be compared
    #[arg(long, value_name = "URL")]
    against: Option<String>,
    /// What it wants: user:password, or a whole value of Authorization
    #[arg(long, requires = "against")]
    auth: Option<String>,
}

/// A stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StageName {
    /// The app beside what PostgreSQL and Spin cost alone
    Limit,
    /// From 60 to 100,000 patients, with and without indexes
    Growth,
    /// From one client to more than there is room for
    Concurrency,
    /// The first request after a start, and after idling
    Cold,
    /// Another server with the same data
    Against,
}

/// Everything that a stage has to know.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) stages: Vec<StageName>,
    pub(crate) quick: bool,
    pub(crate) patients: u32,
    pub(crate) sizes: Vec<u32>,
    pub(crate) rounds: u32,
    pub(crate) time: Duration,
    /// What a contender does before its turn counts: its instances have ended while others had theirs.
    pub(crate) warming: Duration,
    pub(crate) clients: u32,
    pub(crate) levels: Vec<u32>,
    /// How many different requests a shape has.
    pub(crate) draws: usize,
    pub(crate) crawl: Duration,
    /// How often a start and an idle pause are repeated.
    pub(crate) starts: u32,
    pub(crate) pauses: u32,
    pub(crate) indexes: bool,
    pub(crate) output: PathBuf,
    pub(crate) seed: u64,
    pub(crate) peer: Option<Peer>,
}

/// Another server.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) url: String,
    pub(crate) authorization: Option<String>,
}

impl Arguments {
    /// The plan; what is not said is as for a smoke run, or as for a real one.
    pub(crate) fn plan(self) -> Plan {
        let quick = self.quick;
        let or = |wished: Option<f64>, smoke: f64, real: f64| {
            let seconds = wished.unwrap_or(if quick { smoke } else { real });
            Duration::from_secs_f64(seconds.clamp(0.05, 86_400.0))
        };
        let peer = self.against.map(|url| Peer {
            url,
            authorization: self.auth.map(|text| authorization(&text)),
        });
        Plan {
            stages: stages(self.only, peer.is_some()),
            quick,
            patients: self.patients.unwrap_or(if quick { 60 } else { 100_000 }),
            sizes: match (self.sizes.is_empty(), quick) {
                (false, _) => self.sizes,
                (true, true) => vec![60],
                (true, false) => vec![60, 5_000, 50_000, 100_000],
            },
            rounds: self.rounds.unwrap_or(if quick { 1 } else { 5 }).max(1),
            time: or(self.seconds, 0.2, 2.0),
            warming: Duration::from_millis(if quick { 100 } else { 1_000 }),
            clients: self.clients.max(1),
            levels: vec![1, 16, 64, 256],
            draws: if quick { 4 } else { 64 },
            crawl: or(self.crawl, 3.0, 3_600.0),
            starts: if quick { 1 } else { 5 },
            pauses: if quick { 2 } else { 30 },
            indexes: !self.without_indexes,
            output: xtask::root().join(self.output),
            seed: self.seed,
            peer,
        }
    }
}

impl Plan {
    pub(crate) fn runs(&self, stage: StageName) -> bool {
        self.stages.contains(&stage)
    }
}

fn stages(only: Vec<StageName>, peer: bool) -> Vec<StageName> {
    if !only.is_empty() {
        return only;
    }
    let all = StageName::value_variants().iter().copied();
    all.filter(|stage| peer || *stage != StageName::Against)
        .collect()
}

/// `user:password` has no space, a scheme with its value has one.
fn authorization(text: &str) -> String {
    if text.contains(' ') {
        return text.to_owned();
    }
    crate::client::basic(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(arguments: &[&str]) -> Plan {
        let all = ["bench"].iter().chain(arguments);
        Arguments::parse_from(all).plan()
    }

    #[test]
    fn without_a_peer_everything_else_is_measured() {
        let stages = plan(&[]).stages;
        assert_eq!(stages.len(), 4);
        assert!(!stages.contains(&StageName::Against));
        assert_eq!(
            plan(&["--only", "cold,limit"]).stages,
            [StageName::Cold, StageName::Limit]
        );
    }

    #[test]
    fn a_password_becomes_basic_and_anything_else_is_sent_as_it_is() {
        let of = |auth| {
            plan(&["--against", "http://a", "--auth", auth])
                .peer
                .and_then(|peer| peer.authorization)
        };
        assert_eq!(of("me:secret").as_deref(), Some("Basic bWU6c2VjcmV0"));
        assert_eq!(of("Bearer x").as_deref(), Some("Bearer x"));
    }

    #[test]
    fn an_option_prevails_over_a_smoke_run() {
        let plan = plan(&["--quick", "--patients", "5000", "--seconds", "1.5"]);
        assert_eq!(plan.patients, 5_000);
        assert_eq!(plan.time, Duration::from_millis(1_500));
        assert_eq!(plan.rounds, 1);
    }
}
