//! Prism: serves an OpenAPI document, or stands before a server and says
//! where its requests and answers break the document.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal};

use super::{patience, poll, required};

/// A running Prism; dropping it ends it.
pub struct Prism {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    address: String,
    _home: tempfile::TempDir,
}

impl Prism {
    /// Answers by the document alone, from its examples and schemas.
    pub fn mock() -> Self {
        Self::start(&["mock"], None)
    }

    /// Hands requests on to `upstream` (`http://127.0.0.1:PORT`), and complains
    /// where a request or its answer breaks the document. Without `--errors`:
    /// that would put its verdict in the place of the answer, and say less.
    pub fn proxy(upstream: &str) -> Self {
        Self::start(&["proxy"], Some(upstream))
    }

    fn start(args: &[&str], upstream: Option<&str>) -> Self {
        let home = tempfile::tempdir().unwrap();
        // Port 0: the system chooses one, and the log names it.
        let mut command = Command::new(required("PRISM"));
        command
            .args(args)
            .args(["--host", "127.0.0.1", "--port", "0"])
            .arg(required("ORGWARD_CONTRACT"))
            .args(upstream)
            .env_clear()
            // Prism is a script for node, wherever that is installed.
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("Prism could not be started: {error}"));
        let log = Arc::new(Mutex::new(Vec::new()));
        keep(child.stdout.take().unwrap(), log.clone());
        keep(child.stderr.take().unwrap(), log.clone());
        let mut prism = Self {
            child,
            log,
            address: String::new(),
            _home: home,
        };
        let listening = poll(patience(), || {
            if let Some(status) = prism.child.try_wait().unwrap() {
                panic!("Prism ended ({status}):\n{}", prism.log());
            }
            let log = prism.log.lock().unwrap();
            let line = log.iter().find(|line| line.contains("is listening on"))?;
            Some(line.split_whitespace().last()?.to_owned())
        });
        prism.address =
            listening.unwrap_or_else(|| panic!("Prism does not listen:\n{}", prism.log()));
        // What it said so far is a list of all routes.
        prism.log.lock().unwrap().clear();
        prism
    }

    /// `http://127.0.0.1:PORT/`; the contract's paths begin there.
    pub fn address(&self) -> String {
        format!("{}/", self.address.trim_end_matches('/'))
    }

    /// Everything it said.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Its complaints about what came so far: requests or answers that break
    /// the document, and routes that the document does not have.
    pub fn complaints(&self) -> Vec<String> {
        // It writes its log behind its answers, in order: what came before a
        // request of ours is complete once that one is in the log.
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let mark = format!("/mark-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let authority = self.address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(authority).unwrap();
        let request =
            format!("GET {mark} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let marked = || {
            let log = self.log.lock().unwrap();
            let at = log.iter().position(|line| line.contains(&mark))?;
            log[at..].iter().find(|line| is_complaint(line)).map(drop)
        };
        poll(patience(), marked)
            .unwrap_or_else(|| panic!("Prism does not answer:\n{}", self.log()));
        let mut is_ours = false;
        let mut complaints = Vec::new();
        for line in self.log.lock().unwrap().iter() {
            is_ours |= line.contains("/mark-");
            if is_complaint(line) && !std::mem::take(&mut is_ours) {
                complaints.push(line.clone());
            }
        }
        complaints
    }

    /// Fails with its complaints, if there are any.
    pub fn assert_content(&self) {
        let complaints = self.complaints();
        assert!(
            complaints.is_empty(),
            "Prism complains:\n{}",
            complaints.join("\n")
        );
    }
}

fn is_complaint(line: &str) -> bool {
    line.contains("Violation:") || line.contains("terminated with error")
}

fn keep(stream: impl std::io::Read + Send + 'static, log: Arc<Mutex<Vec<String>>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            log.lock().unwrap().push(line);
        }
    });
}

impl Drop for Prism {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("Prism said:\n{}", self.log());
        }
        if let Ok(None) = self.child.try_wait() {
            let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
            if let Some(group) = pid {
                let _ = rustix::process::kill_process_group(group, Signal::KILL);
            }
            let _ = self.child.wait();
        }
    }
}
