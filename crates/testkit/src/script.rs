//! Stories about the scheduler as text: commands in, a golden transcript out.
//!
//! One command a line; `#` begins a comment, which is copied. Values are in the words of
//! [`fake`](crate::fake).
//!
//! ```text
//! put b/1 text            changes are collected, and sent by
//! delete b/1
//! commit                  with: stop, all-or-nothing, retry, reject-invalid, verify
//! submit                  the same without waiting for the report
//! plan                    what the collected changes would do; `apply` does exactly that
//! resync full             with the collected changes; or `upstream`; or without any
//! resync downstream       compares and repairs; `read-back` only compares; both of everything, or
//!                         `of base`, `below b/`, `b/1 b/2`
//! fault b/1 fails         the next operation on it: fails, fails-late, no-answer, panics, hangs,
//!                         late, lies
//! heal                    no more faults
//! southbound b/1 text     somebody writes (or, without text, removes) one of our values;
//! foreign b/1 text        one of their own; `unknown`: one of which nobody can tell
//! notify b/1 text         the southbound tells about a value (without text: it is gone)
//! down, up, restart       the southbound cannot be reached; can again; died and is back, empty
//! register, unregister, forget base    a descriptor comes; goes with its values; goes alone
//! wait 500ms              time passes
//! settle                  waits until nothing is under way and no retry is planned
//! explain b/1             why it is where it is
//! timeline b/1            what happened to it so far
//! record                  the record of the last transaction
//! ```

mod command;
mod show;
mod stage;

pub use command::{Command, How, NoCommand};
pub use stage::{Lesson, Stage};

/// Runs a script; gives the transcript. A line that is no command is part of it as an error.
pub fn run_script(text: &str) -> String {
    on_paused_clock(async {
        let mut stage = match Stage::set() {
            Ok(stage) => stage,
            Err(error) => return format!("{error}\n"),
        };
        for line in text.lines() {
            stage.line(line);
            let line = line.split('#').next().unwrap_or_default().trim();
            match line.parse::<Command>() {
                _ if line.is_empty() => {}
                Ok(command) => stage.play(&command).await,
                Err(error) => stage.say(&error.to_string()),
            }
        }
        stage.transcript()
    })
    .unwrap_or_else(|error| format!("no runtime: {error}\n"))
}

/// Runs something on a clock that stands still while anything can be done, and jumps when not.
///
/// # Errors
/// If no runtime can be made.
pub fn on_paused_clock<T>(story: impl Future<Output = T>) -> std::io::Result<T> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
    Ok(runtime.block_on(story))
}
