//! How a program ended, in words.

use core::fmt;

use rtos_abi::info::{Fault, Safe};
use rtos_abi::record::name_text;
use rtos_abi::{FaultReason, Misuse};

/// Everything the kernel kept about a partition's end.
pub struct End<'a> {
    /// The partition's name.
    pub partition: &'a str,
    /// The name of the thread that caused it.
    pub thread: &'a str,
    /// Why it ended.
    pub fault: &'a Fault,
    /// `x0` to `x30` of that thread.
    pub registers: &'a [u64; 31],
    /// The safe-state writes that were made.
    pub safe: &'a [Safe],
}

impl End<'_> {
    /// Whether it ended by itself and reported success.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.reason() == FaultReason::Exited && self.fault.code == 0
    }

    fn reason(&self) -> FaultReason {
        FaultReason::from_number(u64::from(self.fault.reason))
    }

    /// Of the writes for one pin, that whose effect can be read is told; its set-up, which comes before, is not.
    fn is_told(&self, safe: &Safe) -> bool {
        safe.level_mask != 0 || !self.safe.iter().any(|other| other.name == safe.name && other.level_mask != 0)
    }

    fn cause(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason();
        write!(f, "{}.{} stopped: {}", self.partition, self.thread, reason.text())?;
        match reason {
            FaultReason::Misuse => {
                write!(f, ": {}", Misuse::from_number(u64::from(self.fault.misuse)).text())?;
            }
            FaultReason::Panicked => write!(f, " in line {}", self.fault.code)?,
            _ => {}
        }
        Ok(())
    }

    fn state(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = self.fault;
        write!(f, "\n  address {:#018x}  pc {:#018x}  sp {:#018x}", fault.address, fault.pc, fault.sp)?;
        if fault.syndrome != 0 {
            write!(f, "\n  syndrome {:#x}", fault.syndrome)?;
        }
        for (n, value) in self.registers.iter().enumerate() {
            f.write_str(if n % 4 == 0 { "\n " } else { "" })?;
            let (space, digits) = if n < 10 { (" ", n) } else { ("", n) };
            write!(f, " {space}x{digits} {value:016x}")?;
        }
        Ok(())
    }
}

impl fmt::Display for End<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            FaultReason::Exited => write!(f, "{} exited with code {}", self.partition, self.fault.code)?,
            FaultReason::Killed => write!(f, "{} was killed", self.partition)?,
            _ => {
                self.cause(f)?;
                self.state(f)?;
            }
        }
        for safe in self.safe.iter().filter(|safe| self.is_told(safe)) {
            write!(f, "\n  safe state applied: {}", SafeState(safe))?;
        }
        Ok(())
    }
}

struct SafeState<'a>(&'a Safe);

impl fmt::Display for SafeState<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let safe = self.0;
        write!(f, "{}, wrote {:#x} to {:#x}", name_text(&safe.name), safe.value, safe.address)?;
        if safe.level_mask != 0 {
            let level = if safe.read_back & safe.level_mask == 0 { "low" } else { "high" };
            write!(f, ", now reads {level}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};

    use rtos_abi::FaultReason;
    use rtos_abi::info::{Fault, Safe};
    use rtos_abi::record::name_bytes;

    use super::End;

    fn end(fault: &Fault, safe: &[Safe]) -> (String, bool) {
        let registers = core::array::from_fn(|n| n as u64 * 0x11);
        let end = End { partition: "faulty", thread: "main", fault, registers: &registers, safe };
        (end.to_string(), end.is_success())
    }

    #[test]
    fn an_exit_is_told_with_its_code() {
        let fault = Fault { reason: FaultReason::Exited as u8, ..Fault::default() };
        assert_eq!(end(&fault, &[]), ("faulty exited with code 0".into(), true));
        let fault = Fault { code: 3, ..fault };
        assert_eq!(end(&fault, &[]), ("faulty exited with code 3".into(), false));
    }

    #[test]
    fn a_fault_is_told_with_reason_address_registers_and_safe_state() {
        let reason = FaultReason::ReadUnmapped as u8;
        let fault = Fault { reason, pc: 0x20_0abc, address: 0x8, syndrome: 0x9200_0006, ..Fault::default() };
        let safe = Safe {
            name: name_bytes("aux_pin"),
            address: 0x3f20_0028,
            value: 0x0800_0000,
            level_mask: 0x0800_0000,
            ..Safe::default()
        };
        let setup = Safe { address: 0x3f20_0008, level_mask: 0, ..safe };
        let (text, success) = end(&fault, &[setup, safe]);
        assert!(!success);
        let lines: std::vec::Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "faulty.main stopped: read from an address that is not mapped");
        assert_eq!(lines[1], "  address 0x0000000000000008  pc 0x0000000000200abc  sp 0x0000000000000000");
        assert_eq!(lines[2], "  syndrome 0x92000006");
        assert_eq!(lines[3], "   x0 0000000000000000  x1 0000000000000011  x2 0000000000000022  x3 0000000000000033");
        assert!(lines[10].ends_with("x30 00000000000001fe"), "{}", lines[10]);
        assert_eq!(lines[11], "  safe state applied: aux_pin, wrote 0x8000000 to 0x3f200028, now reads low");
        assert_eq!(lines.len(), 12);
        assert!(lines.iter().all(|line| line.len() <= 100));
    }

    #[test]
    fn misuse_and_panic_say_what_was_wrong() {
        let fault = Fault { reason: FaultReason::Misuse as u8, misuse: 2, ..Fault::default() };
        assert!(end(&fault, &[]).0.contains("misuse of a system call: a right its manifest does not give\n"));
        let fault = Fault { reason: FaultReason::Panicked as u8, code: 42, ..Fault::default() };
        assert!(end(&fault, &[]).0.starts_with("faulty.main stopped: panic in line 42\n"));
    }

    #[test]
    fn a_killed_program_shows_its_safe_state_but_no_registers() {
        let fault = Fault { reason: FaultReason::Killed as u8, ..Fault::default() };
        let safe = Safe { name: name_bytes("aux_pin"), read_back: 1, level_mask: 1, ..Safe::default() };
        assert_eq!(
            end(&fault, &[safe]).0,
            "faulty was killed\n  safe state applied: aux_pin, wrote 0x0 to 0x0, now reads high"
        );
    }
}
