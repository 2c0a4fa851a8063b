//! The pictures: scenes of the real program, drawn as SVG. Shared by the example
//! that writes them and by the test that compares them.

mod scenes;
mod svg;

use std::path::{Path, PathBuf};

/// One picture.
pub struct Picture {
    /// Its file's name, without `.svg`.
    pub name: &'static str,
    /// Its file's content.
    pub svg: String,
}

impl Picture {
    /// Where it lies in the repository.
    pub fn path(&self) -> PathBuf {
        folder().join(format!("{}.svg", self.name))
    }
}

/// Where the pictures lie.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/screenshots")
}

/// Every picture, drawn now.
pub fn all() -> Vec<Picture> {
    scenes::all()
        .into_iter()
        .map(|scene| Picture {
            name: scene.name,
            svg: svg::draw(scene.title, &scene.buffer),
        })
        .collect()
}
