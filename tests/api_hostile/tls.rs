//! TLS and service discovery, with a throw-away certificate authority.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use orgward::api::{ApiError, Client, Discovery, Problem, TlsFault, Urgency, WriteError, discover};
use orgward::secret::Secret;
use orgward::slot::{Host, Kind};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use url::Url;

use crate::server::{Server, reply};
use crate::{CREDENTIAL, TOKEN, options};

const ORG: Kind = Kind::Organization;

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

fn authority() -> Authority {
    named("Ours")
}

fn named(name: &str) -> Authority {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, certificate.pem()).unwrap();
    Authority {
        issuer: Issuer::new(params, key),
        file,
        _folder: folder,
    }
}

fn acceptor(authority: &Authority) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let chain = vec![certificate.der().clone()];
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key.into())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn client(port: u16, ca: &Authority) -> Client {
    let mut options = options(port);
    options.address = Url::parse(&format!("https://127.0.0.1:{port}/api/v2/")).unwrap();
    options.ca_file = Some(ca.file.clone());
    Client::new(options, Secret::new(CREDENTIAL.into())).unwrap()
}

#[tokio::test]
async fn an_own_authority_needs_its_file() {
    let (ours, other) = (authority(), named("Other"));
    let server = Server::start_tls(acceptor(&ours), |_, _| reply("200 OK", "", TOKEN)).await;
    let trusting = client(server.port, &ours);
    trusting
        .read_token("acme", ORG, Urgency::Owner)
        .await
        .unwrap();

    let doubting = client(server.port, &other);
    let error = doubting
        .read_token("acme", ORG, Urgency::Owner)
        .await
        .unwrap_err();
    assert!(
        matches!(
            &error.problem,
            Problem::Tls {
                fault: TlsFault::UnknownIssuer,
                ca_file: Some(_),
                ..
            }
        ),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(text.starts_with("acme on tfe.test: "), "{text}");
    assert!(
        text.contains("issuer") && text.contains("`ca_file`"),
        "{text}"
    );
    // A handshake that fails carried no request.
    let write = doubting.delete("acme", ORG).await.unwrap_err();
    assert!(matches!(write, WriteError::NotSent(_)), "{write:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_host_that_speaks_no_tls_got_no_write() {
    let ours = authority();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    let write = client(port, &ours)
        .generate("acme", ORG, None)
        .await
        .unwrap_err();
    assert!(matches!(write, WriteError::NotSent(_)), "{write:?}");
}

#[tokio::test]
async fn a_ca_file_that_is_none_is_named() {
    let mut ca = authority();
    for bad in ["missing.pem", "empty.pem"] {
        ca.file.set_file_name(bad);
        if bad == "empty.pem" {
            std::fs::write(&ca.file, "no certificate").unwrap();
        }
        let read = client(1, &ca).read_token("acme", ORG, Urgency::Owner).await;
        let text = read.unwrap_err().to_string();
        assert!(text.contains("`ca_file`") && text.contains(bad), "{text}");
    }
}

async fn find(server: &Server, ca: &Authority) -> Result<Discovery, ApiError> {
    let host = Host::new(&format!("127.0.0.1:{}", server.port));
    discover(&host, Some(&ca.file), Duration::from_secs(10)).await
}

#[tokio::test]
async fn discovery_as_hosts_do_it() {
    let ca = authority();
    let server = Server::start_tls(acceptor(&ca), |n, _| match n {
        0 => reply(
            "200 OK",
            "",
            r#"{"modules.v1":"/m/","tfe.v2":"/tfe/api/v2"}"#,
        ),
        1 => reply("302 Found", "Location: /elsewhere/terraform.json\r\n", ""),
        2 => reply("200 OK", "", r#"{"tfe.v2":"v2/"}"#),
        3 => reply("404 Not Found", "", ""),
        4 => reply("200 OK", "", "{}"),
        5 => reply("200 OK", "", r#"{"tfe.v2":"https://api.corp.example/v2/"}"#),
        6 => reply("200 OK", "", "<html>"),
        7 => reply("200 OK", "", vec![b' '; 2 << 20]),
        8 => reply("302 Found", "Location: http://127.0.0.1:1/\r\n", ""),
        _ => reply("302 Found", "Location: /again\r\n", ""),
    })
    .await;
    let address = |path: &str| format!("https://127.0.0.1:{}{path}", server.port);
    let found = find(&server, &ca).await.unwrap();
    assert_eq!(
        (found.address.to_string(), found.note),
        (address("/tfe/api/v2/"), None)
    );
    let found = find(&server, &ca).await.unwrap();
    assert_eq!(found.address.to_string(), address("/elsewhere/v2/"));
    for _ in 0..2 {
        let found = find(&server, &ca).await.unwrap();
        assert_eq!(found.address.to_string(), address("/api/v2/"));
        assert!(found.note.is_some());
    }
    for words in [
        r#"address = "https://api.corp.example/v2/""#,
        "web page",
        "larger than",
        "redirect",
        "more than 3 times",
    ] {
        let text = find(&server, &ca).await.unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 13);
    assert!(requests[0].starts_with("GET /.well-known/terraform.json HTTP/1.1\r\n"));
    assert!(requests[2].starts_with("GET /elsewhere/terraform.json HTTP/1.1\r\n"));
    assert!(
        requests
            .iter()
            .all(|request| !request.contains("authorization"))
    );
}
