//! The two writes: generate (or replace) and delete.
//!
//! A token that dies by a POST cannot be brought back, so a write is sent once
//! and whatever happens is sorted with care: *surely not sent*, *refused*,
//! *done*, or *unknown*. In doubt it is unknown; the caller reads the slot.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Response, StatusCode};

use super::client::{Client, MEDIA_TYPE};
use super::documents;
use super::error::{Problem, WriteError, status_words};
use super::pace::{Permit, Urgency, told_wait};
use super::salvage::Damage;
use super::transport::{self, DOCUMENT, Deadline, Lost, Purpose};
use crate::secret::Secret;
use crate::slot::{Kind, Token};

/// The shortest wait after a 429 to a write; each further one in a row doubles it.
/// A host can ask for less than helps, and for nothing at all.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// A new token, with its secret: the only time it is ever seen.
#[derive(Clone, Debug)]
pub struct Generated {
    /// As the server describes it. The id is [`UNKNOWN`](super::UNKNOWN) if it
    /// gave none.
    pub token: Token,
    /// Its secret.
    pub secret: Secret,
    /// What was wrong with the rest of the answer; then some of the token's
    /// details are not known.
    pub damage: Option<Damage>,
}

/// A success to a DELETE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    /// 204, which is what hosts say and nobody before them.
    NoContent,
    /// Another one. A portal before the host answers one to anything.
    Other,
}

/// A place among a host's requests, for one write.
pub struct Turn<'a> {
    /// Held until the head of the answer is there.
    _permit: Permit<'a>,
}

impl Client {
    /// Waits until the host's pace allows a write. Whoever guards a write waits
    /// here first and looks then, so that nothing lies between the last look
    /// and the request.
    pub async fn turn(&self) -> Turn<'_> {
        Turn {
            _permit: self.pace.permit(Urgency::Owner).await,
        }
    }

    /// Generates a token; one that is there dies at once. Sent exactly once.
    /// `expires_at` is sent in whole seconds; without it the server decides.
    pub async fn generate(
        &self,
        organization: &str,
        kind: Kind,
        expires_at: Option<Timestamp>,
    ) -> Result<Generated, WriteError> {
        self.door(organization)?;
        let turn = self.turn().await;
        self.generate_in(turn, organization, kind, expires_at).await
    }

    /// [`Client::generate`], at once.
    pub async fn generate_in(
        &self,
        turn: Turn<'_>,
        organization: &str,
        kind: Kind,
        expires_at: Option<Timestamp>,
    ) -> Result<Generated, WriteError> {
        let order = documents::order(expires_at);
        let (response, deadline) = self
            .write(turn, Method::POST, organization, kind, Some(order))
            .await?;
        let unknown = |problem: Problem| WriteError::Unknown {
            why: problem.to_string(),
        };
        // Whatever ends the answer too early: a secret that has come is kept.
        let (body, lost) = transport::beginning(response, DOCUMENT, deadline).await;
        let (token, secret, damage) = documents::generated(&documents::mended(body))
            .map_err(|why| unknown(lost.unwrap_or(Problem::Malformed(why))))?;
        Ok(Generated {
            token,
            secret,
            damage,
        })
    }

    /// Deletes the token. Sent exactly once.
    pub async fn delete(&self, organization: &str, kind: Kind) -> Result<(), WriteError> {
        self.door(organization)?;
        let turn = self.turn().await;
        let done = self.delete_in(turn, organization, kind).await;
        done.map(drop)
    }

    /// [`Client::delete`], at once.
    pub async fn delete_in(
        &self,
        turn: Turn<'_>,
        organization: &str,
        kind: Kind,
    ) -> Result<Success, WriteError> {
        // The status says all; a body is not waited for. PROTOCOL.md, 1.
        let done = self.write(turn, Method::DELETE, organization, kind, None);
        match done.await {
            Ok((response, _)) if response.status() == StatusCode::NO_CONTENT => {
                Ok(Success::NoContent)
            }
            Ok(_) => Ok(Success::Other),
            Err(WriteError::Refused { status: 404, .. }) => Err(WriteError::NotFound),
            Err(error) => Err(error),
        }
    }

    /// How long an order waits before it is tried again, after `answers` times 429
    /// in a row, the last of which asks for `told`; nothing where that is enough.
    pub fn wait_after(&self, answers: u32, told: Duration) -> Option<Duration> {
        let limits = &self.options.limits;
        if answers > limits.most_order_waits {
            return None;
        }
        let doubled = 1_u32.checked_shl(answers.saturating_sub(1));
        let least = SHORTEST_WAIT.saturating_mul(doubled.unwrap_or(u32::MAX));
        Some(told.max(least).min(limits.longest_wait))
    }

    /// The door that `--read-only` closes.
    fn door(&self, organization: &str) -> Result<(), WriteError> {
        if self.options.read_only {
            let error = self.error(Some(organization), Problem::ReadOnly);
            return Err(WriteError::NotSent(error));
        }
        Ok(())
    }

    /// Sends a write and hands over the answer if its status is a success.
    async fn write(
        &self,
        turn: Turn<'_>,
        method: Method,
        organization: &str,
        kind: Kind,
        body: Option<String>,
    ) -> Result<(Response, Deadline), WriteError> {
        self.door(organization)?;
        let not_sent = |problem| WriteError::NotSent(self.error(Some(organization), problem));
        let address = self.token_address(organization, kind).map_err(not_sent)?;
        let http = self.connect(Purpose::OneCall).map_err(not_sent)?;
        let mut request = self.request(method, &address, None).map_err(not_sent)?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, MEDIA_TYPE);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        *request.body_mut() = body.map(Into::into);
        let deadline = Deadline::after(self.options.limits.write);
        let response = match self.send(&http, request, deadline).await {
            Ok(response) => response,
            Err(Lost::NotSent(problem)) => return Err(not_sent(problem)),
            Err(Lost::MaybeSent(problem)) => {
                return Err(WriteError::Unknown {
                    why: problem.to_string(),
                });
            }
        };
        drop(turn);
        self.learn(response.headers());
        let status = response.status().as_u16();
        match status {
            200..=299 => {
                self.note_success();
                Ok((response, deadline))
            }
            429 => {
                let wait = told_wait(response.headers(), self.options.limits.longest_wait);
                self.pace.pause(wait);
                Err(WriteError::TooMany { wait })
            }
            // 408 is a proxy's word for a time-out, no refusal.
            400..=407 | 409..=499 => {
                let words = transport::words(response, deadline).await;
                let problem = Problem::of_status(status, words, self.worked());
                let mut words = problem.to_string();
                if status == 404 {
                    words.push_str("; your credential may not change this organization's tokens");
                }
                Err(WriteError::Refused { status, words })
            }
            300..=399 => {
                let to = transport::location(&response);
                Err(WriteError::Unknown {
                    why: Problem::Redirect { status, to }.to_string(),
                })
            }
            // Its words are not repeated: the answer to a POST that was carried
            // out may hold the new secret, which nobody here knows yet and so
            // nobody could blank out.
            _ => Err(WriteError::Unknown {
                why: format!("the host answered {}", status_words(status)),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ClientOptions;
    use crate::slot::Host;

    #[test]
    fn waits_grow_and_have_an_end() {
        let address = "https://tfe.corp.example/api/v2/".parse().unwrap();
        let options = ClientOptions::new(Host::new("tfe.corp.example"), address);
        let client = Client::new(options, Secret::new("x".to_owned())).unwrap();
        let waits = |told: Duration| -> Vec<u64> {
            (1..)
                .map_while(|answers| client.wait_after(answers, told))
                .map(|wait| wait.as_secs())
                .collect()
        };
        let none = waits(Duration::ZERO);
        assert_eq!(none[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(none.len(), 30);
        assert_eq!(waits(Duration::from_secs(5))[..4], [5, 5, 5, 8]);
        assert_eq!(waits(Duration::from_secs(60)), [60; 30]);
    }
}
