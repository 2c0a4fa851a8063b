//! The wire: connections, the answers on them, and every way to spoil one.
//!
//! hyper is driven directly because a host that closes without an answer is
//! one of the things to be shown: a service that fails makes hyper drop the
//! connection as it is.

use std::convert::Infallible;
use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpListener;

use super::contract::{Ask, answer, decode};
use super::fault::{Answer, Fault, Reply};
use super::host::{Flavour, HostHandle, RequestRecord};
use super::ids::{Digest, digest};

/// More than any request needs.
const MAX_REQUEST_BODY: usize = 1024 * 1024;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// There is no answer; the connection ends.
#[derive(Debug, Error)]
#[error("the connection is closed without an answer")]
struct Closed;

/// Serves until the host is stopped.
pub(super) async fn run(listener: TcpListener, host: HostHandle) {
    let stop = host.0.stop.clone();
    let accept = async {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Too many open files, for instance: others will close.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let host = host.clone();
            let stop = host.0.stop.clone();
            let service = service_fn(move |request| respond(host.clone(), request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(stop.run_until_cancelled_owned(connection));
        }
    };
    stop.run_until_cancelled(accept).await;
}

/// A host goes on with a request whose client has gone, so the work is a task
/// of its own.
async fn respond(host: HostHandle, request: Request<Incoming>) -> Result<Response<Body>, Closed> {
    let stop = host.0.stop.clone();
    let work = tokio::spawn(stop.run_until_cancelled_owned(handle(host, request)));
    match work.await {
        Ok(Some(answer)) => answer,
        _ => Err(Closed),
    }
}

async fn handle(host: HostHandle, request: Request<Incoming>) -> Result<Response<Body>, Closed> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_REQUEST_BODY)
        .collect()
        .await
        .map_err(|_| Closed)?
        .to_bytes();
    let credential = bearer(&head.headers);
    let record = RequestRecord {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: shown(&head.headers),
        carried_credential: head.headers.contains_key(AUTHORIZATION),
        body: String::from_utf8_lossy(&body).into_owned(),
        status: None,
    };
    let number = host.arrived(record.clone());
    let hook = host.state().before.clone();
    if let Some(hook) = hook {
        hook(&host, &record);
    }
    let (mut fault, latency) = {
        let mut state = host.state();
        let target = format!("{}?{}", decode(&record.path), decode(&record.query));
        let fault = state
            .faults
            .iter_mut()
            .find_map(|rule| rule.meets(&record.method, &target));
        state.faults_met += usize::from(fault.is_some());
        (fault, state.latency)
    };
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    while let Some(Fault::Held(wait, then)) = fault {
        wait.over().await;
        fault = Some(*then);
    }
    if let Some(Fault::Instead(reply)) = &fault {
        let unavailable = Answer::html(503, "503 Service Temporarily Unavailable");
        return send(&host, number, unavailable, Some(reply));
    }
    if let Some(Fault::WaitThenAct(wait)) = &fault {
        wait.over().await;
    }
    let answer = act(&host, &record, credential, &body);
    let hook = host.state().after.clone();
    if let Some(hook) = hook {
        hook(&host, &record);
    }
    match &fault {
        Some(Fault::ActThenWait(wait)) => {
            wait.over().await;
            send(&host, number, answer, None)
        }
        Some(Fault::Acted(reply)) => send(&host, number, answer, Some(reply)),
        _ => send(&host, number, answer, None),
    }
}

/// The pace limit, then the contract, then the headers that every answer has.
fn act(
    host: &HostHandle,
    record: &RequestRecord,
    credential: Option<Digest>,
    body: &[u8],
) -> Answer {
    let settings = &host.0.settings;
    let mut guard = host.state();
    let state = &mut *guard;
    let verdict = state
        .limit
        .map(|limit| state.windows.count(credential, limit, Instant::now()));
    let mut answer = if verdict.as_ref().is_some_and(|verdict| !verdict.allowed) {
        settings.error(
            429,
            "Too many requests",
            "You have exceeded the API's rate limit.",
            None,
        )
    } else {
        let ask = Ask {
            method: &record.method,
            path: &record.path,
            query: &record.query,
            content_type: record.header("content-type"),
            credential,
            body,
        };
        answer(&mut state.world, settings, &ask)
    };
    if let Some(verdict) = verdict {
        answer = answer
            .header("x-ratelimit-limit", &verdict.limit.to_string())
            .header("x-ratelimit-remaining", &verdict.remaining.to_string())
            .header(
                "x-ratelimit-reset",
                &format!("{:.3}", verdict.reset.as_secs_f64()),
            );
    }
    match settings.flavour {
        Flavour::Hcp => answer
            .header("tfp-api-version", "2.6")
            .header("tfp-appname", "HCP Terraform"),
        Flavour::Enterprise => answer
            .header("tfp-api-version", "2.6")
            .header("tfp-appname", "Terraform Enterprise")
            .header(
                "x-tfe-version",
                if state.world.policies {
                    "2.0.1"
                } else {
                    "v202507-1"
                },
            ),
        Flavour::Bare => answer,
    }
}

fn bearer(headers: &HeaderMap) -> Option<Digest> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| digest(secret.trim()))
}

fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| *name != AUTHORIZATION)
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect()
}

/// Puts an answer on the wire, spoiled by `reply`.
fn send(
    host: &HostHandle,
    number: usize,
    mut answer: Answer,
    reply: Option<&Reply>,
) -> Result<Response<Body>, Closed> {
    let date = host.0.clock.now();
    let response = match reply {
        None => whole(answer),
        Some(Reply::Close) => return Err(Closed),
        Some(Reply::Answer(other)) => whole(other.clone()),
        Some(Reply::Edited(edit)) => {
            edit(&mut answer);
            whole(answer)
        }
        Some(Reply::Truncated(bytes)) => truncated(answer, *bytes),
        Some(Reply::Endless(piece, pace)) => head(json(200)).map(|mut response| {
            *response.body_mut() = endless(piece.clone().into(), *pace);
            response
        }),
        Some(Reply::Huge(bytes)) => huge(*bytes),
    };
    let mut response = response?;
    if let Ok(date) = HeaderValue::from_str(&date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
    {
        response.headers_mut().entry("date").or_insert(date);
    }
    host.answered(number, response.status().as_u16());
    Ok(response)
}

fn json(status: u16) -> Answer {
    Answer::new(status, super::contract::JSON_API, "")
}

/// Status and headers, with no body yet. A header that HTTP does not have
/// closes the connection, so that a test cannot overlook it.
fn head(answer: Answer) -> Result<Response<Body>, Closed> {
    let mut response = Response::new(full(Bytes::new()));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(|_| Closed)?;
    for (name, value) in answer.headers {
        response.headers_mut().append(
            HeaderName::try_from(name).map_err(|_| Closed)?,
            HeaderValue::try_from(value).map_err(|_| Closed)?,
        );
    }
    Ok(response)
}

fn whole(mut answer: Answer) -> Result<Response<Body>, Closed> {
    let body = std::mem::take(&mut answer.body);
    let mut response = head(answer)?;
    *response.body_mut() = full(body.into());
    Ok(response)
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes)
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

fn truncated(mut answer: Answer, bytes: usize) -> Result<Response<Body>, Closed> {
    let mut body = std::mem::take(&mut answer.body);
    let length = body.len();
    body.truncate(bytes);
    let mut response = head(answer)?;
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(length));
    let steps = stream::unfold(Some(Bytes::from(body)), |next| async move {
        match next {
            Some(piece) => Some((Ok(Frame::data(piece)), None)),
            None => {
                // What was given so far is flushed before the failure is seen.
                tokio::task::yield_now().await;
                Some((Err(io::Error::other("cut")), None))
            }
        }
    });
    *response.body_mut() = BodyExt::boxed_unsync(StreamBody::new(steps));
    Ok(response)
}

fn endless(piece: Bytes, pace: Duration) -> Body {
    let steps = stream::unfold(piece, move |piece| async move {
        if pace.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(pace).await;
        }
        Some((Ok(Frame::data(piece.clone())), piece))
    });
    BodyExt::boxed_unsync(StreamBody::new(steps))
}

fn huge(bytes: usize) -> Result<Response<Body>, Closed> {
    const HEAD: &[u8] = br#"{"data":""#;
    const TAIL: &[u8] = br#""}"#;
    static FILLING: [u8; 64 * 1024] = [b'x'; 64 * 1024];
    let filling = bytes.saturating_sub(HEAD.len() + TAIL.len());
    let mut response = head(json(200))?;
    response.headers_mut().insert(
        CONTENT_LENGTH,
        HeaderValue::from(filling + HEAD.len() + TAIL.len()),
    );
    let pieces = std::iter::once(Bytes::from_static(HEAD))
        .chain(
            (0..filling)
                .step_by(FILLING.len())
                .map(move |at| Bytes::from_static(&FILLING[..FILLING.len().min(filling - at)])),
        )
        .chain(std::iter::once(Bytes::from_static(TAIL)))
        .map(|piece| Ok(Frame::data(piece)));
    *response.body_mut() = BodyExt::boxed_unsync(StreamBody::new(stream::iter(pieces)));
    Ok(response)
}
