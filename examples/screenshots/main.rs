//! Draws the pictures of the README anew: `cargo run --example screenshots`.
//!
//! They come from the real views, so they show what the program shows; the test
//! `tests/screenshots.rs` says when one is out of date.

mod pictures;

fn main() -> std::io::Result<()> {
    for picture in pictures::all() {
        let path = picture.path();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, &picture.svg)?;
        println!("{} ({} bytes)", path.display(), picture.svg.len());
    }
    Ok(())
}
