//! A host with a clock that stands, and a way to ask it.

use jiff::{SignedDuration, Timestamp};
use orgward::demo::{
    Clock, EmbeddedHost, Fault, FaultRule, Flavour, HostOptions, OrganizationSeed, TokenSeed,
};
use orgward::secret::Secret;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

pub const DAY: u64 = 24 * 60 * 60;
pub const MEDIA: &str = "application/vnd.api+json";
pub const TOKEN: &str = "organizations/acme/authentication-token";

pub fn start_of_test() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

pub fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * n)
}

pub fn client() -> Client {
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .build()
        .unwrap()
}

/// A host with a clock that stands, and a way to ask it.
pub struct Asker {
    pub host: EmbeddedHost,
    pub clock: Clock,
    pub client: Client,
}

impl Asker {
    pub async fn with(edit: impl FnOnce(&mut HostOptions)) -> Self {
        let clock = Clock::at(start_of_test());
        let mut token = TokenSeed::new(days(100));
        token.used = Some(days(1));
        token.expires = Some(days(200));
        let mut options = HostOptions::new(
            Flavour::Hcp,
            vec![
                OrganizationSeed::new("acme").with_token(token),
                OrganizationSeed::new("empty"),
            ],
        );
        options.limit = None;
        edit(&mut options);
        options.clock = clock.clone();
        Self {
            host: EmbeddedHost::start(options).await.unwrap(),
            clock,
            client: client(),
        }
    }

    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn flavour(flavour: Flavour) -> Self {
        Self::with(|options| {
            let fresh = HostOptions::new(flavour, Vec::new());
            options.flavour = flavour;
            options.policies = fresh.policies;
            options.meta = fresh.meta;
        })
        .await
    }

    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        credential: &Secret,
        body: Option<Value>,
    ) -> reqwest::Result<Response> {
        let url = format!("{}{path}", self.host.address());
        let mut request = self
            .client
            .request(method.clone(), url)
            .bearer_auth(credential.expose());
        if method != Method::GET {
            request = request.header("content-type", MEDIA);
        }
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        request.send().await
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        self.send_as(&self.host.credential(), method, path, body)
            .await
    }

    pub async fn send_as(
        &self,
        credential: &Secret,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let answer = self.try_send(method, path, credential, body).await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, attributes: Value) -> (u16, Value) {
        let body = json!({"data": {"type": "authentication-tokens", "attributes": attributes}});
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> (u16, Value) {
        self.send(Method::DELETE, path, None).await
    }

    pub fn fault(&self, method: &str, fault: Fault) {
        self.host.set_faults(vec![FaultRule::on(method, "", fault)]);
    }
}

pub fn secret_of(document: &Value) -> Secret {
    Secret::new(
        document["data"]["attributes"]["token"]
            .as_str()
            .unwrap()
            .to_owned(),
    )
}

pub fn attribute<'a>(document: &'a Value, name: &str) -> &'a Value {
    &document["data"]["attributes"][name]
}
