//! The Terraform CLI itself as the judge: for the same files and variables it
//! must send to a host what this program would send.
//!
//! The host is a TLS server on the loopback interface that the CLI asks for its
//! services when it installs a provider; that request carries the credential.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use orgward::config::HostConfig;
use orgward::credentials::{self, Environment, Programs};
use orgward::slot::Host;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// The `Authorization` headers that arrived; `None` for a request without one.
type Heard = Arc<Mutex<Vec<Option<String>>>>;

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, heard: Heard) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let Ok(mut stream) = acceptor.accept(stream).await else {
            continue;
        };
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => request.push(byte),
                Err(_) => break,
            }
        }
        let request = String::from_utf8(request).unwrap();
        let header = request.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let found = name.eq_ignore_ascii_case("authorization");
            found.then(|| value.trim().to_owned())
        });
        heard.lock().unwrap().push(header);
        let answer = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let _ = stream.write_all(answer).await;
        let _ = stream.shutdown().await;
    }
}

/// One configuration: files under HOME, and variables; `HOST` in either stands
/// for the host's name, `LOCALHOST:PORT` for the same in capitals, `HOME` in a variable for the home directory.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [(&'static str, &'static str)],
);

const CASES: &[Case] = &[
    ("nothing", &[], &[]),
    ("a variable", &[], &[("TF_TOKEN_HOST", "T1")]),
    (
        "a variable in upper case",
        &[],
        &[("TF_TOKEN_LOCALHOST:PORT", "T1")],
    ),
    (
        "an empty variable beats a file",
        &[(".terraformrc", "credentials \"HOST\" { token = \"T2\" }")],
        &[("TF_TOKEN_HOST", "")],
    ),
    (
        "a variable beats a file",
        &[(".terraformrc", "credentials \"HOST\" { token = \"T2\" }")],
        &[("TF_TOKEN_HOST", "T1")],
    ),
    (
        "a block",
        &[(
            ".terraformrc",
            "credentials \"HOST\" {\r\n  token = \"T2\"\r\n}\r\n",
        )],
        &[],
    ),
    (
        "a name in upper case",
        &[(
            ".terraformrc",
            "credentials \"LOCALHOST:PORT\" { token = \"T2\" }",
        )],
        &[],
    ),
    (
        "the block's name in upper case",
        &[(".terraformrc", "Credentials \"HOST\" { token = \"T2\" }")],
        &[],
    ),
    (
        "the token's name in upper case",
        &[(".terraformrc", "credentials \"HOST\" { Token = \"T2\" }")],
        &[],
    ),
    (
        "comments",
        &[(
            ".terraformrc",
            "# a\n// b\n/* c } */ credentials \"HOST\" { # d\n token /* e */ = \"T2\" // f\n}",
        )],
        &[],
    ),
    (
        "nested",
        &[(
            ".terraformrc",
            "credentials { \"HOST\" { token = \"T2\" } }",
        )],
        &[],
    ),
    (
        "nested with equals",
        &[(
            ".terraformrc",
            "credentials = { \"HOST\" = { token = \"T2\" } }",
        )],
        &[],
    ),
    (
        "a list",
        &[(
            ".terraformrc",
            "credentials = [{ \"HOST\" = [{ token = \"T2\" }] }]",
        )],
        &[],
    ),
    (
        "commas",
        &[(
            ".terraformrc",
            "credentials \"HOST\" { a = 1, token = \"T2\", b = [1, \"x\",], }",
        )],
        &[],
    ),
    (
        "one line without commas",
        &[(
            ".terraformrc",
            "disable_checkpoint = true credentials \"HOST\" { a = 1 token = \"T2\" }",
        )],
        &[],
    ),
    (
        "escapes",
        &[(
            ".terraformrc",
            "credentials \"HOST\" { token = \"a\\\"b\\\\c\\u0041\\x42\\103\" }",
        )],
        &[],
    ),
    (
        "an interpolation",
        &[(
            ".terraformrc",
            "credentials \"HOST\" { token = \"x${file(\"y\\\\z\")}w\" }",
        )],
        &[],
    ),
    (
        "an empty token",
        &[(".terraformrc", "credentials \"HOST\" { token = \"\" }")],
        &[],
    ),
    (
        "no token",
        &[(".terraformrc", "credentials \"HOST\" {}")],
        &[],
    ),
    (
        "a number as token",
        &[(".terraformrc", "credentials \"HOST\" { token = 7 }")],
        &[],
    ),
    (
        "two blocks",
        &[(
            ".terraformrc",
            "credentials \"HOST\" { token = \"T2\" }\ncredentials \"HOST\" { token = \"T3\" }",
        )],
        &[],
    ),
    (
        "a second block without a token",
        &[(
            ".terraformrc",
            "credentials \"HOST\" { token = \"T2\" }\ncredentials \"HOST\" { x = \"y\" }",
        )],
        &[],
    ),
    (
        "two tokens",
        &[(
            ".terraformrc",
            "credentials \"HOST\" {\n token = \"T2\"\n token = \"T3\"\n}",
        )],
        &[],
    ),
    (
        "another block beside it",
        &[(
            ".terraformrc",
            "provider_installation {\n direct {}\n}\ncredentials \"a.example\" { token = \"T9\" }\ncredentials \"HOST\" { token = \"T2\" }",
        )],
        &[],
    ),
    (
        "JSON in the main file",
        &[(
            ".terraformrc",
            " {\"credentials\": {\"HOST\": {\"token\": \"T2\"}}}",
        )],
        &[],
    ),
    (
        "JSON lists",
        &[(
            ".terraformrc",
            "{\"credentials\": [{\"HOST\": [{\"token\": \"T2\"}]}]}",
        )],
        &[],
    ),
    (
        "JSON escapes",
        &[(
            ".terraform.d/a.tfrc.json",
            "{\"credentials\": {\"HOST\": {\"token\": \"a\\\"b\\\\c\\u0041\"}}}",
        )],
        &[],
    ),
    (
        "a token of null",
        &[(
            ".terraform.d/a.tfrc.json",
            "{\"credentials\": {\"HOST\": {\"token\": null}}}",
        )],
        &[],
    ),
    (
        "terraform login",
        &[(
            ".terraform.d/credentials.tfrc.json",
            "{\"credentials\": {\"HOST\": {\"token\": \"T4\"}}}",
        )],
        &[],
    ),
    (
        "the folder beats the main file",
        &[
            (".terraformrc", "credentials \"HOST\" { token = \"T2\" }"),
            (
                ".terraform.d/a.tfrc",
                "credentials \"HOST\" { token = \"T4\" }",
            ),
        ],
        &[],
    ),
    (
        "a later file wins",
        &[
            (
                ".terraform.d/b.tfrc",
                "credentials \"HOST\" { token = \"T5\" }",
            ),
            (
                ".terraform.d/a.tfrc.json",
                "{\"credentials\": {\"HOST\": {\"token\": \"T4\"}}}",
            ),
        ],
        &[],
    ),
    (
        "a later file without a token",
        &[
            (
                ".terraform.d/a.tfrc",
                "credentials \"HOST\" { token = \"T4\" }",
            ),
            (".terraform.d/b.tfrc", "credentials \"HOST\" {}"),
        ],
        &[],
    ),
    (
        "a hidden file counts",
        &[(
            ".terraform.d/.tfrc",
            "credentials \"HOST\" { token = \"T4\" }",
        )],
        &[],
    ),
    (
        "another ending does not count",
        &[(
            ".terraform.d/a.tfrc.bak",
            "credentials \"HOST\" { token = \"T4\" }",
        )],
        &[],
    ),
    (
        "a broken file beside a good one",
        &[
            (".terraform.d/a.tfrc", "credentials {"),
            (
                ".terraform.d/b.tfrc",
                "credentials \"HOST\" { token = \"T4\" }",
            ),
        ],
        &[],
    ),
    (
        "a named file switches the folder off",
        &[
            ("x", "credentials \"a.example\" { token = \"T2\" }"),
            (
                ".terraform.d/a.tfrc",
                "credentials \"HOST\" { token = \"T4\" }",
            ),
        ],
        &[("TF_CLI_CONFIG_FILE", "HOME/x")],
    ),
    (
        "the older name of the variable",
        &[
            ("x", "credentials \"HOST\" { token = \"T2\" }"),
            (
                ".terraform.d/a.tfrc",
                "credentials \"HOST\" { token = \"T4\" }",
            ),
        ],
        &[("TERRAFORM_CONFIG", "HOME/x")],
    ),
    (
        "the newer name beats the older one",
        &[
            ("x", "credentials \"HOST\" { token = \"T2\" }"),
            ("y", "credentials \"HOST\" { token = \"T3\" }"),
        ],
        &[
            ("TERRAFORM_CONFIG", "HOME/x"),
            ("TF_CLI_CONFIG_FILE", "HOME/y"),
        ],
    ),
    (
        "a helper",
        &[(
            ".terraformrc",
            "credentials_helper \"x\" { args = [\"-c\", \"echo '{\\\"token\\\":\\\"H1\\\"}'\"] }",
        )],
        &[],
    ),
    (
        "a helper that has nothing",
        &[(
            ".terraformrc",
            "credentials_helper \"x\" { args = [\"-c\", \"echo '{}'\"] }",
        )],
        &[],
    ),
    (
        "a file beats a helper",
        &[(
            ".terraformrc",
            "credentials_helper \"x\" { args = [\"-c\", \"echo '{\\\"token\\\":\\\"H1\\\"}'\"] }\ncredentials \"HOST\" { token = \"T2\" }",
        )],
        &[],
    ),
    (
        "a heredoc elsewhere",
        &[(
            ".terraformrc",
            "x = <<EOF\n}\nEOF\ncredentials \"HOST\" { token = \"T2\" }",
        )],
        &[],
    ),
    (
        "quoted keys",
        &[(
            ".terraformrc",
            "\"credentials\" \"HOST\" { \"token\" = \"T2\" }",
        )],
        &[],
    ),
    (
        "not a value",
        &[(".terraformrc", "credentials \"HOST\" { token = T2 }")],
        &[],
    ),
    (
        "an apostrophe",
        &[(".terraformrc", "credentials \"HOST\" { token = 'T2' }")],
        &[],
    ),
    (
        "a colon",
        &[(".terraformrc", "credentials \"HOST\" { token: \"T2\" }")],
        &[],
    ),
    (
        "an entry as a list",
        &[(
            ".terraformrc",
            "credentials = { \"HOST\" = [{ token = \"T2\" }] }",
        )],
        &[],
    ),
    (
        "JSON with an empty list",
        &[
            (".terraform.d/a.tfrc.json", "{\"credentials\": []}"),
            (
                ".terraform.d/b.tfrc",
                "credentials \"HOST\" { token = \"T4\" }",
            ),
        ],
        &[],
    ),
    (
        "JSON with two lists",
        &[(
            ".terraform.d/a.tfrc.json",
            "{\"credentials\": [{\"HOST\": {\"token\": \"T2\"}}, {\"HOST\": {\"token\": \"T3\"}}]}",
        )],
        &[],
    ),
    (
        "JSON with a duplicate host",
        &[(
            ".terraform.d/a.tfrc.json",
            "{\"credentials\": {\"HOST\": {\"token\": \"T2\"}, \"HOST\": {\"a\": \"T3\"}}}",
        )],
        &[],
    ),
    (
        "JSON with an interpolation",
        &[(
            ".terraform.d/a.tfrc.json",
            "{\"credentials\": {\"HOST\": {\"token\": \"${x}\"}}}",
        )],
        &[],
    ),
    (
        "a byte order mark",
        &[(
            ".terraformrc",
            "\u{feff}credentials \"HOST\" { token = \"T2\" }",
        )],
        &[],
    ),
    (
        "JSON after a byte order mark",
        &[(
            ".terraform.d/a.tfrc.json",
            "\u{feff}{\"credentials\": {\"HOST\": {\"token\": \"T2\"}}}",
        )],
        &[],
    ),
    (
        "a number with letters",
        &[(
            ".terraformrc",
            "a = 1x credentials \"HOST\" { token = \"T2\" }",
        )],
        &[],
    ),
    (
        "two names of one host",
        &[
            (
                ".terraform.d/a.tfrc",
                "credentials \"LOCALHOST:PORT\" { token = \"T2\" }",
            ),
            (
                ".terraform.d/b.tfrc",
                "credentials \"a.example\" { token = \"T3\" }",
            ),
        ],
        &[],
    ),
    (
        "a port with a zero",
        &[],
        &[("TF_TOKEN_localhost:0PORT", "T1")],
    ),
    (
        "two helpers",
        &[(
            ".terraformrc",
            "credentials_helper \"x\" { args = [\"-c\", \"echo '{}'\"] }\ncredentials_helper \"y\" {}",
        )],
        &[],
    ),
    (
        "a list as the helper's answer",
        &[(
            ".terraformrc",
            "credentials_helper \"x\" { args = [\"-c\", \"echo '[{\\\"token\\\":\\\"H1\\\"}]'\"] }",
        )],
        &[],
    ),
    (
        "a helper that fails",
        &[(
            ".terraformrc",
            "credentials_helper \"x\" { args = [\"-c\", \"exit 1\"] }",
        )],
        &[],
    ),
    (
        "equals after labels",
        &[(".terraformrc", "credentials \"HOST\" = { token = \"T2\" }")],
        &[],
    ),
];

#[tokio::test]
#[ignore = "needs terraform 1.x on the PATH; run by .ci/run where there is one"]
async fn the_terraform_cli_sends_what_this_program_would_send() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let heard = Heard::default();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    tokio::spawn(serve(listener, acceptor, heard.clone()));
    let host = format!("localhost:{port}");

    let mut differences = Vec::new();
    for (what, files, variables) in CASES {
        let home = TempDir::new().unwrap();
        let path = home.path();
        let fill = |text: &str| match text.to_uppercase().contains("LOCALHOST:") {
            true => text.replace("PORT", &port),
            false => text.replace("HOST", &host),
        };
        for (name, text) in *files {
            let file = path.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, fill(text)).unwrap();
        }
        let plugins = path.join(".terraform.d/plugins");
        fs::create_dir_all(&plugins).unwrap();
        std::os::unix::fs::symlink("/bin/sh", plugins.join("terraform-credentials-x")).unwrap();
        let mut vars: BTreeMap<OsString, OsString> = variables
            .iter()
            .map(|(name, value)| {
                let value = value.replace("HOME", path.to_str().unwrap());
                (fill(name).into(), value.into())
            })
            .collect();

        let env = Environment::new(vars.clone(), Some(path.to_owned()));
        let ours = credentials::obtain(
            &HostConfig::new(Host::new(&host)),
            &env,
            &Programs::default(),
        )
        .await;
        let ours = match &ours {
            Ok(found) => Some(format!("Bearer {}", found.secret.expose())),
            // The CLI goes on without one.
            Err(_) => None,
        };

        vars.insert("HOME".into(), path.into());
        vars.insert("PATH".into(), std::env::var_os("PATH").unwrap());
        vars.insert("CHECKPOINT_DISABLE".into(), "1".into());
        let theirs = ask_terraform(path, &host, &vars, &certified.cert.pem(), &heard).await;
        let theirs = theirs.filter(|header| header != "Bearer");
        if ours != theirs {
            differences.push(format!("{what}: ours {ours:?}, theirs {theirs:?}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The header that a real `terraform init` sends.
async fn ask_terraform(
    home: &Path,
    host: &str,
    vars: &BTreeMap<OsString, OsString>,
    certificate: &str,
    heard: &Heard,
) -> Option<String> {
    let work = home.join("work");
    fs::create_dir(&work).unwrap();
    let roots = home.join("roots.pem");
    fs::write(&roots, certificate).unwrap();
    let module = format!(
        "terraform {{\n  required_providers {{\n    p = {{ source = \"{host}/a/b\" }}\n  }}\n}}\n"
    );
    fs::write(work.join("main.tf"), module).unwrap();
    heard.lock().unwrap().clear();
    let run = tokio::process::Command::new("terraform")
        .args(["init", "-no-color", "-input=false"])
        .current_dir(&work)
        .env_clear()
        .envs(vars)
        .env("SSL_CERT_FILE", &roots)
        .output()
        .await
        .expect("terraform must be on the PATH");
    let headers = heard.lock().unwrap();
    match headers.first() {
        Some(header) => header.clone(),
        None => panic!(
            "terraform asked nobody: {}{}",
            String::from_utf8_lossy(&run.stdout),
            String::from_utf8_lossy(&run.stderr)
        ),
    }
}
