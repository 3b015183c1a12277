//! The rows of `ps`, `latency`, `irq` and `mem`.

use core::fmt;

use rtos_abi::info::{Irq, IrqTotals, Memory, Table, Thread, thread_state};
use rtos_abi::record::name_text;

use crate::format::{Percent, Text, WorstMicroseconds, microseconds};

/// First line of `ps`.
pub const PS_HEADER: &str = "pid  partition  thread     state     prio core      runs missed  worst us  cpu %";
/// First line of `latency`.
pub const LATENCY_HEADER: &str =
    "partition  thread     period us      runs missed  wake-up us  response us  deadline us";
/// First line of `irq`.
pub const IRQ_HEADER: &str = "line  name             thread                    count  state    limit a second";

/// First line of the interrupts that are not bound to a thread.
pub const TOTALS_HEADER: &str = "           count  spurious  unknown";

/// A thread with its names.
pub struct ThreadRow<'a> {
    /// Process number: its slot and 1; 0 is the kernel.
    pub pid: u32,
    /// Name of its partition.
    pub partition: &'a str,
    /// Name of the thread.
    pub name: &'a str,
    /// What the kernel tells about it.
    pub thread: &'a Thread,
    /// Ticks a second.
    pub ticks_per_second: u32,
    /// Ticks since the start.
    pub elapsed: u64,
}

impl ThreadRow<'_> {
    fn state(&self) -> &'static str {
        if self.thread.running != 0 {
            return "running";
        }
        thread_state::NAMES.get(usize::from(self.thread.state)).copied().unwrap_or("?")
    }

    fn us(&self, ticks: u64) -> u64 {
        microseconds(ticks, self.ticks_per_second)
    }

    fn worst(&self, ticks: u64) -> WorstMicroseconds {
        WorstMicroseconds { ticks, ticks_per_second: self.ticks_per_second }
    }

    /// The row of `latency`.
    #[must_use]
    pub fn latency(&self) -> LatencyRow<'_> {
        LatencyRow(self)
    }
}

impl fmt::Display for ThreadRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.thread;
        write!(f, "{:>3}  {:<10} {:<10} {:<9} ", self.pid, self.partition, self.name, self.state())?;
        write!(f, "{:>4} {:>4} {:>9} {:>6} ", t.priority, t.core, t.runs, t.missed)?;
        let share = Percent { part: t.cpu_ticks, whole: self.elapsed };
        let worst = self.worst(t.worst_response);
        write!(f, "{:>9} {:>6}", Text(format_args!("{worst}")), Text(format_args!("{share}")))
    }
}

/// A row of `latency`.
pub struct LatencyRow<'a>(&'a ThreadRow<'a>);

impl fmt::Display for LatencyRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(row) = self;
        let t = row.thread;
        write!(f, "{:<10} {:<10} {:>9} {:>9} {:>6} ", row.partition, row.name, row.us(t.period), t.runs, t.missed)?;
        let (wakeup, response) = (row.worst(t.worst_wakeup), row.worst(t.worst_response));
        write!(f, "{:>11} {:>12} ", Text(format_args!("{wakeup}")), Text(format_args!("{response}")))?;
        write!(f, "{:>12}", row.us(t.deadline))
    }
}

/// What `latency` concludes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verdict {
    /// Periodic threads.
    pub threads: u64,
    /// Their releases.
    pub runs: u64,
    /// Deadlines they missed.
    pub missed: u64,
}

impl Verdict {
    /// Counts a thread.
    pub fn add(&mut self, thread: &Thread) {
        self.threads += 1;
        self.runs += thread.runs;
        self.missed += thread.missed;
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.threads, self.missed) {
            (0, _) => f.write_str("no periodic thread is running"),
            (_, 0) => write!(f, "every deadline was met, 0 missed in {} runs", self.runs),
            (_, missed) => write!(f, "DEADLINES WERE MISSED: {missed} in {} runs", self.runs),
        }
    }
}

/// A row of `irq`.
pub struct IrqRow<'a> {
    /// The line.
    pub irq: &'a Irq,
    /// Name of the thread's partition.
    pub partition: &'a str,
    /// Name of the thread.
    pub thread: &'a str,
}

impl fmt::Display for IrqRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { irq, partition, thread } = self;
        let width = 20_usize.saturating_sub(partition.len() + 1);
        write!(f, "{:>4}  {:<16} {partition}.{thread:<width$} ", irq.line, name_text(&irq.name))?;
        write!(f, "{:>10}  {:<8} ", irq.count, if irq.masked == 0 { "open" } else { "masked" })?;
        if irq.limit == 0 { f.write_str("none") } else { write!(f, "{}", irq.limit) }
    }
}

/// The row of the interrupts that are not bound to a thread: the kernel's timer, and those that nobody expected.
pub struct TotalsRow(pub IrqTotals);

impl fmt::Display for TotalsRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = &self.0;
        write!(f, "timer {:>10} {:>9} {:>8}", t.timer, t.spurious, t.unknown)
    }
}

/// All rows of `mem` but the kernel's tables.
pub struct MemoryRows(pub Memory);

impl fmt::Display for MemoryRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let m = &self.0;
        let rows = [
            ("total", m.total, "memory of the machine"),
            ("kernel", m.kernel, "image, data and tables of the kernel"),
            ("bundle", m.bundle, "programs as they were delivered"),
            ("tables", m.tables, "page tables of all partitions"),
            ("reserved", m.reserved, "set aside for partitions"),
            ("mapped", m.mapped, "of that, in use"),
            ("free", m.free, "not used for anything"),
        ];
        for (name, bytes, meaning) in rows {
            writeln!(f, "{name:<9} {bytes:>12} bytes {:>9} KiB  {meaning}", bytes / 1024)?;
        }
        write!(f, "{:<9} {:>12} pages of tables in use", "", m.table_pages)
    }
}

/// First line of the kernel's tables in `mem`.
pub const TABLE_HEADER: &str = "kernel table        used  entries     bytes";

/// A row of the kernel's tables in `mem`.
pub struct TableRow<'a>(pub &'a Table);

impl fmt::Display for TableRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.0;
        write!(f, "{:<16} {:>7} {:>8} {:>9}", name_text(&t.name), t.used, t.entries, t.bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use rtos_abi::info::{Irq, IrqTotals, Memory, Thread, thread_state};
    use rtos_abi::record::name_bytes;

    use super::{
        IRQ_HEADER, IrqRow, LATENCY_HEADER, MemoryRows, PS_HEADER, TOTALS_HEADER, ThreadRow, TotalsRow, Verdict,
    };

    fn thread() -> Thread {
        Thread {
            state: thread_state::PERIOD,
            priority: 200,
            runs: 2000,
            worst_response: 125,
            worst_wakeup: 50,
            cpu_ticks: 1_000_000,
            period: 62_500,
            deadline: 62_500,
            ..Thread::default()
        }
    }

    fn row(thread: &Thread) -> ThreadRow<'_> {
        let ticks_per_second = 62_500_000;
        ThreadRow { pid: 4, partition: "motor", name: "loop", thread, ticks_per_second, elapsed: 100_000_000 }
    }

    #[test]
    fn a_thread_row_stands_under_its_header() {
        let text = row(&thread()).to_string();
        assert_eq!(text, "  4  motor      loop       period     200    0      2000      0       2.0    1.0");
        assert_eq!(text.len(), PS_HEADER.len());
        let running = Thread { running: 1, ..thread() };
        assert!(row(&running).to_string().contains(" running "));
    }

    #[test]
    fn a_latency_row_stands_under_its_header() {
        let thread = thread();
        let text = row(&thread).latency().to_string();
        assert_eq!(text, "motor      loop            1000      2000      0         0.8          2.0         1000");
        assert_eq!(text.len(), LATENCY_HEADER.len());
    }

    #[test]
    fn the_verdict_names_missed_deadlines() {
        let mut verdict = Verdict::default();
        assert_eq!(verdict.to_string(), "no periodic thread is running");
        verdict.add(&thread());
        assert_eq!(verdict.to_string(), "every deadline was met, 0 missed in 2000 runs");
        verdict.add(&Thread { missed: 3, ..thread() });
        assert_eq!(verdict.to_string(), "DEADLINES WERE MISSED: 3 in 4000 runs");
    }

    #[test]
    fn an_interrupt_row_shows_line_count_and_limit() {
        let irq = Irq { name: name_bytes("console_uart"), line: 153, count: 77, limit: 50_000, ..Irq::default() };
        let text = IrqRow { irq: &irq, partition: "console", thread: "driver" }.to_string();
        assert_eq!(text, " 153  console_uart     console.driver               77  open     50000");
        assert!(IRQ_HEADER.find("count").unwrap() + 5 == text.find("77").unwrap() + 2);
        let masked = Irq { masked: 1, limit: 0, ..irq };
        let text = IrqRow { irq: &masked, partition: "console", thread: "driver" }.to_string();
        assert!(text.ends_with("masked   none"));
    }

    #[test]
    fn the_totals_stand_under_their_header() {
        let text = TotalsRow(IrqTotals { timer: 2386, spurious: 1, unknown: 2, ..IrqTotals::default() }).to_string();
        assert_eq!(text, "timer       2386         1        2");
        assert_eq!(text.len(), TOTALS_HEADER.len());
    }

    #[test]
    fn memory_is_shown_in_bytes_and_kib() {
        let text = MemoryRows(Memory { total: 1 << 30, free: 4096, ..Memory::default() }).to_string();
        assert!(text.starts_with("total       1073741824 bytes   1048576 KiB  memory of the machine\n"));
        assert!(text.contains("free              4096 bytes         4 KiB"));
    }
}
