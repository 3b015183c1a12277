//! The user's terminal on the serial line: every key goes to the system, Ctrl-A is the way out. However this program
//! ends, short of SIGKILL, the terminal is what it was before.

use std::io::{IsTerminal, Read, Write, stdin, stdout};
use std::process::{ChildStdin, ExitStatus};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::termios::{OptionalActions, OutputModes, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::emulator::{self, Emulator};
use crate::qemu::Machine;
use crate::screen::Screen;

/// Ctrl-A, as in QEMU and `screen`.
const ESCAPE: u8 = 1;
/// The terminal's settings while it is in raw mode.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

/// Ends the emulators and restores the terminal when this program is told to end, or panics.
pub fn guard() -> Result<()> {
    static ONCE: Once = Once::new();
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]).context("cannot handle signals")?;
    ONCE.call_once(|| {
        thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                emulator::kill_all();
                restore();
                std::process::exit(128 + signal);
            }
        });
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            usual(panic);
        }));
    });
    Ok(())
}

/// Both standard input and output are a terminal.
pub fn is_interactive() -> bool {
    stdin().is_terminal() && stdout().is_terminal()
}

/// Raw mode until it is dropped.
struct Raw;

impl Raw {
    fn enter() -> Result<Self> {
        let settings = tcgetattr(stdin()).context("cannot read the terminal's settings")?;
        let mut raw = settings.clone();
        raw.make_raw();
        // Line ends from the system and from messages here both come out right.
        raw.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
        *SAVED.lock().unwrap_or_else(PoisonError::into_inner) = Some(settings);
        tcsetattr(stdin(), OptionalActions::Flush, &raw).context("cannot set the terminal")?;
        Ok(Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts the terminal's settings back, once.
fn restore() {
    if let Some(settings) = SAVED.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &settings);
    }
}

/// What a typed byte means.
#[derive(Debug, PartialEq, Eq)]
enum Key {
    /// For the system.
    Send(u8),
    /// Nothing yet.
    Nothing,
    /// Leave.
    Leave,
    /// Tell the keys.
    Help,
}

/// Whether the last byte was [`ESCAPE`].
#[derive(Default)]
struct Keys {
    escaped: bool,
}

impl Keys {
    fn take(&mut self, byte: u8) -> Key {
        if !std::mem::replace(&mut self.escaped, false) {
            if byte == ESCAPE {
                self.escaped = true;
                return Key::Nothing;
            }
            return Key::Send(byte);
        }
        match byte {
            b'x' | b'X' => Key::Leave,
            b'h' | b'?' => Key::Help,
            b'a' | ESCAPE => Key::Send(ESCAPE),
            other => Key::Send(other),
        }
    }
}

/// The serial line's input, for the user's keys and for what is typed for the user.
type Input = Arc<Mutex<ChildStdin>>;

fn send(input: &Input, bytes: &[u8]) -> std::io::Result<()> {
    let mut input = input.lock().unwrap_or_else(PoisonError::into_inner);
    input.write_all(bytes).and_then(|()| input.flush())
}

/// Sends the user's keys until the user leaves. Blocks in a read when the system ends; the thread goes with the process.
fn send_keys(input: &Input) {
    let mut keys = Keys::default();
    for byte in stdin().lock().bytes() {
        let sent = match byte.map_or(Key::Leave, |byte| keys.take(byte)) {
            Key::Send(byte) => send(input, &[byte]),
            Key::Help => writeln!(stdout(), "\nCtrl-A x: leave; Ctrl-A a: send Ctrl-A; Ctrl-A h: this help"),
            Key::Nothing => Ok(()),
            Key::Leave => return,
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Connects the terminal to the system until it ends, the user leaves or the time is up; `first` is typed at the first
/// prompt. Answers the exit code, which is `None` if the user left.
pub fn interact(machine: &Machine, first: Option<&str>, limit: Option<Duration>) -> Result<Option<u8>> {
    guard()?;
    println!("Ctrl-A x leaves the emulator, Ctrl-A h tells more.");
    if !machine.icount {
        println!(
            "Time is that of this computer: when it is busy, deadlines are missed in the emulator. --icount avoids that."
        );
    }
    let end = limit.map(|limit| Instant::now() + limit);
    let mut running = Emulator::start(machine)?;
    let input = running.input.take().context("the emulator has no standard input")?;
    let input = Arc::new(Mutex::new(input));
    let (mut first, mut screen) = (first, Screen::default());
    let raw = Raw::enter()?;
    let (sender, left) = std::sync::mpsc::channel();
    let keys = Arc::clone(&input);
    thread::spawn(move || {
        send_keys(&keys);
        // Fails when the session has ended already.
        let _ = sender.send(());
    });
    loop {
        match running.output.recv_timeout(Duration::from_millis(20)) {
            Ok(bytes) => {
                let mut terminal = stdout().lock();
                terminal.write_all(&bytes).and_then(|()| terminal.flush()).context("the terminal is gone")?;
                bytes.iter().for_each(|byte| drop(screen.feed(*byte)));
                if let Some(line) = first.take_if(|_| screen.at_prompt()) {
                    // An emulator that is gone shows below.
                    let _ = send(&input, format!("{line}\r").as_bytes());
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if left.try_recv().is_ok() {
            running.kill();
            drop(raw);
            println!();
            return Ok(None);
        }
        if end.is_some_and(|end| Instant::now() >= end) {
            running.kill();
            drop(raw);
            bail!("the time limit passed");
        }
    }
    let (status, errors) = running.finish()?;
    drop(raw);
    exit_code(status, &errors).map(Some)
}

/// The system's own exit code, or why there is none.
pub fn exit_code(status: ExitStatus, errors: &str) -> Result<u8> {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    let Some(code) = code else { bail!("the emulator died ({status})\n{errors}") };
    // QEMU says why it could not start; a system that ends has no part in its standard error.
    if code != 0 && errors.contains("qemu-system") {
        bail!("the emulator failed: {}", errors.trim());
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::{Key, Keys};

    #[test]
    fn ctrl_a_x_leaves_and_other_keys_reach_the_system() {
        let mut keys = Keys::default();
        let taken: Vec<_> = b"x\x03\x01a\x01x".iter().map(|byte| keys.take(*byte)).collect();
        let expected = [Key::Send(b'x'), Key::Send(3), Key::Nothing, Key::Send(1), Key::Nothing, Key::Leave];
        assert_eq!(taken, expected);
    }
}
