//! The client against hosts that answer wrongly, late, too much or not at all.
//!
//! The hosts are scripted sockets, so that what arrives and what is answered
//! is exact to the byte.

mod reads;
mod server;
mod tls;
mod writes;

use std::time::Duration;

use orgward::api::{Client, ClientOptions};
use orgward::secret::Secret;
use orgward::slot::Host;
use url::Url;

const CREDENTIAL: &str = "owner-credential-0123456789";
const TOKEN: &str = r#"{"data":{"id":"at-1","type":"authentication-tokens","attributes":{"created-at":"2026-04-01T08:00:00Z","token":null}}}"#;

fn options(port: u16) -> ClientOptions {
    let address = Url::parse(&format!("http://127.0.0.1:{port}/api/v2/")).unwrap();
    let mut options = ClientOptions::new(Host::new("tfe.test"), address);
    options.limits.backoff = Duration::from_millis(1);
    options.limits.longest_wait = Duration::from_millis(1);
    options
}

fn with(options: ClientOptions) -> Client {
    Client::new(options, Secret::new(CREDENTIAL.into())).unwrap()
}

fn client(port: u16) -> Client {
    with(options(port))
}

/// A client whose patience ends soon, for hosts that never finish.
fn impatient(port: u16) -> Client {
    let mut options = options(port);
    options.limits.read = Duration::from_millis(200);
    options.limits.write = Duration::from_millis(200);
    options.limits.tries = 1;
    with(options)
}

/// A port that nobody listens on.
async fn nobody() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}
