//! The names of hosts, normalised as the Terraform CLI does it, so that a host
//! in the configuration and the same host in a credentials file are one.
//!
//! A name is what an owner's credential is sent to: it is compared as lower-case
//! ASCII (IDNA), never as it was typed. PROTOCOL.md, 7.

use thiserror::Error;
use url::Url;

use crate::slot::Host;
use crate::text;

/// Why a text is not the name of a host.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HostNameError {
    /// Nothing is there.
    #[error("the host's name is empty; write a name such as app.terraform.io")]
    Empty,
    /// A full address where a name belongs.
    #[error("a bare host is wanted, not an address; write `{0}`")]
    Address(String),
    /// A full address that does not even hold a name.
    #[error(
        "a bare host is wanted, not an address; write HOST or HOST:PORT such as app.terraform.io"
    )]
    BadAddress,
    /// The port is not a number from 1 to 65535.
    #[error("`{0}` has no valid port; write HOST or HOST:PORT with a port from 1 to 65535")]
    Port(String),
    /// Not a name.
    #[error("`{0}` is not the name of a host; write HOST or HOST:PORT such as app.terraform.io")]
    Name(String),
}

/// Reads `HOST` or `HOST:PORT` (an IPv6 address in brackets): lower-case ASCII,
/// `:443` dropped.
pub fn parse(text: &str) -> Result<Host, HostNameError> {
    if text.is_empty() {
        return Err(HostNameError::Empty);
    }
    if text.contains("://") {
        return Err(bare(text));
    }
    let wrong = || HostNameError::Name(text::safe(text));
    let split = match text.strip_prefix('[') {
        Some(rest) => rest.find(']').map(|end| end + 2).ok_or_else(wrong)?,
        None => text.find(':').unwrap_or(text.len()),
    };
    let (name, port) = text.split_at(split);
    // These mean something to a URL parser, but are no part of a name.
    if name.contains(['%', '/', '\\', '@', '?', '#'])
        || name.chars().any(|c| c.is_control() || c.is_whitespace())
    {
        return Err(wrong());
    }
    let name = match url::Host::parse(name).map_err(|_| wrong())? {
        url::Host::Domain(name) if name.split('.').any(str::is_empty) => return Err(wrong()),
        name => name.to_string(),
    };
    let port = match port.strip_prefix(':') {
        Some(port) => Some(parse_port(port).ok_or_else(|| HostNameError::Port(text::safe(text)))?),
        None if port.is_empty() => None,
        None => return Err(wrong()),
    };
    Ok(Host::new(&match port {
        None | Some(443) => name,
        Some(port) => format!("{name}:{port}"),
    }))
}

fn parse_port(text: &str) -> Option<u16> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|port| *port != 0)
}

/// The error for an address: it names the host that was meant, and nothing
/// else of the address, which may hold a password.
fn bare(text: &str) -> HostNameError {
    let host = Url::parse(text).ok().and_then(|url| of_url(&url));
    match host {
        Some(host) => HostNameError::Address(host.to_string()),
        None => HostNameError::BadAddress,
    }
}

/// The host that a URL leads to; its port unless that is 443.
pub fn of_url(url: &Url) -> Option<Host> {
    let name = url.host_str()?;
    let port = url.port_or_known_default()?;
    parse(&format!("{name}:{port}")).ok()
}

/// Whether a URL leads to this machine, so that plain `http` is no danger:
/// 127.0.0.0/8, `[::1]`, `localhost`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_become_lower_case_ascii_without_the_default_port() {
        for (text, name) in [
            ("app.terraform.io", "app.terraform.io"),
            ("App.Terraform.IO:443", "app.terraform.io"),
            ("tfe.corp.example:8443", "tfe.corp.example:8443"),
            ("tfe.corp.example:08443", "tfe.corp.example:8443"),
            ("Bücher.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("[::1]:8080", "[::1]:8080"),
            ("[0:0::1]", "[::1]"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(parse(text).unwrap().as_str(), name, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        for text in [
            "a b",
            "a/b",
            "a%41.example",
            "a@b",
            "a..b",
            "a.b.",
            ".a",
            ":8080",
            "[::1",
            "[::1]x",
            "a\u{1b}[2J",
            "a\\b",
            "::1",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        for text in ["a:", "a:0", "a:65536", "a:+80", "a:b"] {
            assert!(matches!(parse(text), Err(HostNameError::Port(_))), "{text}");
        }
        assert_eq!(parse(""), Err(HostNameError::Empty));
    }

    #[test]
    fn an_address_is_answered_with_the_bare_host_and_without_its_password() {
        let error = parse("https://olivia:hunter2@TFE.example:8443/api/v2/").unwrap_err();
        assert_eq!(
            error.to_string(),
            "a bare host is wanted, not an address; write `tfe.example:8443`"
        );
        assert_eq!(parse("https://"), Err(HostNameError::BadAddress));
    }

    proptest! {
        #[test]
        fn a_normalised_name_stays_as_it_is(text in any::<String>()) {
            if let Ok(host) = parse(&text) {
                prop_assert!(host.as_str().is_ascii());
                prop_assert_eq!(parse(host.as_str()), Ok(host));
            }
        }
    }
}
