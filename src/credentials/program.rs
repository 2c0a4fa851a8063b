//! Credentials from other programs: a configured command, and the Terraform
//! CLI's credentials helper.
//!
//! Such programs may ask for a finger, a password or a key, so never two of
//! them run at a time, and none for ever.

use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::environment::Environment;
use super::terraform::{self, Helper};
use super::value::Value;
use crate::child::{self, Finished};
use crate::secret::Secret;
use crate::slot::Host;
use crate::text;

/// How long a program may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The most that it may print, in bytes.
const MAX_OUTPUT: usize = 64 * 1024;

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// The standard output of a command, without one newline at its end. The error
/// is a clause that follows the program's name.
pub(super) async fn command(arguments: &[String]) -> Result<Zeroizing<String>, String> {
    let Some((program, arguments)) = arguments.split_first() else {
        return Err("no program is named".to_owned());
    };
    let mut command = child::command(program);
    command.args(arguments);
    let mut output = output_of(command).await?;
    if output.ends_with('\n') {
        output.pop();
        if output.ends_with('\r') {
            output.pop();
        }
    }
    Ok(output)
}

/// What a helper has for a host: `None` if nothing.
pub(super) async fn ask_helper(
    helper: &Helper,
    path: PathBuf,
    host: &Host,
) -> Result<Option<Secret>, String> {
    let mut command = child::command(path);
    command.args(&helper.args).arg("get").arg(host.as_str());
    let output = output_of(command).await?;
    let answer: Option<Value> = match output.trim_start().starts_with('{') {
        true => serde_json::from_str(&output).ok(),
        false => None,
    };
    match answer.and_then(Value::entries) {
        Some(entries) => Ok(terraform::token_of(entries).flatten()),
        None => Err("its answer is not a JSON object".to_owned()),
    }
}

/// Has a helper store a credential for a host.
pub(super) async fn tell_helper(
    helper: &Helper,
    path: PathBuf,
    host: &Host,
    secret: &Secret,
) -> Result<(), String> {
    let mut command = child::command(path);
    command.args(&helper.args).arg("store").arg(host.as_str());
    let text = Zeroizing::new(serde_json::Value::from(secret.expose()).to_string());
    let object = Secret::from_zeroizing(Zeroizing::new(format!("{{\"token\":{}}}", *text)));
    finished(command, Some((&object, "\n"))).await.map(drop)
}

/// Where the program of a helper is: in the Terraform CLI's plugin folder or
/// that folder's part for this platform, never on the PATH.
pub(super) fn helper_path(helper: &Helper, env: &Environment) -> Option<PathBuf> {
    let plugins = terraform::folder(env)?.join("plugins");
    let name = format!(
        "terraform-credentials-{}{}",
        helper.name,
        std::env::consts::EXE_SUFFIX
    );
    [plugins.join(platform()), plugins]
        .into_iter()
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
}

/// This platform as Go calls it: `linux_amd64`.
fn platform() -> String {
    use std::env::consts::{ARCH, OS};
    let os = if OS == "macos" { "darwin" } else { OS };
    let arch = match ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{os}_{arch}")
}

async fn output_of(command: Command) -> Result<Zeroizing<String>, String> {
    finished(command, None).await
}

async fn finished(
    command: Command,
    input: Option<(&Secret, &str)>,
) -> Result<Zeroizing<String>, String> {
    let _turn = ONE_AT_A_TIME.lock().await;
    let Finished {
        success,
        status,
        mut stdout,
        stderr,
        ..
    } = child::run(command, input, TIMEOUT, MAX_OUTPUT)
        .await
        .map_err(|error| text::safe(&error.to_string()))?;
    let output = String::from_utf8(std::mem::take(&mut *stdout)).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        "it printed something that is not text".to_owned()
    })?;
    let output = Zeroizing::new(output);
    if success {
        return Ok(output);
    }
    // What it printed before it failed may be the credential, and its complaint
    // may repeat it.
    let _held: Vec<Secret> = output
        .lines()
        .map(|line| Secret::new(line.to_owned()))
        .collect();
    let complaint = text::safe(&stderr);
    Err(if complaint.is_empty() {
        format!("it ended with {status} and said nothing")
    } else {
        format!("it ended with {status} and said: {complaint}")
    })
}
