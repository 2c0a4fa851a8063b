//! A host that goes away and comes back, and one whose clock is wrong.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use orgward::api::Urgency;
use orgward::credentials::Environment;
use orgward::demo::{Answer, Clock, EmbeddedHost, Fault, FaultRule, Flavour, HostOptions, Reply};
use orgward::fleet::{Fleet, Source};
use orgward::slot::{Found, Host, Slot};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::stage::{entry, fleet, host, host_of, limits, listed, slot};

/// The network between the owner and a host.
struct Vpn {
    port: u16,
    to: SocketAddr,
    up: Option<JoinHandle<()>>,
}

impl Vpn {
    async fn to(server: &EmbeddedHost) -> Self {
        let to = ([127, 0, 0, 1], server.address().port().unwrap()).into();
        let mut vpn = Self {
            port: 0,
            to,
            up: None,
        };
        vpn.up().await;
        vpn
    }

    async fn up(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        let to = self.to;
        self.up = Some(tokio::spawn(async move {
            // Ends with every connection when the task does.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(to).await {
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        }));
    }

    async fn down(&mut self) {
        if let Some(task) = self.up.take() {
            task.abort();
            let _ = task.await;
        }
    }
}

#[tokio::test]
async fn a_host_behind_a_vpn_that_goes_away_is_one_problem_and_comes_back() {
    let server = host_of(&["acme", "platform"]).await;
    let steady = host_of(&["steady"]).await;
    let mut vpn = Vpn::to(&server).await;
    let mut address = server.address();
    address.set_port(Some(vpn.port)).unwrap();
    let mut hosts = entry(address, server.credential(), listed(&["acme", "platform"]));
    let mut other = entry(steady.address(), steady.credential(), listed(&["steady"])).remove(0);
    other.0.host = Host::new("app.terraform.io");
    hosts.push((other.0, Source::Given(steady.credential())));
    let mut fleet = Fleet::new(hosts, Environment::new([].into(), None), true, Vec::new());
    fleet.limits = limits();
    let there = Slot::new(&Host::new("app.terraform.io"), "steady");

    assert!(
        fleet
            .read(&slot("acme"), Urgency::Background)
            .await
            .token()
            .is_some()
    );
    fleet.changed().await;
    assert_eq!(fleet.news()[0].away, None);

    vpn.down().await;
    let lost = fleet.read(&slot("acme"), Urgency::Background).await;
    assert_eq!(lost.found, Found::Failed);
    fleet.changed().await;
    let news = fleet.news();
    let why = news[0].away.clone().expect("it is away");
    assert!(why.starts_with("tfe.corp.example: cannot connect"), "{why}");
    assert!(why.contains("VPN"), "{why}");
    assert_eq!(news[1].away, None);
    assert!(
        fleet
            .read(&there, Urgency::Background)
            .await
            .token()
            .is_some()
    );
    assert!(fleet.reach(0).await.is_some());

    vpn.up().await;
    assert_eq!(fleet.reach(0).await, None);
    assert_eq!(fleet.news()[0].away, None);
    assert!(
        fleet
            .read(&slot("platform"), Urgency::Background)
            .await
            .token()
            .is_some()
    );
}

#[tokio::test]
async fn an_answer_of_any_kind_is_an_answer() {
    let server = host_of(&["acme"]).await;
    let fleet = fleet(&server, listed(&["acme"]));
    let broken = Fault::Instead(Reply::Answer(Answer::new(503, "text/plain", "no")));
    server.add_fault(FaultRule::on("GET", "", broken).always());
    let reading = fleet.read(&slot("acme"), Urgency::Background).await;
    assert_eq!(reading.found, Found::Failed);
    assert_eq!(fleet.news()[0].away, None);
    assert_eq!(fleet.reach(0).await, None);
}

#[tokio::test]
async fn a_host_that_was_never_reached_is_tried_again_and_only_when_asked() {
    // Nobody listens there.
    let port = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let server = host_of(&["acme"]).await;
    let mut vpn = Vpn::to(&server).await;
    vpn.down().await;
    vpn.port = port;
    let mut address = server.address();
    address.set_port(Some(port)).unwrap();
    let hosts = entry(address, server.credential(), listed(&["acme"]));
    let mut fleet = Fleet::new(hosts, Environment::new([].into(), None), true, Vec::new());
    fleet.limits = limits();
    let reading = fleet.read(&slot("acme"), Urgency::Background).await;
    assert_eq!(reading.found, Found::Failed);
    assert!(fleet.news()[0].away.is_some());
    vpn.up().await;
    assert_eq!(fleet.reach(0).await, None);
    assert!(
        fleet
            .read(&slot("acme"), Urgency::Background)
            .await
            .token()
            .is_some()
    );
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_and_one_that_agrees_is_not() {
    for (ahead, told) in [(0, false), (-600, true), (7200, true)] {
        let ahead = SignedDuration::from_secs(ahead);
        let mut options = HostOptions::new(Flavour::Hcp, vec![crate::stage::seed("acme")]);
        if told {
            options.clock = Clock::at(Timestamp::now() + ahead);
        }
        let server = host(options).await;
        let fleet = fleet(&server, listed(&["acme"]));
        fleet.read(&slot("acme"), Urgency::Background).await;
        let clock = fleet.news()[0].clock;
        if told {
            // The test machine may be slow; the host's clock stands still.
            let difference = (clock - ahead).abs();
            assert!(
                difference < SignedDuration::from_secs(60),
                "{clock} for {ahead}"
            );
            tokio::time::timeout(Duration::from_secs(60), fleet.changed())
                .await
                .expect("it is told without being asked");
        } else {
            assert_eq!(clock, SignedDuration::ZERO);
        }
    }
}
