//! What a click would hit: noted while drawing, so that a click means what was
//! on the screen when it was made.

use ratatui::layout::{Position, Rect};

use crate::app::Target;

/// The places of one frame that mean something.
#[derive(Clone, Debug, Default)]
pub struct Hits(Vec<(Rect, Option<Target>)>);

impl Hits {
    /// Notes a place.
    pub(super) fn add(&mut self, area: Rect, target: Target) {
        self.0.push((area, Some(target)));
    }

    /// What is drawn now in this area covers what was noted there.
    pub(super) fn cover_area(&mut self, area: Rect) {
        self.0.push((area, None));
    }

    /// What is drawn now covers all that was noted.
    pub(super) fn cover(&mut self) {
        self.0.clear();
    }

    /// What is at a column and a line.
    pub fn at(&self, column: u16, line: u16) -> Option<&Target> {
        let place = Position::new(column, line);
        let (_, target) = self.0.iter().rev().find(|(area, _)| area.contains(place))?;
        target.as_ref()
    }

    /// Every place, for tests.
    pub fn all(&self) -> impl Iterator<Item = (Rect, &Target)> {
        let targets = self.0.iter();
        targets.filter_map(|(area, target)| Some((*area, target.as_ref()?)))
    }
}
