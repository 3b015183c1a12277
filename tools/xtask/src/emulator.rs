//! A running emulator: its serial line, its words on standard error, and that it never outlives this program.

use std::io::Read;
use std::process::{Child, ChildStdin, ExitStatus};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal};

use crate::context::QEMU;
use crate::qemu::Machine;

/// Emulators that run now, for the case that this program is told to end.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// A running emulator.
pub struct Emulator {
    child: Child,
    /// What is typed on the serial line; `None` once it was taken.
    pub input: Option<ChildStdin>,
    /// What the serial line says, in pieces as they come; closed when the emulator has ended and all was read.
    pub output: Receiver<Vec<u8>>,
    errors: Option<JoinHandle<String>>,
}

impl Emulator {
    /// Starts it.
    pub fn start(machine: &Machine) -> Result<Self> {
        let mut child = machine.command().spawn().with_context(|| format!("cannot start {QEMU}"))?;
        lock().push(child.id());
        let input = child.stdin.take();
        let mut serial = child.stdout.take().context("the emulator has no standard output")?;
        let mut words = child.stderr.take().context("the emulator has no standard error")?;
        let errors = thread::spawn(move || {
            let mut text = Vec::new();
            // What came before a failed read is still worth showing.
            let _ = words.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            // A serial line that is not read stops the whole machine, so this reads whatever the others do.
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = serial.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, input, output, errors: Some(errors) })
    }

    /// Ends it, if it still runs.
    pub fn kill(&mut self) {
        // Fails only when it has ended already.
        let _ = self.child.kill();
    }

    /// Waits for its end; answers how it ended and what it wrote to standard error.
    pub fn finish(mut self) -> Result<(ExitStatus, String)> {
        drop(self.input.take());
        let status = self.child.wait().context("the emulator is lost")?;
        let errors = self.errors.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        Ok((status, errors))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let id = self.child.id();
        self.kill();
        let _ = self.child.wait();
        lock().retain(|running| *running != id);
    }
}

/// The list of running emulators; that a thread panicked while it held it does no harm.
fn lock() -> std::sync::MutexGuard<'static, Vec<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends all running emulators, without waiting for them.
pub fn kill_all() {
    for id in lock().iter() {
        if let Some(process) = i32::try_from(*id).ok().and_then(Pid::from_raw) {
            let _ = rustix::process::kill_process(process, Signal::KILL);
        }
    }
}
