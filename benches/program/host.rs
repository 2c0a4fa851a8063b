//! The embedded host in a process of its own: this very harness, started again
//! in another role. What it does costs the measured program nothing, and the
//! harness that starts programs stays small.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use orgward::demo::{EmbeddedHost, Flavour, HostOptions, Limit, WorldSource};

/// The first argument of the other role.
pub const ROLE: &str = "as-host";

/// What a host is to be like.
#[derive(Clone, Copy)]
pub struct Wanted {
    pub organizations: usize,
    pub flavour: Flavour,
    /// Time before it acts on a request.
    pub latency: Duration,
    /// Requests a second.
    pub limit: Option<u32>,
}

impl Wanted {
    /// One that answers at once and states no limit.
    pub fn quick(organizations: usize, flavour: Flavour) -> Self {
        Self {
            organizations,
            flavour,
            latency: Duration::ZERO,
            limit: None,
        }
    }
}

/// What a host was asked so far.
pub struct Asked {
    /// Every request's path and query.
    pub paths: Vec<String>,
    /// How many were refused with 429.
    pub refused: usize,
    /// How many different organizations' tokens were asked for and answered.
    pub slots: usize,
}

/// A running host.
pub struct Host {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    pub address: String,
    pub credential: String,
}

impl Host {
    pub fn start(wanted: Wanted) -> Self {
        let flavour = match wanted.flavour {
            Flavour::Hcp => "hcp",
            _ => "enterprise",
        };
        let limit = wanted.limit.unwrap_or(0);
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .arg(ROLE)
            .arg(wanted.organizations.to_string())
            .arg(flavour)
            .arg(wanted.latency.as_millis().to_string())
            .arg(limit.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the host's process");
        let input = child.stdin.take().expect("its input");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = || {
            let mut line = String::new();
            output.read_line(&mut line).expect("its words");
            line.trim().to_owned()
        };
        let (address, credential) = (line(), line());
        assert!(!credential.is_empty(), "the host did not start");
        Self {
            child,
            input,
            output,
            address,
            credential,
        }
    }

    fn say(&mut self, word: &str) {
        writeln!(self.input, "{word}").expect("its input");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("its words");
        line.trim_end().to_owned()
    }

    pub fn asked(&mut self) -> Asked {
        self.say("asked");
        let mut numbers = self.line();
        let mut next = || {
            let (first, rest) = numbers.split_once(' ').unwrap_or((&numbers, ""));
            let number: usize = first.parse().expect("a number");
            numbers = rest.to_owned();
            number
        };
        let (requests, refused, slots) = (next(), next(), next());
        let paths = (0..requests).map(|_| self.line()).collect();
        Asked {
            paths,
            refused,
            slots,
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The other role: ends with its input.
pub fn main(arguments: &[String]) {
    let number = |at: usize| -> usize { arguments[at].parse().expect("a number") };
    let flavour = match arguments[1].as_str() {
        "hcp" => Flavour::Hcp,
        _ => Flavour::Enterprise,
    };
    let limit = u32::try_from(number(3)).expect("a limit");
    let latency = u64::try_from(number(2)).expect("a latency");
    let host = EmbeddedHost::start_on_thread(HostOptions {
        world: WorldSource::Generated(number(0)),
        latency: Duration::from_millis(latency),
        limit: (limit > 0).then_some(Limit {
            requests: limit,
            window: Duration::from_secs(1),
        }),
        remembers: 1_000_000,
        ..HostOptions::new(flavour, Vec::new())
    })
    .expect("the embedded host");
    println!("{}\n{}", host.address(), host.credential().expose());
    for line in std::io::stdin().lines() {
        match line.expect("a word").as_str() {
            "forget" => {
                host.forget_requests();
                println!();
            }
            _ => {
                let requests = host.requests();
                let refused = requests.iter().filter(|r| r.status == Some(429)).count();
                let slots: std::collections::HashSet<&str> = requests
                    .iter()
                    .filter(|r| r.path.ends_with("/authentication-token"))
                    .filter(|r| matches!(r.status, Some(200 | 404)))
                    .map(|r| r.path.as_str())
                    .collect();
                println!("{} {refused} {}", requests.len(), slots.len());
                for request in &requests {
                    let mark = if request.query.is_empty() { "" } else { "?" };
                    println!("{}{mark}{}", request.path, request.query);
                }
            }
        }
    }
}
