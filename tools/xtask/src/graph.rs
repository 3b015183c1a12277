//! `cargo xtask graph`: priorities and edges of a system as a Mermaid diagram, most urgent thread first. Solid arrows are
//! calls, which always go up; dotted ones notifications; thick ones rings.

use std::fmt::Write as _;

use anyhow::Result;
use lexopt::ValueExt;
use manifest::System;
use manifest::partition::Thread;

use crate::build;

/// What `help` says of it.
pub const USAGE: &str = "[--system NAME]";

/// The subcommand.
pub fn command(mut arguments: lexopt::Parser) -> Result<u8> {
    let mut name = build::DEFAULT_SYSTEM.to_owned();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("system") => name = arguments.value()?.string()?,
            other => return Err(other.unexpected().into()),
        }
    }
    print!("{}", diagram(&build::load(&name, None)?));
    Ok(0)
}

/// The diagram's text.
fn diagram(system: &System) -> String {
    let mut threads: Vec<(&str, &Thread)> = Vec::new();
    for member in system.members() {
        threads.extend(member.file.manifest.thread.iter().map(|thread| (member.file.name(), thread)));
    }
    threads.sort_by_key(|(_, thread)| std::cmp::Reverse(thread.urgency()));
    let mut text = String::from("flowchart BT\n");
    for (partition, thread) in &threads {
        let period =
            thread.period_us.as_ref().map_or(String::new(), |period| format!(", every {} us", period.get_ref()));
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  {}[\"{partition}.{}<br>{}{period}\"]",
            id(partition, thread.name.get_ref()),
            thread.name.get_ref(),
            thread.urgency()
        );
    }
    for pair in threads.windows(2) {
        // Invisible links keep the order of priorities from top to bottom.
        let [(upper, above), (lower, below)] = pair else { continue };
        let _ = writeln!(text, "  {} ~~~ {}", id(lower, below.name.get_ref()), id(upper, above.name.get_ref()));
    }
    for member in system.members() {
        let from = member.file.name();
        let Some(main) = member.file.manifest.thread.first() else { continue };
        let manifest = &member.file.manifest;
        let mut edge = |thread: &str, arrow: &str, to: &str| {
            let (partition, reader) = to.split_once('.').unwrap_or((to, ""));
            let _ = writeln!(text, "  {} {arrow} {}", id(from, thread), id(partition, reader));
        };
        for call in &manifest.call {
            let thread = call.thread.as_ref().unwrap_or(&main.name);
            edge(thread.get_ref(), "-->", call.to.get_ref());
        }
        manifest.notify.iter().for_each(|notify| edge(main.name.get_ref(), "-.->", notify.to.get_ref()));
        manifest.ring.iter().for_each(|ring| edge(main.name.get_ref(), "==>", ring.to.get_ref()));
    }
    text
}

/// A name that Mermaid takes.
fn id(partition: &str, thread: &str) -> String {
    format!("{partition}_{thread}").replace('-', "_")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_default_system_is_drawn_with_its_calls_and_the_most_urgent_thread_first() {
        let text = super::diagram(&crate::build::load("default", None).unwrap());
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is not in\n{text}"));
        assert!(at("init.supervisor<br>250") < at("motor.loop<br>200"));
        assert!(at("motor.loop<br>200") < at("shell.main<br>60"));
        at("shell_main --> init_loader");
    }
}
