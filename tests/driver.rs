//! The driver and the sentinel, proven on small programs: what other tests
//! rest on must itself be known to see, and to miss nothing.
#![cfg(unix)]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use support::processes::Process;
use support::{Exit, Key, Program, Sampler, Signal, patience, poll};

/// Shows every byte it gets, `^[` for Esc.
fn echo() -> Program {
    let program = Program::shell("stty raw -echo; echo ready; exec cat -v").start();
    program.wait_for("ready");
    program
}

fn panic_of(work: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(work)).expect_err("this should have failed");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast_ref::<&str>().unwrap().to_string(),
    }
}

#[test]
fn keys_arrive_as_xterm_sends_them() {
    let program = echo();
    program
        .press("jk")
        .press(Key::Up)
        .press(Key::PageDown)
        .press(Key::F(1))
        .press(Key::F(5))
        .ctrl('c')
        .enter()
        .tab()
        .press(Key::Alt('x'))
        .press(Key::Backspace)
        .wait_for("jk^[[A^[[6~^[OP^[[15~^C^M");
    program.wait_for("^[x^?");
}

#[test]
fn cursor_keys_follow_the_terminals_mode() {
    let program = Program::shell("stty raw -echo; printf '\\033[?1hready'; exec cat -v").start();
    program.wait_for("ready").press(Key::Down).wait_for("^[OB");
}

#[test]
fn a_lone_escape_is_read_before_the_next_key() {
    // The program looks at its input late; both bytes in one read would be Alt-j.
    let program = Program::shell(
        "stty raw -echo; echo ready; sleep 0.3; dd bs=64 count=1 2>/dev/null | cat -v; echo ' first'; \
         dd bs=64 count=1 2>/dev/null | cat -v; echo ' second'",
    )
    .start();
    program.wait_for("ready").esc().press("j");
    program.wait_for("^[ first").wait_for("j second");
}

#[test]
fn a_burst_arrives_whole_and_more_than_the_queue_holds_does_too() {
    let program =
        Program::shell("stty raw -echo; echo ready; sleep 0.2; head -c 20000 | wc -c; echo done")
            .start();
    program.wait_for("ready");
    program.send(&[b'j'; 20000]);
    program.wait_for("20000").wait_for("done");
}

#[test]
fn pasted_text_is_bracketed_only_where_the_program_asks() {
    let plain = echo();
    plain.paste("a\nb").wait_for("a^Mb");
    assert!(!plain.screen().contains("200~"));
    let program = Program::shell("stty raw -echo; printf '\\033[?2004hready'; exec cat -v").start();
    program.wait_for("ready").paste("acme");
    program.wait_for("^[[200~acme^[[201~");
}

#[test]
fn nothing_of_the_machine_is_in_the_environment() {
    let program = Program::build("env")
        .env("GIVEN", "yes")
        .size(200, 40)
        .start();
    assert_eq!(program.wait_exit(), Exit::Code(0));
    let screen = program.look();
    let mut names: Vec<_> = screen
        .rows()
        .into_iter()
        .filter_map(|row| Some(row.split_once('=')?.0.to_owned()))
        .collect();
    names.sort();
    let mut expected = vec![
        "GIVEN",
        "HOME",
        "LANG",
        support::program::MARKER,
        "PATH",
        "SHELL",
        "TERM",
        "TMPDIR",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_RUNTIME_DIR",
        "XDG_STATE_HOME",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected, "{screen}");
    let home = screen.row_with("HOME=");
    assert!(home.ends_with(program.home().to_str().unwrap()), "{home}");
}

#[test]
fn the_program_learns_of_a_new_size() {
    let program = Program::shell("trap 'stty size' WINCH; stty size; while :; do sleep 0.02; done")
        .size(100, 30)
        .start();
    program.wait_for("30 100").resize(40, 10).wait_for("10 40");
    assert_eq!(program.look().size(), (40, 10));
}

#[test]
fn ends_are_told_apart() {
    let program = Program::shell("echo last words; exit 3").start();
    assert_eq!(program.wait_exit(), Exit::Code(3));
    program.wait_for("last words");
    let program = Program::shell("echo ready; exec sleep 600").start();
    program.wait_for("ready").signal(Signal::TERM);
    assert_eq!(program.wait_exit(), Exit::Signal(15));
    // Ctrl-C in a cooked terminal is a signal.
    let program = Program::shell("echo ready; exec sleep 600").start();
    program.wait_for("ready").ctrl('c');
    assert_eq!(program.wait_exit(), Exit::Signal(2));
}

#[test]
fn a_stopped_program_is_seen() {
    let program = Program::shell("echo ready; kill -STOP $$; echo again; exec cat").start();
    program.wait_for("ready").wait_stopped();
    assert!(!program.screen().contains("again"));
    program.signal(Signal::CONT).wait_for("again");
}

#[test]
fn the_terminals_modes_are_seen() {
    let program =
        Program::shell("stty raw -echo; echo raw; head -c 1 >/dev/null; stty sane; echo sane; cat")
            .start();
    program.wait_for("raw");
    assert!(!program.is_cooked() && !program.echoes());
    program.press("x").wait_for("sane");
    assert!(program.is_cooked() && program.echoes());
    program.ctrl('d');
    assert_eq!(program.wait_exit(), Exit::Code(0));
    assert!(program.is_cooked() && program.echoes());
}

#[test]
fn hanging_up_is_a_signal_and_an_end_of_input_and_no_key() {
    for modes in ["raw -echo", "sane"] {
        let program = Program::shell(&format!(
            "trap 'echo yes > hup' HUP; stty {modes}; echo ready; \
             cat > input; echo \"$?\" > ended; while [ ! -e hup ]; do sleep 0.02; done"
        ))
        .start();
        program.wait_for("ready").hang_up();
        assert_eq!(program.wait_exit(), Exit::Code(0), "{modes}");
        let file = |name| std::fs::read_to_string(program.home().join(name)).unwrap();
        assert_eq!(file("hup"), "yes\n");
        assert_eq!(file("input"), "", "{modes}");
        assert!(!file("ended").is_empty());
    }
}

#[test]
fn text_cells_and_cursor_are_found() {
    let program = Program::shell(
        "printf '\\033[2J\\033[3;1H漢字 \\033[1;31macme\\033[0m\\033[5;7H'; exec cat",
    )
    .start();
    let screen = program.wait_until("the cursor in its place", |screen| {
        screen.cursor() == Some((4, 6))
    });
    assert_eq!(screen.row_with("acme"), "漢字 acme");
    assert_eq!(screen.find("acme"), Some((2, 5)));
    let cell = screen.cell_of("acme");
    assert!(cell.bold());
    assert_eq!(cell.fgcolor(), vt100::Color::Idx(1));
    assert!(panic_of(|| drop(screen.row_with("nowhere"))).contains("acme"));
}

#[test]
fn a_frame_that_is_being_drawn_is_not_looked_at() {
    let program = Program::shell(
        "printf '\\033[?2026hhalf'; sleep 0.2; printf ' whole\\033[?2026l'; exec cat",
    )
    .start();
    let screen = program.wait_until("the frame", |screen| screen.contains("half"));
    assert!(screen.contains("half whole"), "{screen}");
    assert_eq!(program.frames().first().unwrap(), "half whole");
}

#[test]
fn what_a_program_asks_of_its_terminal_is_kept() {
    let program = Program::shell(
        "stty raw -echo; printf '\\033]52;c;c2VjcmV0\\033\\\\\\033[6n\\033[?1004h\\033]2;name\\007ready'; exec cat -v",
    )
    .start();
    program.wait_for("ready");
    assert_eq!(program.osc52(), [b"secret".to_vec()]);
    program.requests(|requests| {
        assert_eq!(requests.queries, ["CSI [6] n"]);
        assert_eq!(requests.titles, ["name"]);
        assert!(requests.modes.contains(&1004));
    });
    // Nobody answers.
    program.press("x").wait_for("readyx");
}

#[test]
fn a_wait_in_vain_shows_the_screen() {
    let program = Program::shell("echo what is there; exec cat").start();
    program.wait_for("what is there").stable();
    program.set_patience(Duration::from_millis(50));
    let message = panic_of(|| {
        program.wait_for("acme");
    });
    assert!(message.contains("\"acme\""), "{message}");
    assert!(message.contains("│what is there  "), "{message}");
    program.wait_gone("acme");
    assert!(
        panic_of(|| {
            program.wait_gone("what");
        })
        .contains("to be gone")
    );
    // An ended program is not waited for.
    let program = Program::shell("echo bye; exit 4").start();
    program.wait_exit();
    assert!(
        panic_of(|| {
            program.wait_for("acme");
        })
        .contains("Code(4)")
    );
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_outlives_its_test() {
    // One child in the session, one that left it, and one whose parent ended.
    let script = "sleep 600 & setsid sleep 600 & (setsid sh -c 'echo $$ > orphan; exec sleep 600' &) ; \
                  while [ ! -s orphan ]; do sleep 0.02; done; echo ready; exec cat";
    for crash in [false, true] {
        let program = Program::shell(script).start();
        program.wait_for("ready");
        let orphan = std::fs::read_to_string(program.home().join("orphan")).unwrap();
        let orphan: i32 = orphan.trim().parse().unwrap();
        if crash {
            program.signal(Signal::KILL);
        }
        let family = program.family();
        assert!(family.iter().any(|process| process.pid == orphan));
        // A session whose leader ends is hung up; else all three sleep.
        assert!(crash || family.len() == 4, "{family:?}");
        if crash {
            panic_of(move || {
                let _program = program;
                panic!("a test failed");
            });
        } else {
            drop(program);
        }
        for process in family {
            let now = Process::look(process.pid);
            let alive = now.is_some_and(|now| now.started == process.started && now.is_alive());
            assert!(!alive, "{process:?} is alive");
        }
    }
}

mod sentinel {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use sha2::{Digest, Sha256};
    use support::{Sentinel, sampler};

    /// With characters that base64, URL-safe base64 and percent-encoding treat
    /// differently, and no piece in common with another test's secret.
    fn secret(name: &str) -> String {
        let hash = Sha256::digest(format!("{name} {}", std::process::id()));
        let signs = ["?>~", ".", "ÿÿ>", "/+", "~??"];
        let parts = hash.iter().zip(signs.iter().cycle());
        parts
            .take(20)
            .map(|(byte, sign)| format!("{byte:02x}{sign}"))
            .collect()
    }

    fn findings(mut sentinel: Sentinel) -> String {
        panic_of(|| sentinel.finish())
    }

    /// Any twelve characters that begin here.
    fn piece(secret: &str, at: usize) -> String {
        secret.chars().skip(at).take(12).collect()
    }

    #[test]
    fn every_piece_is_found_in_every_form() {
        let secret = secret("forms");
        let mut sentinel = Sentinel::new(&["another-one-that-is-not-there", &secret]);
        let pieces = secret.chars().count() - 11;
        for piece in (0..pieces).map(|at| piece(&secret, at)) {
            let percent_all: String = piece.bytes().map(|b| format!("%{b:02x}")).collect();
            let mut forms = vec![
                format!("before {piece} after").into_bytes(),
                format!("a={}&b", utf8_percent_encode(&piece, NON_ALPHANUMERIC)).into_bytes(),
                percent_all.into_bytes(),
                format!("x{piece}y")
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect(),
                piece.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            ];
            for before in ["", "x", "xy", "xyz", "Bearer "] {
                for after in ["", "x", "xy"] {
                    let whole = format!("{before}{piece}{after}");
                    forms.push(STANDARD.encode(&whole).into_bytes());
                    forms.push(URL_SAFE.encode(&whole).into_bytes());
                }
            }
            for form in forms {
                // The Latin letters above are one byte each in UTF-16 halves.
                if form.contains(&0) && !piece.is_ascii() {
                    continue;
                }
                let found: Vec<_> = sentinel.find(&form).into_iter().collect();
                assert_eq!(found, [1], "{:?}", String::from_utf8_lossy(&form));
            }
        }
        sentinel.scan_bytes("the answer", piece(&secret, 3).as_bytes());
        let message = findings(sentinel);
        assert!(message.contains("secret 1 in the answer"), "{message}");
        assert!(!message.contains(&piece(&secret, 3)));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let other = secret("present");
        let secret = secret("absent");
        let mut sentinel = Sentinel::new(&[&secret]);
        let eleven = &secret.as_bytes()[..11];
        sentinel
            .scan_bytes("eleven bytes", eleven)
            .scan_bytes("nothing", b"")
            .scan_bytes("short", b"%4")
            .scan_bytes("another secret", other.as_bytes())
            .scan_processes()
            .finish();
    }

    #[test]
    fn a_sentinel_cannot_be_forgotten() {
        assert!(panic_of(|| drop(Sentinel::new(&["long-enough-secret"]))).contains("finish"));
        assert!(panic_of(|| Sentinel::new(&[]).finish()).contains("no secret"));
        assert!(panic_of(|| drop(Sentinel::new(&["short"]))).contains("12 bytes"));
    }

    #[test]
    fn files_their_names_and_links_are_searched() {
        let home = tempfile::tempdir().unwrap();
        let secret = secret("files").replace('/', "|");
        let path = |name: &str| home.path().join(name);
        let clean = || Sentinel::new(&["something-else-entirely", &secret]);
        std::fs::create_dir_all(path("deep/er")).unwrap();
        std::fs::write(path("deep/innocent"), "nothing here").unwrap();
        std::os::unix::fs::symlink("/nowhere", path("deep/broken")).unwrap();
        let mut sentinel = clean();
        sentinel.scan_tree(home.path());
        sentinel.finish();

        std::fs::write(path("deep/er/.hidden"), STANDARD.encode(&secret)).unwrap();
        let mut sentinel = clean();
        sentinel.scan_tree(home.path());
        let message = findings(sentinel);
        assert!(
            message.contains("secret 1 in") && message.contains("er/.hidden"),
            "{message}"
        );

        // Where the test put it, and only that secret.
        let mut sentinel = clean();
        sentinel
            .allow_file(1, path("deep/er/.hidden"))
            .scan_tree(home.path());
        sentinel.finish();
        let mut sentinel = clean();
        sentinel
            .allow_file(0, path("deep/er/.hidden"))
            .scan_tree(home.path());
        findings(sentinel);

        std::fs::remove_file(path("deep/er/.hidden")).unwrap();
        std::fs::write(path(&piece(&secret, 0)), "").unwrap();
        let mut sentinel = clean();
        sentinel.scan_tree(home.path());
        findings(sentinel);
        std::fs::remove_file(path(&piece(&secret, 0))).unwrap();
        std::os::unix::fs::symlink(&secret, path("link")).unwrap();
        let mut sentinel = clean();
        sentinel.scan_tree(home.path());
        findings(sentinel);

        let mut sentinel = clean();
        sentinel.scan_tree(path("not there"));
        assert!(findings(sentinel).contains("could not be searched"));
    }

    #[test]
    fn a_text_that_was_drawn_in_pieces_is_found_on_the_screen() {
        let program =
            Program::shell("printf 'drawn-in-   pieces\\033[10Gtwo'; echo; exec cat").start();
        program.wait_for("drawn-in-twopieces");
        let mut sentinel = Sentinel::new(&["drawn-in-twopieces"]);
        sentinel.scan_terminal("the program", &program);
        let message = findings(sentinel);
        assert!(message.contains("the program's screen"), "{message}");
        assert!(!message.contains("output"), "{message}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn arguments_and_environments_are_searched() {
        let secret = secret("processes");
        for place in ["cmdline", "environ"] {
            let script = Program::shell("echo ready; read line; echo $line");
            let program = match place {
                "cmdline" => script.args(["sh", &secret]).start(),
                _ => script.env("GIVEN", &secret).start(),
            };
            program.wait_for("ready");
            let mut sentinel = Sentinel::new(&[&secret]);
            sentinel.scan_processes();
            let message = findings(sentinel);
            let expected = format!("secret 0 in {place} of process {}", program.pid());
            assert!(message.contains(&expected), "{message}");
            assert!(!message.contains(&secret));
            let mut sentinel = Sentinel::new(&[&secret]);
            sentinel.allow_process(0, program.pid()).scan_processes();
            sentinel.finish();
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_is_gone_was_seen() {
        let secret = secret("gone");
        let sampler = Sampler::start();
        let program = Program::shell("echo ready; read line")
            .args(["sh", &secret])
            .start();
        let pid = program.pid();
        poll(patience(), || sampler.has_seen(pid).then_some(())).expect("the sampler looks");
        drop(program);
        let holds = |samples: &sampler::Samples| {
            let mut sentinel = Sentinel::new(&[&secret]);
            sentinel.scan_samples(samples);
            catch_unwind(AssertUnwindSafe(|| sentinel.finish())).is_err()
        };
        assert!(!holds(&sampler::look()), "it still runs");
        assert!(holds(&sampler.stop()));
    }
}
