//! The three promises, looked at from outside.

use std::collections::HashSet;

use orgward::action::{Order, Verb};
use orgward::app::{App, Layer};
use orgward::slot::{Identity, Slot};
use orgward::ui;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// A dialog as it was before a message.
pub struct Asked {
    slot: Slot,
    shown: Identity,
    verb: Verb,
    typed: String,
}

/// The dialogs that are open.
pub fn asked(app: &App) -> Vec<Asked> {
    let dialog = |layer: &Layer| match layer {
        Layer::New(dialog) => Some(Asked {
            slot: dialog.slot.clone(),
            shown: dialog.shown.clone(),
            verb: dialog.verb(),
            typed: dialog.name.text().to_owned(),
        }),
        Layer::Delete(dialog) => Some(Asked {
            slot: dialog.slot.clone(),
            shown: dialog.shown.clone(),
            verb: Verb::Delete,
            typed: dialog.name.text().to_owned(),
        }),
        _ => None,
    };
    app.layers.iter().filter_map(dialog).collect()
}

/// Nothing is revoked by surprise: before an order a dialog showed exactly this
/// token, and the organization's name was typed; or it is one that was
/// confirmed so, given again without the journal.
pub fn was_confirmed(order: &Order, asked: &[Asked], confirmed: &[Order]) -> bool {
    let again = |first: &Order| {
        (&first.slot, &first.act, &first.shown) == (&order.slot, &order.act, &order.shown)
    };
    if order.without_journal {
        return confirmed.iter().any(again);
    }
    asked.iter().any(|dialog| {
        dialog.slot == order.slot
            && dialog.shown == order.shown
            && dialog.verb == order.verb()
            && (dialog.verb == Verb::Generate || dialog.typed == *order.slot.organization)
    })
}

/// The screen as text.
pub fn screen(app: &App) -> String {
    let (width, height) = app.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| {
            ui::draw(app, frame);
        })
        .unwrap();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for y in 0..height {
        for x in 0..width {
            text.push_str(buffer[(x, y)].symbol());
        }
        text.push('\n');
    }
    text
}

/// Whether a secret may be on the screen.
pub fn is_revealed(app: &App) -> bool {
    matches!(app.layers.last(), Some(Layer::Panel(panel)) if panel.revealed_until.is_some())
}

/// Whether twelve characters in a row of a secret are in a text.
pub fn leaks(text: &str, secret: &str) -> bool {
    let flat: String = text.split(['\n', '│', ' ']).collect();
    secret
        .as_bytes()
        .windows(12)
        .any(|piece| flat.contains(std::str::from_utf8(piece).unwrap()))
}

/// Every twelve characters in a row of many secrets.
#[derive(Default)]
pub struct Pieces(HashSet<[u8; 12]>);

impl Pieces {
    pub fn add(&mut self, secret: &str) {
        let pieces = secret.as_bytes().windows(12);
        self.0
            .extend(pieces.map(|p| <[u8; 12]>::try_from(p).unwrap()));
    }

    /// As [`leaks`], for each of the secrets.
    pub fn are_in(&self, text: &str) -> bool {
        let flat: Vec<u8> = text.split(['\n', '│', ' ']).flat_map(str::bytes).collect();
        flat.windows(12).any(|piece| self.0.contains(piece))
    }
}
