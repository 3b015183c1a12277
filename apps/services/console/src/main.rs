//! The console service: owns the UART, and connects it to the rings of all programs with standard input and output.
//!
//! Nobody waits for it. What programs print lies in their rings until the UART takes it; what is typed goes to the ring
//! of the program in the foreground, or is lost if that is full. The `driver` thread moves the bytes; the `server`
//! thread takes calls and hands them over.
#![cfg_attr(target_os = "none", no_std, no_main)]

mod clients;
mod server;
mod uart;

use clients::Clients;
use console_lib::keys::{Route, route};
use console_lib::mux::{Mux, Output};
use rtos_api::prelude::*;
use uart::Uart;

include!(concat!(env!("OUT_DIR"), "/handles.rs"));

rtos_api::entry!(main);

/// The program that has the foreground at first, and gets told of Ctrl-C.
const SHELL: &str = "shell";
/// Milliseconds after which the begun line of a background program is shown.
const PARTIAL_LINE_MS: u64 = 200;
/// Microseconds after which the UART is looked at again, when somebody waits for its last bytes: no interrupt tells that.
const LAST_BYTES_US: u64 = 500;
/// Typed bytes that are dealt with before output has its turn.
const KEYS_AT_ONCE: usize = 64;

/// The driver thread's state.
struct Console {
    uart: Uart,
    clients: Clients,
    mux: Mux<{ clients::MAX_CLIENTS }>,
    out: Output,
    /// Bytes of `out` that the UART has taken.
    sent: usize,
    shell: usize,
}

fn main() -> Result<(), Error> {
    let clients = Clients::open();
    let shell = clients.by_name(SHELL).ok_or(Error::NotFound)?;
    let mut console = Console { uart: Uart::open(), mux: Mux::new(shell), out: Output::new(), sent: 0, shell, clients };
    server::announce(console.clients.slots(), console.clients.slot(shell));
    threads::SERVER.start(server::run)?;
    // A line is masked until its driver is ready for it.
    irqs::CONSOLE_UART.done();
    loop {
        let more = console.receive();
        console.serve();
        if !console.send() && !more {
            console.wait();
        }
    }
}

impl Console {
    /// Brings what was typed to the foreground program; answers whether there may be more. Only a receiver that was read
    /// empty is sure to interrupt again.
    fn receive(&mut self) -> bool {
        self.uart.acknowledge();
        for _ in 0..KEYS_AT_ONCE {
            let Some(byte) = self.uart.read() else { return false };
            server::INPUT.add(1);
            let foreground = self.mux.foreground();
            match route(byte, foreground == self.shell) {
                Route::Foreground => self.clients.type_into(foreground, byte),
                Route::Interrupt => interrupt_shell(),
            }
        }
        true
    }

    /// Does what the server thread was asked for.
    fn serve(&mut self) {
        if let Some(program) = self.clients.by_slot(server::foreground()) {
            self.mux.set_foreground(program);
        }
    }

    /// Moves output on by one step; answers whether there may be more to do at once.
    fn send(&mut self) -> bool {
        self.clients.fill(&mut self.mux);
        if self.sent == self.out.len() {
            self.out.clear();
            self.sent = 0;
            if !self.mux.step(|program| self.clients.name(program), &mut self.out) {
                return false;
            }
        }
        let rest = self.out.get(self.sent..).unwrap_or(&[]);
        let count = self.uart.write(rest);
        self.sent += count;
        server::OUTPUT.add(count as u64);
        self.sent == self.out.len()
    }

    /// Waits for the UART, a program or the server thread.
    fn wait(&mut self) {
        let blocked = self.sent < self.out.len();
        let flushing = !blocked && server::is_flushing();
        if flushing && !self.uart.is_sending() {
            server::drained();
        }
        self.uart.wait_for(blocked);
        // While the UART takes no more, news from the programs can wait.
        let deadline = if flushing {
            Instant::after(Duration::from_micros(LAST_BYTES_US))
        } else if self.mux.has_partial() {
            Instant::after(Duration::from_millis(PARTIAL_LINE_MS))
        } else {
            Instant::NEVER
        };
        let news = !blocked && self.clients.ask(true);
        let mask = bits::UART | bits::STDIO | bits::REQUEST;
        let came = notify::wait(mask, if news { Instant::POLL } else { deadline });
        self.clients.ask(false);
        match came {
            // Read before the line is unmasked: a full receiver would raise it at once.
            Ok(came) if came & bits::UART != 0 => {
                self.receive();
                irqs::CONSOLE_UART.done();
            }
            Err(Error::TimedOut) if !flushing => self.mux.flush_partial(),
            _ => {}
        }
    }
}

/// Tells the shell that Ctrl-C was typed. A shell that is not running has no program in the foreground.
fn interrupt_shell() {
    server::interrupted();
    if peers::SHELL_MAIN.notify() == Err(Error::PeerRestarted) {
        let _ = peers::SHELL_MAIN.notify();
    }
}
