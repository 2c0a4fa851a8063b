//! `completions` and `man`: made from the arguments as they are defined.

use std::io;

use clap::CommandFactory;

use super::{Output, Stop, code};
use crate::cli::Arguments;

fn failed(error: &io::Error) -> Stop {
    Stop::not_possible(format!("it could not be written: {error}"))
}

/// `orgward completions`
pub fn completions(out: &Output, shell: clap_complete::Shell) -> Result<u8, Stop> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "orgward", &mut text);
    out.print(&String::from_utf8_lossy(&text))?;
    Ok(code::DONE)
}

/// `orgward man`: the page of the program, and then one for each command.
pub fn man(out: &Output) -> Result<u8, Stop> {
    let mut text = Vec::new();
    let mut command = Arguments::command();
    command.build();
    let page = clap_mangen::Man::new(command.clone());
    page.render(&mut text).map_err(|error| failed(&error))?;
    for subcommand in command.get_subcommands() {
        let page = clap_mangen::Man::new(subcommand.clone());
        page.render(&mut text).map_err(|error| failed(&error))?;
    }
    out.print(&String::from_utf8_lossy(&text))?;
    Ok(code::DONE)
}
