//! What a key, a paste, a click and the wheel do: handed to what is on top.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::dialogs::{Deed, Notice};
use super::field::Field;
use super::help::Help;
use super::keys::{Command, Context, Pressed};
use super::list::Column;
use super::message::{DialogPart, Target};
use super::{App, Effect, Layer, MEANT, token_page};

/// The lines that one step of the wheel moves.
const WHEEL: u8 = 3;

impl App {
    /// What has the keys.
    pub fn context(&self) -> Context {
        match self.layers.last() {
            Some(layer) => layer.context(),
            None if self.filter.is_some() => Context::Filter,
            None => Context::List,
        }
    }

    /// Hands a key to what is on top. Help and leaving mean the same everywhere
    /// where the table knows them.
    pub(super) fn key(&mut self, key: &KeyEvent) -> Vec<Effect> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return self.leave(),
            KeyCode::Char('z') if control => {
                self.hide_secrets();
                return vec![Effect::Suspend];
            }
            _ => {}
        }
        let context = self.context();
        let command = self.settings.keymap.command(context, key);
        match command {
            Some(Command::Quit) => return self.leave(),
            Some(Command::Help) => {
                self.hide_secrets();
                self.layers.push(Layer::Help(Help::over(context)));
                return Vec::new();
            }
            _ => {}
        }
        let pressed = Pressed { command, key };
        match self.layers.pop() {
            Some(layer) => self.layer_key(layer, pressed),
            None if self.filter.is_some() => {
                self.filter_key(pressed);
                Vec::new()
            }
            None => command.map_or_else(Vec::new, |command| self.command(command)),
        }
    }

    /// Hands a key to the top layer, which was taken off and goes back unless
    /// it is done.
    fn layer_key(&mut self, layer: Layer, pressed: Pressed) -> Vec<Effect> {
        let now = self.now;
        let command = pressed.command;
        match layer {
            Layer::Help(mut help) => {
                if !help.key(pressed, &self.settings.keymap, self.size) {
                    self.layers.push(Layer::Help(help));
                }
                Vec::new()
            }
            Layer::New(mut dialog) => {
                let reaction = dialog.key(pressed);
                self.react(reaction, Layer::New(dialog))
            }
            Layer::Delete(mut dialog) => {
                let reaction = dialog.key(pressed);
                self.react(reaction, Layer::Delete(dialog))
            }
            Layer::Many(dialog) => self.many_key(dialog, pressed),
            Layer::Report(report) => self.report_key(report, command),
            Layer::Notice(notice) => self.notice_key(notice, command),
            Layer::Panel(mut panel) => {
                let wish = panel.key(pressed, now);
                self.panel_wish(panel, wish)
            }
            Layer::Leave(dialog) => self.leave_key(dialog, pressed),
            Layer::Add(dialog) => self.add_key(dialog, pressed),
            Layer::Ask(dialog) => self.ask_key(dialog, pressed),
            Layer::Offer(offer) => self.offer_key(offer, command),
            Layer::Program(dialog) => self.program_key(dialog, command),
            Layer::Leftovers(leftovers) => self.leftovers_key(leftovers, command),
            Layer::Journal(view) => self.journal_key(view, pressed),
            Layer::Messages(view) => {
                self.messages_key(view, command);
                Vec::new()
            }
            Layer::Timeline => self.timeline_key(command),
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        match self.layers.last_mut() {
            Some(Layer::New(dialog)) => dialog.paste(text),
            Some(Layer::Delete(dialog)) => dialog.paste(text),
            Some(Layer::Many(dialog)) => dialog.paste(text),
            Some(Layer::Add(dialog)) => dialog.paste(text),
            Some(Layer::Ask(dialog)) => dialog.paste(text),
            Some(Layer::Panel(panel)) => {
                if let Some(field) = panel.field() {
                    field.paste(text);
                }
            }
            Some(Layer::Journal(view)) => view.paste(text),
            Some(Layer::Help(help)) => help.paste(text),
            Some(_) => {}
            None => {
                if let Some(filter) = &mut self.filter {
                    filter.paste(text);
                    let text = filter.text().to_owned();
                    self.list.set_filter(&text);
                }
            }
        }
    }

    /// A click on something that was drawn. What looks like a button is a key:
    /// a click does what the key does now, and nothing where that does nothing.
    pub(super) fn click(&mut self, target: Target) -> Vec<Effect> {
        match target {
            // Made for what was there before, or the second of a double click.
            Target::Key(_) if self.now.since_start < self.opened + MEANT => Vec::new(),
            Target::Key(key) => self.key(&key),
            Target::Part(part) => {
                match (self.layers.last_mut(), part) {
                    (Some(Layer::New(dialog)), DialogPart::New(part)) => dialog.go_to(part),
                    (Some(Layer::Many(dialog)), DialogPart::Many(part)) => dialog.go_to(part),
                    (Some(Layer::Add(dialog)), DialogPart::Add(part)) => dialog.go_to(part),
                    // It was there when the click was made.
                    _ => {}
                }
                Vec::new()
            }
            Target::Row(slot) => {
                match self.context() {
                    Context::List | Context::Filter | Context::Timeline => {
                        self.list.select(&slot);
                    }
                    _ => {}
                }
                Vec::new()
            }
        }
    }

    /// The wheel scrolls what can be scrolled. On the timeline that moves the
    /// selection, which is what the window follows. It never acts.
    pub(super) fn wheel(&mut self, down: bool) {
        let context = self.context();
        if matches!(context, Context::List | Context::Filter) {
            let lines = isize::from(WHEEL);
            self.list.scroll(if down { lines } else { -lines });
            return;
        }
        let command = if down { Command::Down } else { Command::Up };
        let key = KeyEvent::new(KeyCode::Null, KeyModifiers::NONE);
        if matches!(
            context,
            Context::Help
                | Context::Journal
                | Context::Messages
                | Context::Report
                | Context::Many
                | Context::Timeline
        ) {
            for _ in 0..WHEEL {
                if let Some(layer) = self.layers.pop() {
                    let pressed = Pressed {
                        command: Some(command),
                        key: &key,
                    };
                    self.layer_key(layer, pressed);
                }
            }
        }
    }

    fn filter_key(&mut self, pressed: Pressed) {
        let Some(field) = &mut self.filter else {
            return;
        };
        match pressed.command {
            Some(Command::Act) => {
                self.filter = None;
                self.list.set_seeking(false);
            }
            Some(Command::Close) => {
                self.filter = None;
                self.list.set_seeking(false);
                self.list.set_filter("");
            }
            Some(Command::Down) => self.list.move_by(1),
            Some(Command::Up) => self.list.move_by(-1),
            _ => {
                field.key(pressed.key);
                let text = field.text().to_owned();
                self.list.set_filter(&text);
            }
        }
    }

    fn command(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::Up => self.list.move_by(-1),
            Command::Down => self.list.move_by(1),
            Command::PageUp => self.list.move_pages(-1),
            Command::PageDown => self.list.move_pages(1),
            Command::HalfUp => self.list.move_half_pages(-1),
            Command::HalfDown => self.list.move_half_pages(1),
            Command::Top => self.list.move_to(0),
            Command::Bottom => self.list.move_to(usize::MAX),
            Command::Filter => {
                self.filter = Some(Field::with(self.list.filter()));
                self.list.set_seeking(true);
            }
            Command::Sort => {
                let columns = self.columns();
                let mut next = self.list.order().0.next();
                // Where no head has the arrow, nobody sees what the order is. There
                // are columns that always stand.
                while !columns.shows(next) {
                    next = next.next();
                }
                self.sort(next, false);
            }
            Command::SortReverse => {
                let (column, reversed) = self.list.order();
                self.sort(column, !reversed);
            }
            Command::Back => return self.back(),
            Command::Refresh => return self.refresh(),
            Command::RefreshAll => return self.refresh_all(),
            Command::Copy => return self.copy_name(),
            Command::Address => self.show_address(),
            Command::Add => self.open_add(),
            Command::Timeline => self.open_timeline(),
            Command::Journal => return self.open_journal(),
            Command::Messages => self.open_messages(),
            Command::Suspend => return vec![Effect::Suspend],
            Command::Mark => {
                if let Some(row) = self.list.selected() {
                    let (slot, marked) = (row.slot.clone(), row.marked);
                    self.list.mark(&slot, !marked);
                    self.list.move_by(1);
                }
            }
            Command::MarkAll => self.list.mark_shown(),
            Command::Kind => self.turn_kind(),
            Command::New => return self.open(Deed::New),
            Command::Delete => return self.open(Deed::Delete),
            // These are the same everywhere, or not of the list.
            _ => {}
        }
        Vec::new()
    }

    fn sort(&mut self, column: Column, reversed: bool) {
        self.list.sort_by(column, reversed);
        self.say_order();
    }

    pub(super) fn say_order(&mut self) {
        let (column, reversed) = self.list.order();
        let backwards = if reversed { ", reversed" } else { "" };
        self.say(format!("sorted by {}{backwards}", column.words()));
    }

    fn turn_kind(&mut self) {
        if !self.list.turn_kind() {
            self.say_bad("no host here is known to have audit trail tokens");
        }
    }

    /// Esc undoes one thing. While an order runs there is nothing to undo; of
    /// many orders no further one begins.
    pub(super) fn back(&mut self) -> Vec<Effect> {
        if let (Some(running), Some(run)) = (&self.running, &mut self.run) {
            let (id, sent) = (running.id, running.sent);
            run.stop();
            self.say("stopping after this one");
            return match sent {
                true => Vec::new(),
                false => vec![Effect::Stop { id }],
            };
        }
        if let Some(running) = &self.running {
            if running.sent {
                self.say("waiting for the server");
                return Vec::new();
            }
            let id = running.id;
            self.say("stopping");
            return vec![Effect::Stop { id }];
        }
        if self.waiting_for().is_some() {
            self.say("stopping");
            return vec![Effect::StopProgram];
        }
        if self.list.filter().is_empty() {
            self.list.unmark_all();
        }
        self.list.set_filter("");
        Vec::new()
    }

    fn copy_name(&mut self) -> Vec<Effect> {
        let Some(row) = self.list.selected() else {
            return Vec::new();
        };
        let name = row.slot.organization.to_string();
        let id = self.next_id();
        vec![Effect::CopyName { id, name }]
    }

    fn show_address(&mut self) {
        let Some(row) = self.list.selected() else {
            return;
        };
        let address = token_page(&row.slot);
        self.layers.push(Layer::Notice(Notice {
            title: "Token page".to_owned(),
            lines: vec![row.slot.to_string(), address],
            bad: false,
            next: None,
        }));
    }
}

impl Layer {
    /// What has the keys while this is on top.
    fn context(&self) -> Context {
        match self {
            Layer::Help(_) => Context::Help,
            Layer::New(_) => Context::New,
            Layer::Delete(_) => Context::Delete,
            Layer::Many(_) => Context::Many,
            Layer::Report(_) => Context::Report,
            Layer::Panel(panel) => panel.context(),
            Layer::Leave(_) => Context::Leave,
            Layer::Notice(_) => Context::Notice,
            Layer::Add(_) => Context::Add,
            Layer::Ask(_) => Context::Ask,
            Layer::Offer(_) => Context::Offer,
            Layer::Program(_) => Context::Program,
            Layer::Leftovers(_) => Context::Leftovers,
            Layer::Journal(view) if view.typing => Context::JournalFilter,
            Layer::Journal(_) => Context::Journal,
            Layer::Messages(_) => Context::Messages,
            Layer::Timeline => Context::Timeline,
        }
    }
}
