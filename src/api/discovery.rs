//! Where a host's API is. PROTOCOL.md, 6.
//!
//! No credential is sent here. An API on another origin is reported, not used:
//! otherwise whoever can change one public document chooses where credentials
//! go.

use std::path::Path;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderValue, LOCATION};
use reqwest::{Method, Request};
use url::Url;

use super::documents::mended;
use super::error::{ApiError, Problem};
use super::json;
use super::transport::{self, DOCUMENT, Deadline, Lost, Purpose, connection};
use crate::config::api_address;
use crate::slot::Host;
use crate::text::safe;

/// Redirects that are followed.
const MOST_REDIRECTS: usize = 3;
/// Where the API is when a host does not say.
const DEFAULT_PATH: &str = "/api/v2/";

/// Where a host's API is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// The API's address, ending in `/`.
    pub address: Url,
    /// What is to be said about it: that the host does not name its API.
    pub note: Option<String>,
}

/// Asks a host where its API is, in at most `limit` (10 s is usual).
pub async fn discover(
    host: &Host,
    ca_file: Option<&Path>,
    limit: Duration,
) -> Result<Discovery, ApiError> {
    let found = find(host, ca_file, limit).await;
    found.map_err(|problem| ApiError::of_host(host, problem))
}

async fn find(host: &Host, ca_file: Option<&Path>, limit: Duration) -> Result<Discovery, Problem> {
    let start = Url::parse(&format!("https://{host}/.well-known/terraform.json"))
        .map_err(|_| Problem::Setup("this is no host's name".into()))?;
    let http = connection(&start, ca_file, limit, Purpose::OneCall)?;
    let deadline = Deadline::after(limit);
    let mut at = start.clone();
    for _ in 0..=MOST_REDIRECTS {
        let mut request = Request::new(Method::GET, at.clone());
        request
            .headers_mut()
            .insert(ACCEPT, HeaderValue::from_static("application/json"));
        let response = transport::send(&http, request, ca_file, deadline)
            .await
            .map_err(Lost::problem)?;
        let status = response.status().as_u16();
        match status {
            200..=299 => {
                let body = mended(transport::body(response, DOCUMENT, deadline).await?);
                return understand(&body, &start, &at);
            }
            404 | 410 => return by_default(&start, "the host has no service discovery (404)"),
            301 | 302 | 303 | 307 | 308 => {
                let to = response
                    .headers()
                    .get(LOCATION)
                    .and_then(|to| to.to_str().ok())
                    .and_then(|to| at.join(to).ok())
                    .filter(|to| to.scheme() == "https");
                match to {
                    Some(to) => at = to,
                    None => {
                        return Err(Problem::Redirect {
                            status,
                            to: transport::location(&response),
                        });
                    }
                }
            }
            _ => {
                return Err(Problem::Status {
                    status,
                    words: transport::words(response, deadline).await,
                });
            }
        }
    }
    Err(Problem::Malformed(format!(
        "service discovery redirects more than {MOST_REDIRECTS} times; write the host's `address` \
         in the configuration"
    )))
}

fn by_default(start: &Url, why: &str) -> Result<Discovery, Problem> {
    let address = start
        .join(DEFAULT_PATH)
        .map_err(|_| Problem::Setup("this is no host's name".into()))?;
    Ok(Discovery {
        note: Some(format!("{why}, so {DEFAULT_PATH} is used")),
        address,
    })
}

/// What the document says; `at` is where it was found in the end.
fn understand(body: &[u8], start: &Url, at: &Url) -> Result<Discovery, Problem> {
    let document = json::parse(body).map_err(|why| {
        Problem::Malformed(format!(
            "service discovery: {why}; write the host's `address` in the configuration"
        ))
    })?;
    let Some(text) = document.text_at(&["tfe.v2"]) else {
        return by_default(start, "the host's service discovery names no `tfe.v2`");
    };
    let mut address = at
        .join(text)
        .map_err(|_| Problem::Malformed("service discovery: its `tfe.v2` is no address".into()))?;
    address.set_query(None);
    address.set_fragment(None);
    if !address.path().ends_with('/') {
        let path = format!("{}/", address.path());
        address.set_path(&path);
    }
    let userinfo = !address.username().is_empty() || address.password().is_some();
    if address.origin() != start.origin() || userinfo {
        let host = address.host_str().unwrap_or_default().to_owned();
        // Whatever a document says, only an owner leads to this very machine.
        let unfit = |why: &str| {
            Problem::Setup(format!(
                "the host says that its API is on {}, where the credential is not sent: {why}",
                safe(&host)
            ))
        };
        return Err(match api_address(address.as_str()) {
            Ok(address) if address.scheme() == "https" => Problem::Elsewhere(address),
            Ok(_) => unfit("it is without TLS"),
            Err(why) => unfit(&why),
        });
    }
    Ok(Discovery {
        address,
        note: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_in(body: &str, at: &str) -> Result<Discovery, Problem> {
        let start = Url::parse("https://tfe.corp.example/.well-known/terraform.json").unwrap();
        understand(body.as_bytes(), &start, &Url::parse(at).unwrap())
    }

    const HERE: &str = "https://tfe.corp.example/.well-known/terraform.json";

    #[test]
    fn relative_absolute_and_odd_paths() {
        for (value, address) in [
            ("/api/v2/", "https://tfe.corp.example/api/v2/"),
            ("/api/v2", "https://tfe.corp.example/api/v2/"),
            ("../tfe/v2?x#y", "https://tfe.corp.example/tfe/v2/"),
            (
                "https://tfe.corp.example:443/a/",
                "https://tfe.corp.example/a/",
            ),
        ] {
            let found = find_in(&format!(r#"{{"tfe.v2":"{value}"}}"#), HERE).unwrap();
            assert_eq!(found.address.as_str(), address);
            assert_eq!(found.note, None);
        }
    }

    #[test]
    fn another_origin_is_named_and_not_used() {
        for (value, at) in [
            ("https://api.corp.example/v2/", HERE),
            ("https://tfe.corp.example:8443/api/v2/", HERE),
            ("/api/v2/", "https://elsewhere.example/terraform.json"),
        ] {
            let error = find_in(&format!(r#"{{"tfe.v2":"{value}"}}"#), at).unwrap_err();
            assert!(
                error.to_string().contains("address = \"https://"),
                "{error}"
            );
            assert!(matches!(error, Problem::Elsewhere(_)), "{error:?}");
        }
    }

    #[test]
    fn an_address_that_may_not_be_written_is_not_offered() {
        for value in [
            "http://tfe.corp.example/api/v2/",
            "http://127.0.0.1:8080/api/v2/",
            "https://user@tfe.corp.example/api/v2/",
            "https://user:word@elsewhere.example/",
            "ftp://tfe.corp.example/",
        ] {
            let error = find_in(&format!(r#"{{"tfe.v2":"{value}"}}"#), HERE).unwrap_err();
            assert!(matches!(error, Problem::Setup(_)), "{error:?}");
            let words = error.to_string();
            assert!(words.contains("not sent"), "{words}");
            assert!(
                !words.contains("address =") && !words.contains("user:"),
                "{words}"
            );
        }
    }

    #[test]
    fn a_document_without_the_service_means_the_default_and_says_so() {
        for body in ["{}", r#"{"tfe.v2":null}"#, r#"{"tfe.v2":{}}"#, "[]"] {
            let found = find_in(body, HERE).unwrap();
            assert_eq!(found.address.as_str(), "https://tfe.corp.example/api/v2/");
            assert!(found.note.unwrap().contains("/api/v2/"));
        }
        assert!(find_in("<html>", HERE).is_err());
    }
}
