//! What is injected, by name: faults of a write, of a look at the slot, and
//! refusals that are none.

use std::time::Duration;

use orgward::demo::{Answer, Fault, Reply};

/// A fault by name.
pub type Named = (&'static str, fn() -> Fault);

/// A fault of the write that leaves its answer lost, or not to be understood.
pub struct WriteFault {
    pub name: &'static str,
    /// Whether the host does what was asked for.
    pub acts: bool,
    /// Whether a success is answered: for a DELETE that is an answer.
    pub success: bool,
    pub fault: fn() -> Fault,
}

const fn not_acted(name: &'static str, fault: fn() -> Fault) -> WriteFault {
    WriteFault {
        name,
        acts: false,
        success: false,
        fault,
    }
}

const fn acted(name: &'static str, fault: fn() -> Fault) -> WriteFault {
    WriteFault {
        acts: true,
        ..not_acted(name, fault)
    }
}

const fn success(fault: WriteFault) -> WriteFault {
    WriteFault {
        success: true,
        ..fault
    }
}

fn instead(answer: Answer) -> Fault {
    Fault::Instead(Reply::Answer(answer))
}

fn acted_but(answer: Answer) -> Fault {
    Fault::Acted(Reply::Answer(answer))
}

fn edited(edit: impl Fn(&mut Answer) + Send + Sync + 'static) -> Fault {
    Fault::Acted(Reply::edited(edit))
}

fn body(text: &'static str) -> Fault {
    edited(move |answer| answer.body = text.into())
}

fn token(text: &'static str) -> Fault {
    edited(move |answer| {
        if let Ok(mut document) = serde_json::from_slice::<serde_json::Value>(&answer.body) {
            document["data"]["attributes"]["token"] = serde_json::from_str(text).unwrap();
            answer.body = document.to_string().into_bytes();
        }
    })
}

const JSON: &str = "application/vnd.api+json";

/// Every way in which a write's answer can be lost.
pub const LOST: &[WriteFault] = &[
    not_acted("connection closed before acting", || {
        Fault::Instead(Reply::Close)
    }),
    not_acted("answer cut before acting", || {
        Fault::Instead(Reply::Truncated(7))
    }),
    not_acted("500 instead of acting", || {
        instead(Answer::new(500, JSON, r#"{"errors":[{"status":500}]}"#))
    }),
    not_acted("502 page of a proxy instead of acting", || {
        instead(Answer::html(502, "502 Bad Gateway"))
    }),
    not_acted("503 instead of acting", || instead(Answer::empty(503))),
    not_acted("504 page of a proxy instead of acting", || {
        instead(Answer::html(504, "504 Gateway Time-out"))
    }),
    not_acted("status 599 instead of acting", || {
        instead(Answer::empty(599))
    }),
    not_acted("408 instead of acting", || instead(Answer::empty(408))),
    not_acted("301 to another host instead of acting", || {
        instead(Answer::redirect(301, "https://elsewhere.example/"))
    }),
    not_acted("307 to the same route instead of acting", || {
        instead(Answer::redirect(
            307,
            "/api/v2/organizations/acme/authentication-token",
        ))
    }),
    not_acted("304 instead of acting", || instead(Answer::empty(304))),
    success(not_acted(
        "200 with a sign-in page instead of acting",
        || instead(Answer::html(200, "Sign in")),
    )),
    success(not_acted("201 with nothing instead of acting", || {
        instead(Answer::empty(201))
    })),
    success(not_acted(
        "200 with another document instead of acting",
        || instead(Answer::new(200, JSON, r#"{"data":[]}"#)),
    )),
    success(not_acted("204 instead of acting", || {
        instead(Answer::empty(204))
    })),
    success(not_acted("an endless answer instead of acting", || {
        Fault::Instead(Reply::Endless(vec![b' '; 65_536], Duration::ZERO))
    })),
    success(not_acted("60 MB instead of acting", || {
        Fault::Instead(Reply::Huge(60_000_000))
    })),
    acted("connection closed after acting", || {
        Fault::Acted(Reply::Close)
    }),
    acted("500 after acting", || edited(|answer| answer.status = 500)),
    acted("502 page of a proxy after acting", || {
        acted_but(Answer::html(502, "502 Bad Gateway"))
    }),
    acted("503 after acting", || acted_but(Answer::empty(503))),
    acted("504 page of a proxy after acting", || {
        acted_but(Answer::html(504, "504 Gateway Time-out"))
    }),
    acted("408 after acting", || acted_but(Answer::empty(408))),
    acted("303 after acting", || {
        acted_but(Answer::redirect(303, "/api/v2/organizations/acme"))
    }),
    success(acted("answer cut to nothing after acting", || {
        Fault::Acted(Reply::Truncated(0))
    })),
    success(acted("answer cut in its middle after acting", || {
        Fault::Acted(Reply::Truncated(90))
    })),
    success(acted("answer without a token in it", || {
        Fault::Acted(Reply::without_token())
    })),
    success(acted("answer with an empty token", || token("\"\""))),
    success(acted("answer with null as token", || token("null"))),
    success(acted("answer with a number as token", || token("12345678"))),
    success(acted("answer with a list as token", || token("[\"a\"]"))),
    success(acted("answer with `data: null`", || {
        body(r#"{"data":null}"#)
    })),
    success(acted("answer that is not JSON", || body("created"))),
    success(acted("answer that is a page", || {
        acted_but(Answer::html(201, "Created"))
    })),
    success(acted("answer without a body", || {
        acted_but(Answer::empty(201))
    })),
    success(acted("answer that ends within the secret", || {
        edited(|answer| {
            let secret = b"\"token\":\"";
            let start = answer.body.windows(secret.len());
            let start = start.into_iter().position(|piece| piece == secret);
            // A DELETE is answered without one.
            let middle = start.map_or(0, |start| start + secret.len() + 20);
            answer.body.truncate(middle);
        })
    })),
    success(acted("an endless answer after acting", || {
        Fault::Acted(Reply::Endless(vec![b' '; 65_536], Duration::ZERO))
    })),
    success(acted("60 MB after acting", || {
        Fault::Acted(Reply::Huge(60_000_000))
    })),
];

/// The answer with its id before its attributes and only what stands before
/// `end` (of which `token` and `id` come to stand for their texts).
fn until(first: &'static str, end: &'static str) -> Fault {
    edited(move |answer| {
        let Ok(document) = serde_json::from_slice::<serde_json::Value>(&answer.body) else {
            return;
        };
        let data = &document["data"];
        let token = &data["attributes"]["token"];
        answer.body = format!("{first}{end}")
            .replace("ID", &data["id"].to_string())
            .replace("TOKEN", &token.to_string())
            .into_bytes();
    })
}

const WITH_ID: &str = r#"{"data":{"id":ID,"attributes":{"token":TOKEN"#;
const WITHOUT_ID: &str = r#"{"data":{"attributes":{"token":TOKEN"#;

/// Answers that are cut or broken, but not before the whole secret has come.
/// Each with how it is called.
pub const SALVAGED: &[Named] = &[
    ("answer cut right behind the secret", || until(WITH_ID, "")),
    ("answer cut in a text behind the secret", || {
        until(WITH_ID, r#","description":"for c"#)
    }),
    ("answer broken behind the secret", || {
        until(WITH_ID, r#"},"links":[}"#)
    }),
    ("answer cut behind the secret, before the id", || {
        until(WITHOUT_ID, r#"},"id":"at-"#)
    }),
];

/// Oddities of a good answer that cost nothing.
pub const ODD: &[Named] = &[
    ("good answer with status 200", || {
        edited(|answer| {
            if answer.status == 201 {
                answer.status = 200;
            }
        })
    }),
    ("good answer with status 202", || {
        edited(|answer| answer.status = 202)
    }),
    ("good answer as text/plain", || {
        edited(|answer| {
            if let Some((_, value)) = answer.headers.first_mut() {
                *value = "text/plain".into();
            }
        })
    }),
    ("good answer without id and dates", || {
        edited(|answer| {
            if let Ok(mut document) = serde_json::from_slice::<serde_json::Value>(&answer.body) {
                let token = document["data"]["attributes"]["token"].clone();
                document = serde_json::json!({ "data": { "attributes": { "token": token } } });
                answer.body = document.to_string().into_bytes();
            }
        })
    }),
    ("good answer with dates that are none", || {
        edited(|answer| {
            if let Ok(mut document) = serde_json::from_slice::<serde_json::Value>(&answer.body) {
                document["data"]["attributes"]["created-at"] = 7.into();
                document["data"]["attributes"]["expired-at"] = "soon".into();
                answer.body = document.to_string().into_bytes();
            }
        })
    }),
];

/// 4xx answers that mean: understood, and refused.
pub const REFUSALS: &[u16] = &[400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 422, 451];

/// A refusal of somebody in between, who does not pass the answer on: the host
/// has acted.
pub const LATE_REFUSALS: &[u16] = &[401, 403, 413, 422, 451];

/// One of them.
pub fn late_refusal(status: u16) -> Fault {
    acted_but(Answer::html(status, "Blocked by policy"))
}

/// A refusal in the words of a server.
pub fn refusal(status: u16) -> Fault {
    let body = format!(r#"{{"errors":[{{"status":"{status}","title":"no","detail":"not now"}}]}}"#);
    instead(Answer::new(status, JSON, body))
}

/// Ways in which a look at the slot fails.
pub const LOOKS: &[Named] = &[
    ("401", || refusal(401)),
    ("403", || refusal(403)),
    ("422", || refusal(422)),
    ("500", || instead(Answer::empty(500))),
    ("503 page of a proxy", || {
        instead(Answer::html(503, "503 Service Unavailable"))
    }),
    ("200 with a sign-in page", || {
        instead(Answer::html(200, "Sign in"))
    }),
    ("200 with nothing", || instead(Answer::empty(200))),
    ("a token without an id", || {
        instead(Answer::new(200, JSON, r#"{"data":{"attributes":{}}}"#))
    }),
    ("a list for a token", || {
        instead(Answer::new(200, JSON, r#"{"data":[]}"#))
    }),
    ("half a document", || {
        instead(Answer::new(200, JSON, r#"{"data":{"id":"at-"#))
    }),
    ("60 MB", || Fault::Instead(Reply::Huge(60_000_000))),
    ("redirect", || {
        instead(Answer::redirect(302, "https://elsewhere.example/"))
    }),
    ("connection closed", || Fault::Instead(Reply::Close)),
    ("answer cut", || Fault::Instead(Reply::Truncated(7))),
    ("429, again and again", || refusal(429)),
];
