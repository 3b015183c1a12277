//! Loans: a range of the caller's memory, lent to the server for the length of the call.

use crate::build::Step;
use crate::decision::Decision;
use crate::id::Tid;
use crate::kernel::Kernel;
use crate::port::Port;
use crate::syscall::ipc::Loan;
use crate::thread::State;
use crate::user_range::Claim;
use rtos_abi::call::{self, LOAN_READABLE, LOAN_WRITABLE, perm};
use rtos_abi::{Error, Misuse};

/// Bits of a loan's length register that are the length.
const LEN_MASK: u64 = !(LOAN_READABLE | LOAN_WRITABLE);

impl Kernel {
    /// Whether a loan lies wholly in the caller's memory and may be used that way.
    pub(crate) fn loan_is_valid(&self, slot: usize, loan: Loan) -> bool {
        let len = loan.len & LEN_MASK;
        if len == 0 {
            return true;
        }
        let read = if loan.len & LOAN_READABLE != 0 { perm::READ } else { 0 };
        let write = if loan.len & LOAN_WRITABLE != 0 { perm::WRITE } else { 0 };
        let slot = crate::id::Slot::new(slot as u64).unwrap_or(crate::id::Slot::FIRST);
        let claim = Claim { slot, address: loan.address, len, perm: read | write, ram_only: true };
        claim.perm != 0 && self.find_region(&claim).is_some()
    }

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
