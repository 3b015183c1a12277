//! Loans: a range of the caller's memory, lent to the server for the length of the call. Whether the range is the
//! caller's own is looked at when the server uses it: a wrong one is refused there, and harms nobody.

use crate::build::Step;
use crate::decision::Decision;
use crate::id::Tid;
use crate::kernel::Kernel;
use crate::port::Port;
use crate::thread::State;
use crate::user_range::Claim;
use rtos_abi::call::{self, LOAN_READABLE, LOAN_WRITABLE, perm};
use rtos_abi::{Error, Misuse};

/// Bits of a loan's length register that are the length.
const LEN_MASK: u64 = !(LOAN_READABLE | LOAN_WRITABLE);

impl Kernel {
    /// The part of a client's loan that a server names; an error if the call is over or the part is outside it.
    fn lent(&self, token: u64, offset: u64, len: u64, kind: u64, use_for: u8) -> Result<Claim, Error> {
        let client = &self.threads[Tid(token as u8).index()];
        let live =
            token != 0 && client.token == token && client.peer == self.current && client.state.kind() == State::REPLY;
        if !live {
            return Err(Error::Cancelled);
        }
        let lent = client.loan_len & LEN_MASK;
        if client.loan_len & kind == 0 || offset > lent || len > lent - offset {
            return Err(Error::Refused);
        }
        let address = client.loan_address.wrapping_add(offset);
        Ok(Claim { slot: client.slot, address, len, perm: use_for, ram_only: true })
    }

    /// `loan_read`: from the loan into the server.
    pub fn sys_loan_read<P: Port>(
        &mut self,
        port: &mut P,
        now: u64,
        token: u64,
        offset: u64,
        to: u64,
        len: u64,
    ) -> Decision {
        let own = Claim { slot: self.running_slot(), address: to, len, perm: perm::WRITE, ram_only: true };
        match self.lent(token, offset, len, LOAN_READABLE, perm::READ) {
            Ok(_) if len == 0 => self.after_step(now, Step::Done),
            Ok(lent) => self.copy_step(
                port,
                now,
                call::LOAN_READ,
                (own, lent),
                (Step::Failed(Error::Refused), Misuse::BadRange),
            ),
            Err(error) => self.after_step(now, Step::Failed(error)),
        }
    }

    /// `loan_write`: from the server into the loan.
    pub fn sys_loan_write<P: Port>(
        &mut self,
        port: &mut P,
        now: u64,
        token: u64,
        offset: u64,
        from: u64,
        len: u64,
    ) -> Decision {
        let own = Claim { slot: self.running_slot(), address: from, len, perm: perm::READ, ram_only: false };
        match self.lent(token, offset, len, LOAN_WRITABLE, perm::WRITE) {
            Ok(_) if len == 0 => self.after_step(now, Step::Done),
            Ok(lent) => self.copy_step(
                port,
                now,
                call::LOAN_WRITE,
                (lent, own),
                (Step::Failed(Error::Refused), Misuse::BadRange),
            ),
            Err(error) => self.after_step(now, Step::Failed(error)),
        }
    }
}
