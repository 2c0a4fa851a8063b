//! A recording in the format asciicast v2: a header, then one event a line.

use serde_json::{Value, json};

use super::script::Scene;
use super::support::Program;

/// How long a scene is looked at, and how long a key takes, in seconds.
const LOOK: f64 = 2.4;
const KEY: f64 = 0.18;

/// Output, or a marker.
pub struct Event {
    pub time: f64,
    pub text: String,
    /// The marker's label.
    pub scene: Option<String>,
}

pub struct Recording {
    pub size: (u16, u16),
    pub events: Vec<Event>,
    taken: usize,
    time: f64,
}

impl Recording {
    pub fn new(size: (u16, u16)) -> Self {
        Self {
            size,
            events: Vec::new(),
            taken: 0,
            time: 0.0,
        }
    }

    /// Takes what was written since the last time, and marks a scene.
    pub fn take(&mut self, program: &Program, scene: Option<&Scene>) {
        let bytes = program.raw_bytes();
        let new = std::str::from_utf8(&bytes[self.taken..]).expect("whole characters");
        if !new.is_empty() {
            self.time += KEY;
            self.events.push(Event {
                time: self.time,
                text: new.to_owned(),
                scene: None,
            });
        }
        self.taken = bytes.len();
        if let Some(scene) = scene {
            self.events.push(Event {
                time: self.time,
                text: String::new(),
                scene: Some(scene.label.to_owned()),
            });
            self.time += LOOK;
        }
    }

    /// As it stands in the file.
    pub fn text(&self) -> String {
        let (width, height) = self.size;
        let header = json!({
            "version": 2,
            "width": width,
            "height": height,
            "title": "orgward --demo",
            "env": { "TERM": "xterm-256color" },
        });
        let mut text = format!("{header}\n");
        for event in &self.events {
            let time = (event.time * 100.0).round() / 100.0;
            let line = match &event.scene {
                Some(label) => json!([time, "m", label]),
                None => json!([time, "o", event.text]),
            };
            text.push_str(&format!("{line}\n"));
        }
        text
    }

    /// Reads a file, and looks whether it keeps to the format.
    pub fn read(text: &str) -> Self {
        let mut lines = text.lines();
        let header: Value = serde_json::from_str(lines.next().expect("a header")).unwrap();
        assert_eq!(header["version"], 2);
        let side = |name: &str| u16::try_from(header[name].as_u64().expect(name)).unwrap();
        let size = (side("width"), side("height"));
        let mut time = 0.0;
        let events = lines.map(|line| {
            let event: (f64, String, String) = serde_json::from_str(line).expect(line);
            let (at, kind, data) = event;
            assert!(at >= time, "the time runs backwards at {at}");
            time = at;
            let (text, scene) = match kind.as_str() {
                "o" => (data, None),
                "m" => (String::new(), Some(data)),
                other => panic!("an event of the kind {other:?}"),
            };
            Event {
                time: at,
                text,
                scene,
            }
        });
        let events: Vec<Event> = events.collect();
        assert!(text.ends_with('\n') && !events.is_empty());
        Self {
            size,
            time: events.last().map_or(0.0, |event| event.time),
            events,
            taken: 0,
        }
    }
}
