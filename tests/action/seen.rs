//! What the owner sees of an outcome: the words of the real views.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orgward::action::{Order, Outcome};
use orgward::app::dialogs::Notice;
use orgward::app::keys::Keymap;
use orgward::app::panel::Panel;
use orgward::app::{App, Layer, Moment, Settings};
use orgward::expiry::{Expiry, Length};
use orgward::slot::{Identity, Rules};
use orgward::ui;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::stage::Stage;

/// A window in which nothing is left out.
const WINDOW: (u16, u16) = (80, 32);

/// The words of an outcome, without what differs from run to run.
pub fn seen(stage: &Stage, order: &Order, outcome: Outcome) -> String {
    let plain = Plain::new(stage, order);
    match outcome {
        Outcome::Generated(done) => {
            let mut panel = Panel::new(order.slot.clone(), *done, Vec::new(), true, now());
            let texts = panel.notes.iter_mut().chain(&mut panel.problem);
            texts.for_each(|text| *text = plain.of(text));
            for place in &mut panel.places {
                place.words = plain.of(&place.words);
            }
            let lines = drawn(Layer::Panel(Box::new(panel)));
            // Below the token's own lines and the mask.
            let blank = lines.iter().position(String::is_empty).unwrap();
            format!("{}. {}", lines[0], lines[blank + 1..].join(" "))
        }
        other => {
            let mut notice = Notice::of_order(order, &other);
            for line in &mut notice.lines {
                *line = plain.of(line);
            }
            let lines = drawn(Layer::Notice(notice));
            // Without the title and the slot.
            let lines: Vec<&str> = lines[2..]
                .iter()
                .filter(|line| !line.is_empty())
                .map(String::as_str)
                .collect();
            lines.join(" ").replace("   ", ", ")
        }
    }
}

fn now() -> Moment {
    Moment {
        since_start: Duration::from_secs(1),
        wall: Timestamp::UNIX_EPOCH,
    }
}

/// The title and the lines of a box, as they are drawn.
fn drawn(layer: Layer) -> Vec<String> {
    let settings = Settings {
        rules: Rules::default(),
        expiry: Expiry::In(Length::days(90)),
        zone: TimeZone::UTC,
        keymap: Keymap::new(&BTreeMap::new()).unwrap(),
        deliveries: Vec::new(),
        copies_to: orgward::delivery::Destination::Clipboard,
        demo: false,
        read_only: false,
        ascii: false,
        narrowed: false,
        palette: Default::default(),
        mouse: false,
        warnings: Vec::new(),
    };
    let (mut app, _) = App::new(settings, Vec::new(), WINDOW, now());
    app.layers = vec![layer];
    let mut terminal = Terminal::new(TestBackend::new(WINDOW.0, WINDOW.1)).unwrap();
    terminal
        .draw(|frame| {
            ui::draw(&app, frame);
        })
        .unwrap();
    let buffer = terminal.backend().buffer();
    let mut lines = Vec::new();
    for y in 0..WINDOW.1 {
        let line: String = (0..WINDOW.0).map(|x| buffer[(x, y)].symbol()).collect();
        if let Some((_, title)) = line.split_once("╭─ ") {
            let title = title.split(" ─").next().unwrap();
            lines.push(title.to_owned());
        } else if let (Some(start), Some(end)) = (line.find('│'), line.rfind('│'))
            && start < end
        {
            lines.push(line[start + '│'.len_utf8()..end].trim().to_owned());
        }
    }
    lines
}

/// Puts names in the place of what is random, or differs between systems.
struct Plain(Vec<(String, &'static str)>);

impl Plain {
    fn new(stage: &Stage, order: &Order) -> Self {
        let mut names = Vec::new();
        if let Identity::Token { id, created_at } = &order.shown {
            if let Some(at) = created_at {
                names.push((format!(" created {at}"), ""));
            }
            names.push((id.clone(), "BEFORE"));
        }
        let now = stage.holds().map(|token| (token, "NOW"));
        let witnesses = stage.witnesses.lock().unwrap();
        let left = witnesses.iter().filter_map(|witness| witness.left.clone());
        let ours = left.flatten().map(|token| (token, "NEW"));
        for (token, name) in now.into_iter().chain(ours) {
            names.push((format!(" created {}", token.created_at), ""));
            names.push((token.id, name));
        }
        let folder = stage.folder.path().display().to_string();
        names.push((folder, ""));
        names.push((stage.host.address().to_string(), "https://tfe.test/api/v2/"));
        Self(names)
    }

    fn of(&self, text: &str) -> String {
        let mut text = text.replace(" (audit trail token)", "");
        for (from, to) in &self.0 {
            text = text.replace(from, to);
        }
        // The temporary file's name is another each time.
        if let Some(start) = text.find(" at path \"") {
            let end = text[start + 10..].find('"').unwrap() + start + 11;
            text.replace_range(start..end, "");
        }
        // The HTTP library's word for a connection that is gone depends on who
        // was faster.
        let cut = "before the answer was complete: ";
        if let Some(start) = text.find(cut).map(|at| at + cut.len()) {
            let end = text[start..].find(';').map_or(text.len(), |at| start + at);
            text.replace_range(start..end, "…");
        }
        text
    }
}
