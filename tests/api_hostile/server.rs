//! A host that plays a script: it reads one request a connection, keeps it,
//! and does whatever the test wants with the answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// What happens to a request.
pub enum Act {
    /// These bytes, then the end of the connection.
    Send(Vec<u8>),
    /// This head, then this piece so many times.
    Flood(Vec<u8>, Vec<u8>, usize),
    /// These bytes, then one blank every few milliseconds, without an end.
    Drip(Vec<u8>),
    /// An answer that leaves the connection open for more.
    Keep(Vec<u8>),
    /// These bytes, then nothing, and the connection stays.
    Hang(Vec<u8>),
}

/// An answer with a body and its length.
pub fn reply(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Act {
    let body = body.as_ref();
    let length = body.len();
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    Act::Send(bytes)
}

pub struct Server {
    pub port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
    left: Arc<Notify>,
}

impl Server {
    /// `script` is told the number of the request (from 0) and its text.
    pub async fn start(script: impl FnMut(usize, &str) -> Act + Send + 'static) -> Self {
        Self::run(None, script).await
    }

    pub async fn start_tls(
        acceptor: TlsAcceptor,
        script: impl FnMut(usize, &str) -> Act + Send + 'static,
    ) -> Self {
        Self::run(Some(acceptor), script).await
    }

    async fn run(
        tls: Option<TlsAcceptor>,
        script: impl FnMut(usize, &str) -> Act + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let script = Arc::new(Mutex::new(script));
        let left = Arc::new(Notify::new());
        let (seen, count, leaving) = (requests.clone(), connections.clone(), left.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *count.lock().unwrap() += 1;
                let (tls, seen, script) = (tls.clone(), seen.clone(), script.clone());
                let leaving = leaving.clone();
                tokio::spawn(async move {
                    let Some(mut stream) = secured(tls, stream).await else {
                        return;
                    };
                    let Some(request) = read_request(&mut stream).await else {
                        return;
                    };
                    let act = {
                        let mut seen = seen.lock().unwrap();
                        let act = script.lock().unwrap()(seen.len(), &request);
                        seen.push(request);
                        act
                    };
                    let kept = matches!(act, Act::Keep(_));
                    play(&mut stream, act).await;
                    if kept && matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)) {
                        leaving.notify_one();
                    }
                });
            }
        });
        Self {
            port,
            requests,
            connections,
            left,
        }
    }

    /// Waits until the client has closed a connection that it might have kept.
    pub async fn left(&self) {
        let long = Duration::from_secs(60);
        let left = tokio::time::timeout(long, self.left.notified()).await;
        left.expect("the client keeps its connection");
    }

    /// What arrived, each request as one text.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn secured(tls: Option<TlsAcceptor>, stream: TcpStream) -> Option<Box<dyn Stream>> {
    match tls {
        None => Some(Box::new(stream)),
        Some(tls) => Some(Box::new(tls.accept(stream).await.ok()?)),
    }
}

async fn read_request(stream: &mut Box<dyn Stream>) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut byte = [0];
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
        if bytes.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    let head = String::from_utf8(bytes).ok()?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(head + &String::from_utf8(body).ok()?)
}

/// The client may leave at any time, so what cannot be written is no failure.
async fn play(stream: &mut Box<dyn Stream>, act: Act) {
    match act {
        Act::Send(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Act::Flood(head, piece, times) => {
            let _ = stream.write_all(&head).await;
            for _ in 0..times {
                if stream.write_all(&piece).await.is_err() {
                    return;
                }
            }
            let _ = stream.shutdown().await;
        }
        Act::Drip(head) => {
            let _ = stream.write_all(&head).await;
            while stream.write_all(b" ").await.is_ok() && stream.flush().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Act::Keep(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.flush().await;
        }
        Act::Hang(head) => {
            let _ = stream.write_all(&head).await;
            let _ = stream.flush().await;
            std::future::pending::<()>().await;
        }
    }
}
