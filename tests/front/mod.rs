//! What stands between a program and its hosts in a company: a proxy, which the
//! program asks to CONNECT, and behind it TLS with an authority of its own.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// A proxy whose only destination is one embedded host, by whatever name.
pub struct Front {
    /// The proxy's port.
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    authority: PathBuf,
    _folder: tempfile::TempDir,
    _stop: tokio::sync::oneshot::Sender<()>,
}

/// What the host behind the proxy shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// A certificate that is valid now.
    Certificate,
    /// One whose time is over.
    Expired,
    /// One whose time has not come.
    NotYetValid,
    /// A valid one, and then it wants one of the caller.
    WantsOurs,
    /// No TLS at all.
    Plain,
}

impl Front {
    /// Certificates for these names; what arrives goes on to `host`.
    pub fn start(names: &[&str], host: SocketAddr) -> Self {
        Self::showing(Shows::Certificate, names, host)
    }

    /// As [`Front::start`], with something else to show.
    pub fn showing(shows: Shows, names: &[&str], host: SocketAddr) -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "Corp");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let authority = folder.path().join("ca.pem");
        std::fs::write(&authority, root.pem()).unwrap();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut certificate = CertificateParams::new(names).unwrap();
        match shows {
            Shows::Certificate | Shows::WantsOurs | Shows::Plain => {}
            Shows::Expired => certificate.not_after = rcgen::date_time_ymd(2001, 1, 1),
            Shows::NotYetValid => certificate.not_before = rcgen::date_time_ymd(4000, 1, 1),
        }
        let certificate = certificate.signed_by(&key, &issuer).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = if shows == Shows::WantsOurs {
            let mut roots = RootCertStore::empty();
            roots.add(root.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots));
            ServerConfig::builder().with_client_cert_verifier(verifier.build().unwrap())
        } else {
            ServerConfig::builder().with_no_client_auth()
        };
        let config = config
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .unwrap();
        let tls = (shows != Shows::Plain).then(|| TlsAcceptor::from(Arc::new(config)));

        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let log = asked.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                let serve = async {
                    while let Ok((stream, _)) = listener.accept().await {
                        tokio::spawn(connect(stream, tls.clone(), host, log.clone()));
                    }
                };
                tokio::select! {
                    () = serve => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            port,
            asked,
            authority,
            _folder: folder,
            _stop: stop,
        }
    }

    /// The proxy's address.
    pub fn proxy(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The authority's certificate.
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    /// The first line of everything that arrived, each different one once.
    pub fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        asked.dedup();
        asked
    }
}

async fn connect(
    mut stream: TcpStream,
    tls: Option<TlsAcceptor>,
    host: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let line = String::from_utf8_lossy(&head);
    let line = line.lines().next().unwrap_or_default().to_owned();
    let wanted = line.starts_with("CONNECT ");
    log.lock().unwrap().push(line);
    if !wanted {
        return None;
    }
    let answer = b"HTTP/1.1 200 Connected\r\n\r\n";
    stream.write_all(answer).await.ok()?;
    let mut behind = TcpStream::connect(host).await.ok()?;
    match tls {
        Some(tls) => {
            let mut inside = tls.accept(stream).await.ok()?;
            tokio::io::copy_bidirectional(&mut inside, &mut behind).await
        }
        None => tokio::io::copy_bidirectional(&mut stream, &mut behind).await,
    }
    .ok()?;
    Some(())
}
