//! Deliveries that need nothing but files and small programs.

#![cfg(unix)]

mod real;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use orgward::delivery::{
    CommandDelivery, Deliverer, Delivery, DeliveryError, Destination, Existing, Facts, Method,
    ProofError, RescueProof, RescueTo, Settings, Surroundings, TerminalWrite, Undelivered, rescue,
};
use orgward::slot::{Host, Slot};
use real::*;
use tempfile::TempDir;
use tokio::sync::mpsc;

fn plain(folder: &Path) -> Deliverer {
    Deliverer::new(settings(folder, ORGWARD.into()))
}

fn with_delivery(folder: &Path, delivery: Delivery) -> Deliverer {
    Deliverer::new(Settings {
        deliveries: BTreeMap::from([("vault".to_owned(), delivery)]),
        ..settings(folder, ORGWARD.into())
    })
}

fn command(words: &[&str]) -> Delivery {
    Delivery::Command(CommandDelivery {
        command: words.iter().map(|word| (*word).to_owned()).collect(),
        timeout: Duration::from_secs(60),
        newline: false,
    })
}

fn vault() -> Destination {
    Destination::Named("vault".into())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn destinations_are_written_as_they_are_read() {
    for text in [
        "clipboard",
        "osc52",
        "panel",
        "keyring",
        "file:/x/{id}",
        "vault",
    ] {
        let destination: Destination = text.parse().unwrap();
        assert_eq!(destination.to_string(), text);
        assert_eq!(
            matches!(destination, Destination::Named(_)),
            text == "vault"
        );
    }
}

#[tokio::test]
async fn a_file_has_the_secret_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let path = folder
        .path()
        .join("{host}.{organization}.{kind}.{id}.{expires_at}");
    let secret = fresh_secret();
    let proven = plain(folder.path())
        .prove(&Destination::File(path), &slot())
        .await
        .unwrap();
    assert!(names(folder.path()).is_empty(), "the proof leaves nothing");
    assert!(proven.place().ends_with("{id}.{expires_at}"), "{proven:?}");
    let done = proven.deliver(&secret, &facts()).await.unwrap();
    let name = "tfe.corp.example_8443.acme.organization.at-Wq3.20270131T000000Z";
    assert_eq!(names(folder.path()), [name]);
    let path = folder.path().join(name);
    assert_eq!(fs::read_to_string(&path).unwrap(), secret.expose());
    assert_eq!(mode(&path), 0o600);
    assert_eq!(done.place, format!("file {}", path.display()));
    assert!(done.certain && done.clears_after.is_none());
}

#[tokio::test]
async fn a_path_below_the_home_directory_is_understood() {
    let home = TempDir::new().unwrap();
    let deliverer = Deliverer::new(Settings {
        home: Some(home.path().to_owned()),
        ..settings(home.path(), ORGWARD.into())
    });
    let to: Destination = "file:~/{organization}".parse().unwrap();
    let file = home.path().join("acme");
    let proven = deliverer.prove(&to, &slot()).await.unwrap();
    let words = format!("file {}", file.display());
    assert_eq!(proven.place(), words);
    assert_eq!(deliverer.path_of(&to, &slot()).unwrap(), Some(file.clone()));
    let delivered = proven.deliver(&fresh_secret(), &facts()).await.unwrap();
    assert_eq!(delivered.place, words);
    assert!(file.exists());
    // Somebody else's home, and a `~` within a path, are not meant.
    for other in ["file:~acme/x", "file:/x/~/y"] {
        let to: Destination = other.parse().unwrap();
        let path = deliverer.path_of(&to, &slot()).unwrap().unwrap();
        assert!(
            path.ends_with(other[5..].trim_start_matches('/')),
            "{path:?}"
        );
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named_and_no_temporary_file() {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("not/there");
    let to = Destination::File(folder.join("secret"));
    let error = plain(home.path()).prove(&to, &slot()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "no file can be created in {}: No such file or directory",
            folder.display()
        )
    );
}

#[tokio::test]
async fn a_file_that_is_there_stays_unless_its_owner_says_so() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("token");
    let to = Destination::File(path.clone());
    let deliverer = plain(folder.path());
    let early = deliverer.prove(&to, &slot()).await.unwrap();
    fs::write(&path, "precious").unwrap();
    // Found when it is proven, and just as well when it came later.
    let error = deliverer.prove(&to, &slot()).await.unwrap_err();
    assert!(error.to_string().contains("is there already"), "{error}");
    let error = early.deliver(&fresh_secret(), &facts()).await;
    assert!(matches!(error, Err(DeliveryError::File(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    let secret = fresh_secret();
    let proven = deliverer
        .prove_for(&to, &Facts::of(&slot()), Existing::Replace)
        .await
        .unwrap();
    proven.deliver(&secret, &facts()).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), secret.expose());
    assert_eq!(mode(&path), 0o600);
    assert_eq!(names(folder.path()), ["token"]);
}

#[tokio::test]
async fn only_the_file_that_was_confirmed_is_replaced() {
    let folder = TempDir::new().unwrap();
    let to = Destination::File(folder.path().join("{id}"));
    // What was seen when it was proven, and what the token's id leads to.
    fs::write(folder.path().join("unknown"), "confirmed").unwrap();
    fs::write(folder.path().join("at-Wq3"), "precious").unwrap();
    let deliverer = plain(folder.path());
    let proven = deliverer
        .prove_for(&to, &Facts::of(&slot()), Existing::Replace)
        .await;
    let delivered = proven.unwrap().deliver(&fresh_secret(), &facts()).await;
    assert!(matches!(delivered, Err(error) if error.file_in_the_way()));
    let there = fs::read_to_string(folder.path().join("at-Wq3")).unwrap();
    assert_eq!(there, "precious");
}

#[tokio::test]
async fn a_word_that_only_looks_like_an_id_tells_no_slots_apart() {
    let folder = TempDir::new().unwrap();
    let place = |argument: &str| {
        let deliverer = with_delivery(folder.path(), command(&["/bin/cat", argument]));
        deliverer.place_of(&vault(), &slot()).unwrap()
    };
    assert_eq!(place("{id}"), None);
    assert_eq!(place("{{id}}").unwrap(), "/bin/cat {id}");
}

#[tokio::test]
async fn links_folders_and_missing_folders_are_refused() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("target"), "precious").unwrap();
    symlink(at("target"), at("live")).unwrap();
    symlink(at("nowhere"), at("dangling")).unwrap();
    fs::create_dir(at("folder")).unwrap();
    let before = names(folder.path());
    let deliverer = plain(folder.path());
    for name in [
        "live",
        "dangling",
        "folder",
        "missing/token",
        "target/token",
    ] {
        for existing in [Existing::Keep, Existing::Replace] {
            let proof = deliverer
                .prove_for(&Destination::File(at(name)), &Facts::of(&slot()), existing)
                .await;
            assert!(matches!(proof, Err(ProofError::File(_))), "{name}");
        }
    }
    // A link that came after the proof.
    let late = deliverer
        .prove_for(
            &Destination::File(at("late")),
            &Facts::of(&slot()),
            Existing::Replace,
        )
        .await
        .unwrap();
    symlink(at("target"), at("late")).unwrap();
    assert!(late.deliver(&fresh_secret(), &facts()).await.is_err());
    fs::remove_file(at("late")).unwrap();
    assert_eq!(fs::read_to_string(at("target")).unwrap(), "precious");
    assert_eq!(names(folder.path()), before);
}

#[tokio::test]
async fn two_slots_with_one_path_can_be_told() {
    let folder = TempDir::new().unwrap();
    let deliverer = with_delivery(folder.path(), Delivery::File("/x/{organization}".into()));
    let host = Host::new("h");
    let of = |name: &str| {
        deliverer
            .path_of(&vault(), &Slot::new(&host, name))
            .unwrap()
    };
    assert_eq!(of("acme").unwrap(), Path::new("/x/acme"));
    assert_ne!(of("acme"), of("other"));
    let same = Destination::File("/x/token".into());
    let path = |name| deliverer.path_of(&same, &Slot::new(&host, name)).unwrap();
    assert_eq!(path("acme"), path("other"));
    assert_eq!(
        deliverer.path_of(&Destination::Panel, &slot()).unwrap(),
        None
    );
}

#[tokio::test]
async fn a_command_gets_the_secret_on_its_input_only_and_only_when_there_is_one() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    let program = script(
        &folder.path().join("store"),
        &format!("cat > '{0}'; echo \"$@\" > '{0}.args'", out.display()),
    );
    let words = [
        program.to_str().unwrap(),
        "-x",
        "terraform/{organization}",
        "{id}",
    ];
    for (newline, tail) in [(false, ""), (true, "\n")] {
        let Delivery::Command(mut delivery) = command(&words) else {
            unreachable!()
        };
        delivery.newline = newline;
        let deliverer = with_delivery(folder.path(), Delivery::Command(delivery));
        let _ = fs::remove_file(&out);
        let proven = deliverer.prove(&vault(), &slot()).await.unwrap();
        assert!(!out.exists(), "it ran before there was a secret");
        assert_eq!(proven.place(), "delivery vault");
        let secret = fresh_secret();
        let done = proven.deliver(&secret, &facts()).await.unwrap();
        assert!(done.certain);
        let written = fs::read_to_string(&out).unwrap();
        assert_eq!(written, format!("{}{tail}", secret.expose()));
        let arguments = fs::read_to_string(folder.path().join("out.args")).unwrap();
        assert_eq!(arguments, "-x terraform/acme at-Wq3\n");
    }
}

#[tokio::test]
async fn a_command_that_says_no_has_not_delivered() {
    let folder = TempDir::new().unwrap();
    let program = script(
        &folder.path().join("store"),
        "read -r line; echo \"cannot store $line\" >&2; exit 7",
    );
    let deliverer = with_delivery(folder.path(), command(&[program.to_str().unwrap()]));
    let proven = deliverer.prove(&vault(), &slot()).await.unwrap();
    let error = proven
        .deliver(&fresh_secret(), &facts())
        .await
        .err()
        .unwrap();
    let words = error.to_string();
    assert!(
        words.contains("exit code 7: cannot store [secret]"),
        "{words}"
    );

    let sleeper = script(&folder.path().join("sleeper"), "exec sleep 600");
    let Delivery::Command(mut delivery) = command(&[sleeper.to_str().unwrap()]) else {
        unreachable!()
    };
    delivery.timeout = Duration::from_millis(100);
    let deliverer = with_delivery(folder.path(), Delivery::Command(delivery));
    let proven = deliverer.prove(&vault(), &slot()).await.unwrap();
    let error = proven
        .deliver(&fresh_secret(), &facts())
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("did not end"), "{error}");
}

#[tokio::test]
async fn a_command_that_cannot_work_is_refused_before_there_is_a_secret() {
    let folder = TempDir::new().unwrap();
    let not_executable = folder.path().join("text");
    fs::write(&not_executable, "#!/bin/sh\n").unwrap();
    for words in [
        &[][..],
        &["no-such-program-anywhere"],
        &["/no/such/program"],
        &[folder.path().to_str().unwrap()],
        &[not_executable.to_str().unwrap()],
        &["{organization}"],
        &["cat", "{secret}"],
        &["cat", "{"],
    ] {
        let proof = with_delivery(folder.path(), command(words))
            .prove(&vault(), &slot())
            .await;
        assert!(
            matches!(proof, Err(ProofError::Command { .. })),
            "{words:?}"
        );
    }
    let deliverer = with_delivery(folder.path(), command(&["cat", "{organization}"]));
    assert!(deliverer.prove(&vault(), &slot()).await.is_ok());
    for name in ["--flag", "@file", "../up", "a b"] {
        let hostile = Slot::new(&Host::new("h"), name);
        let error = deliverer.prove(&vault(), &hostile).await.unwrap_err();
        assert!(error.to_string().contains("cannot stand in"), "{error}");
    }
    let unknown = Destination::Named("nobody".into());
    let error = deliverer.prove(&unknown, &slot()).await.unwrap_err();
    assert!(matches!(error, ProofError::Unknown(_)));
}

#[tokio::test]
async fn the_demo_has_no_keyring_and_never_chooses_osc52() {
    let folder = TempDir::new().unwrap();
    let (terminal, _writes) = tokio::sync::mpsc::channel(1);
    let deliverer = Deliverer::new(Settings {
        terminal: Some(terminal),
        surroundings: Surroundings {
            ssh: true,
            tmux: false,
            demo: true,
        },
        ..settings(folder.path(), ORGWARD.into())
    });
    let error = deliverer.prove(&Destination::Keyring, &slot()).await;
    assert!(matches!(error, Err(ProofError::Demo)));
    assert_ne!(deliverer.default_destination().await.0, Destination::Osc52);
}

#[tokio::test]
async fn osc52_is_sent_but_never_delivered() {
    let folder = TempDir::new().unwrap();
    let (terminal, mut writes) = tokio::sync::mpsc::channel(1);
    let deliverer = Deliverer::new(Settings {
        terminal: Some(terminal),
        surroundings: Surroundings {
            ssh: true,
            tmux: false,
            demo: false,
        },
        ..settings(folder.path(), ORGWARD.into())
    });
    assert_eq!(deliverer.default_destination().await.0, Destination::Osc52);
    let secret = fresh_secret();
    let proven = deliverer.prove(&Destination::Osc52, &slot()).await.unwrap();
    let write = async {
        let write = writes.recv().await.unwrap();
        let bytes = write.bytes.to_vec();
        write.done.send(Ok(())).unwrap();
        bytes
    };
    let facts = facts();
    let (done, bytes) = tokio::join!(proven.deliver(&secret, &facts), write);
    assert!(!done.unwrap().certain);
    assert!(bytes.starts_with(b"\x1b]52;c;") && bytes.ends_with(b"\x1b\\"));

    let proven = deliverer.prove(&Destination::Osc52, &slot()).await.unwrap();
    drop(writes);
    let error = proven.deliver(&secret, &facts).await.err().unwrap();
    assert!(matches!(error, DeliveryError::Terminal(_)));

    let without = plain(folder.path());
    let error = without.prove(&Destination::Osc52, &slot()).await;
    assert!(matches!(error, Err(ProofError::NoTerminal)));
    let panel = without.prove(&Destination::Panel, &slot()).await.unwrap();
    assert!(!panel.deliver(&secret, &facts).await.unwrap().certain);
}

#[tokio::test]
async fn without_a_display_the_clipboard_is_refused_and_the_panel_is_the_default() {
    let folder = TempDir::new().unwrap();
    let program = program_with(folder.path(), &[]);
    let deliverer = Deliverer::new(settings(folder.path(), program.clone()));
    let error = deliverer.prove(&Destination::Clipboard, &slot()).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("the clipboard cannot be used: "),
        "{error}"
    );
    let (destination, why) = deliverer.default_destination().await;
    assert_eq!((destination, why), (Destination::Panel, error));

    let off = Deliverer::new(Settings {
        method: Method::Off,
        ..settings(folder.path(), program)
    });
    let error = off.prove(&Destination::Clipboard, &slot()).await;
    assert!(matches!(error, Err(ProofError::Off)));
    assert_eq!(off.default_destination().await.0, Destination::Panel);

    let no_keeper = Deliverer::new(settings(folder.path(), "/bin/true".into()));
    let error = no_keeper.prove(&Destination::Clipboard, &slot()).await;
    assert!(error.unwrap_err().to_string().contains("does not answer"));
}

#[test]
fn a_keeper_is_not_started_by_hand() {
    let output = Command::new(ORGWARD)
        .arg("keeper")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.starts_with(b"error "), "{output:?}");
}

#[tokio::test]
async fn the_rescue_is_a_file_of_its_owner_alone() {
    let folder = TempDir::new().unwrap();
    let deliverer = plain(folder.path());
    let state = folder.path().join("state");
    assert_eq!(
        deliverer.prove_rescue(&slot()).await,
        RescueProof::Proven(format!("a file in {}", state.display()))
    );
    assert_eq!(mode(&state), 0o700);
    let ledger = Undelivered::new();
    let (lost, kept, again) = (fresh_secret(), fresh_secret(), fresh_secret());
    let released = ledger.hold(facts(), lost);
    ledger.hold(facts(), kept.clone());
    ledger.hold(facts(), again.clone());
    ledger.release(released);
    assert_eq!(ledger.list().len(), 2);
    let now: Timestamp = "2026-11-24T22:30:00Z".parse().unwrap();
    let reports = ledger.rescue_all(deliverer.rescue_plan(), now);
    assert!(ledger.is_empty());
    let files = rescue::waiting(&state);
    let expected = "rescue-20261124T223000Z-tfe.corp.example_8443-acme-organization";
    assert_eq!(
        names(&state),
        [format!("{expected}-1.secret"), format!("{expected}.secret")]
    );
    assert_eq!(fs::read_to_string(&files[0]).unwrap(), again.expose());
    assert_eq!(fs::read_to_string(&files[1]).unwrap(), kept.expose());
    assert!(files.iter().all(|file| mode(file) == 0o600));
    assert_eq!(
        reports[0].outcome.as_ref().unwrap(),
        &format!("file {}", files[1].display())
    );
    assert!(ledger.rescue_all(deliverer.rescue_plan(), now).is_empty());
}

#[test]
fn a_rescue_finds_a_place_for_any_name_and_beside_a_broken_folder() {
    let folder = TempDir::new().unwrap();
    let broken = folder.path().join("state");
    fs::write(&broken, "not a folder").unwrap();
    let runtime = folder.path().join("runtime");
    let deliverer = Deliverer::new(Settings {
        runtime_dir: Some(runtime.clone()),
        ..settings(folder.path(), ORGWARD.into())
    });
    let odd = Slot::new(&Host::new("[::1]:80"), "../../ü\n\u{202e}x");
    let place = format!("a file in {}, gone after logout", runtime.display());
    let proof = deliverer.rescue_plan().prove(&odd);
    assert_eq!(proof, RescueProof::Proven(place));
    let secret = fresh_secret();
    let ledger = Undelivered::new();
    ledger.hold(Facts::of(&odd), secret.clone());
    let reports = ledger.rescue_all(deliverer.rescue_plan(), Timestamp::UNIX_EPOCH);
    assert!(reports[0].outcome.is_ok(), "{reports:?}");
    let files = rescue::waiting(&runtime);
    assert_eq!(files.len(), 1);
    assert_eq!(fs::read_to_string(&files[0]).unwrap(), secret.expose());
    assert_eq!(fs::read_to_string(&broken).unwrap(), "not a folder");
}

#[tokio::test]
async fn what_cannot_be_rescued_stays_in_the_ledger() {
    let folder = TempDir::new().unwrap();
    let ledger = Undelivered::new();
    ledger.hold(facts(), fresh_secret());
    for (to, words) in [
        (RescueTo::None, "switched off"),
        (RescueTo::File, "no state directory"),
    ] {
        let deliverer = Deliverer::new(Settings {
            rescue: Some(to),
            state_dir: None,
            ..settings(folder.path(), ORGWARD.into())
        });
        let proof = deliverer.prove_rescue(&slot()).await;
        assert_eq!(proof == RescueProof::Off, to == RescueTo::None);
        assert!(!matches!(proof, RescueProof::Proven(_)));
        let reports = ledger.rescue_all(deliverer.rescue_plan(), Timestamp::UNIX_EPOCH);
        let error = reports[0].outcome.as_ref().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(ledger.list().len(), 1);
    }
}

#[test]
fn a_panic_does_not_lose_a_secret() {
    struct WayOut<'a>(&'a Undelivered, &'a Deliverer);
    impl Drop for WayOut<'_> {
        fn drop(&mut self) {
            self.0
                .rescue_all(self.1.rescue_plan(), Timestamp::UNIX_EPOCH);
        }
    }
    let folder = TempDir::new().unwrap();
    let deliverer = plain(folder.path());
    let ledger = Undelivered::new();
    let secret = fresh_secret();
    let ended = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let _out = WayOut(&ledger, &deliverer);
            ledger.hold(facts(), secret.clone());
            panic!("in the middle of something");
        });
        thread.join()
    });
    assert!(ended.is_err());
    let files = rescue::waiting(&folder.path().join("state"));
    assert_eq!(fs::read_to_string(&files[0]).unwrap(), secret.expose());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn without_a_display_the_clipboard_says_so() {
    let folder = TempDir::new().unwrap();
    let cases: [(&[(&str, &str)], &str); 2] = [
        (
            &[],
            "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)",
        ),
        (
            &[("DISPLAY", "/nowhere:0")],
            "the X server cannot be reached (see DISPLAY)",
        ),
    ];
    for (variables, why) in cases {
        let program = program_with(folder.path(), variables);
        let deliverer = Deliverer::new(settings(folder.path(), program));
        let proof = deliverer.prove(&Destination::Clipboard, &slot()).await;
        let words = proof.unwrap_err().to_string();
        assert_eq!(words, format!("the clipboard cannot be used: {why}"));
    }
}

/// A deliverer without a clipboard, and what it sends to the terminal.
fn without_clipboard(
    folder: &Path,
    method: Method,
    surroundings: Surroundings,
) -> (Deliverer, mpsc::Receiver<TerminalWrite>) {
    let program = script(&folder.join("no-keeper"), "echo error there is no display");
    let (terminal, writes) = mpsc::channel(1);
    let deliverer = Deliverer::new(Settings {
        method,
        surroundings,
        terminal: Some(terminal),
        ..settings(folder, program)
    });
    (deliverer, writes)
}

#[tokio::test]
async fn a_name_goes_to_the_terminal_where_no_clipboard_opens() {
    let folder = TempDir::new().unwrap();
    let (here, demo) = (
        Surroundings::default(),
        Surroundings {
            demo: true,
            ..Surroundings::default()
        },
    );
    let (deliverer, mut writes) = without_clipboard(folder.path(), Method::Auto, here);
    let terminal = tokio::spawn(async move {
        let write = writes.recv().await.unwrap();
        write.done.send(Ok(())).unwrap();
        write.bytes
    });
    let sent = deliverer.copy_text("acme").await.unwrap();
    assert!(!sent.certain);
    assert_eq!(sent.place, "the terminal's clipboard (OSC 52)");
    assert_eq!(**terminal.await.unwrap(), *b"\x1b]52;c;YWNtZQ==\x1b\\");
    // The demo and who wants the system's clipboard are told instead.
    for (method, surroundings) in [(Method::Auto, demo), (Method::System, here)] {
        let (deliverer, _writes) = without_clipboard(folder.path(), method, surroundings);
        let why = deliverer.copy_text("acme").await.err().unwrap().to_string();
        assert!(why.contains("there is no display"), "{why}");
    }
}

#[tokio::test]
async fn a_secret_goes_to_the_terminal_only_over_ssh_or_when_chosen() {
    let folder = TempDir::new().unwrap();
    let places = |method, ssh, demo| {
        let surroundings = Surroundings {
            ssh,
            demo,
            ..Surroundings::default()
        };
        without_clipboard(folder.path(), method, surroundings)
            .0
            .copies_to()
    };
    assert_eq!(places(Method::Auto, true, false), Destination::Osc52);
    assert_eq!(places(Method::Osc52, false, false), Destination::Osc52);
    assert_eq!(places(Method::Auto, false, false), Destination::Clipboard);
    assert_eq!(places(Method::Auto, true, true), Destination::Clipboard);
    assert_eq!(places(Method::System, true, false), Destination::Clipboard);
}
