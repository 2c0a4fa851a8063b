//! The bare program that Orgward is measured against: a list of ten thousand
//! rows on ratatui, tokio, reqwest and arboard, and nothing else. What it takes
//! to its first frame, the libraries take; the rest is Orgward's own.

use std::io::{self, BufWriter, Stdout, Write};

use crossterm::event::{Event, EventStream, KeyCode};
use crossterm::execute;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use futures_util::StreamExt;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

const ROWS: usize = 10_000;

type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen)?;
    let ended = runtime.block_on(run());
    execute!(io::stdout(), LeaveAlternateScreen)?;
    disable_raw_mode()?;
    ended
}

async fn run() -> io::Result<()> {
    let rows: Vec<String> = (0..ROWS)
        .map(|number| format!("organization-{number:05}      app.terraform.io      ok"))
        .collect();
    let mut terminal = Terminal::new(CrosstermBackend::new(BufWriter::new(io::stdout())))?;
    let mut events = EventStream::new();
    let (mut selected, mut words) = (0, String::new());
    loop {
        draw(&mut terminal, &rows, selected, &words)?;
        let Some(event) = events.next().await else {
            return Ok(());
        };
        let Event::Key(key) = event? else { continue };
        match key.code {
            KeyCode::Char('j') => selected = (selected + 1).min(ROWS - 1),
            KeyCode::Char('k') => selected = selected.saturating_sub(1),
            KeyCode::Char('c') => words = copy(&rows[selected]),
            KeyCode::Char('r') => words = fetch().await,
            KeyCode::Char('q') => return Ok(()),
            _ => {}
        }
    }
}

fn draw(terminal: &mut Screen, rows: &[String], selected: usize, words: &str) -> io::Result<()> {
    execute!(terminal.backend_mut(), BeginSynchronizedUpdate)?;
    terminal.draw(|frame| {
        let area = frame.area();
        let height = usize::from(area.height).saturating_sub(1);
        let first = selected.saturating_sub(height.saturating_sub(1));
        let visible = rows.iter().enumerate().skip(first).take(height);
        let mut lines: Vec<Line> = visible
            .map(|(at, row)| match at == selected {
                true => Line::styled(row.as_str(), Style::new().add_modifier(Modifier::REVERSED)),
                false => Line::raw(row.as_str()),
            })
            .collect();
        lines.push(Line::raw(words));
        frame.render_widget(Paragraph::new(lines), area);
    })?;
    execute!(terminal.backend_mut(), EndSynchronizedUpdate)?;
    terminal.backend_mut().flush()
}

#[cfg(not(feature = "clipboard"))]
fn copy(_: &str) -> String {
    "there is no clipboard".to_owned()
}

#[cfg(feature = "clipboard")]
fn copy(text: &str) -> String {
    let copied = arboard::Clipboard::new().and_then(|mut clipboard| clipboard.set_text(text));
    copied.map_or_else(|error| error.to_string(), |()| "copied".to_owned())
}

async fn fetch() -> String {
    let answer = async {
        reqwest::Client::builder()
            .build()?
            .get("https://localhost/")
            .send()
            .await
    };
    match answer.await {
        Ok(answer) => answer.status().to_string(),
        Err(error) => error.to_string(),
    }
}
