//! Register grants: single bits of a register that several partitions share.

use crate::decision::Decision;
use crate::fault::write_masked;
use crate::kernel::Kernel;
use crate::partition::Grant;
use crate::port::Port;
use rtos_abi::Misuse;
use rtos_abi::bundle::write_kind;
use rtos_abi::call::perm;
use rtos_abi::limits::MAX_GRANTS;

impl Kernel {
    /// The caller's grant with this number, if it allows this use.
    #[inline(always)]
    fn grant(&self, number: u64, use_for: u8) -> Option<Grant> {
        if number >= MAX_GRANTS as u64 {
            return None;
        }
        let grant = self.partitions[self.running_slot().index()].grants[number as usize % MAX_GRANTS];
        (grant.register.width != 0 && grant.perm & use_for != 0).then_some(grant)
    }

    /// `reg_read`.
    #[inline(always)]
    pub fn sys_reg_read<P: Port>(&mut self, port: &mut P, now: u64, number: u64) -> Decision {
        let Some(grant) = self.grant(number, perm::READ) else {
            return self.misuse(port, Misuse::UnknownHandle, now);
        };
        Decision::value(u64::from(port.read_register(grant.register) & grant.mask))
    }

    /// `reg_write`.
    #[inline(always)]
    pub fn sys_reg_write<P: Port>(&mut self, port: &mut P, now: u64, number: u64, value: u64) -> Decision {
        let Some(grant) = self.grant(number, perm::WRITE) else {
            return self.misuse(port, Misuse::UnknownHandle, now);
        };
        // A grant of one action writes what it always writes; any other takes the caller's bits.
        let value = if grant.write & write_kind::ONES != 0 {
            u64::from(u32::MAX)
        } else if grant.write & write_kind::ZEROS != 0 {
            0
        } else if value & !u64::from(grant.mask) != 0 {
            return self.misuse(port, Misuse::BadValue, now);
        } else {
            value
        };
        write_masked(port, grant.register, grant.write & write_kind::MODIFY, grant.mask, value as u32);
        Decision::value(0)
    }
}
