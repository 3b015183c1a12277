//! The shapes of `svc` on the host, where there is no kernel to call.

use super::Answer;
use crate::Message;

macro_rules! shapes {
    ($($name:ident($($argument:ty),*) -> $answer:ty;)*) => {$(
        /// Panics.
        ///
        /// # Safety
        /// Demands nothing; it is as unsafe as the function that it stands for.
        pub unsafe fn $name(number: u8 $(, _: $argument)*) -> $answer {
            let name = rtos_abi::call::ALL.get(usize::from(number)).map_or("?", |(_, name)| name);
            panic!("system call `{name}`: there is no TinyOS kernel on the host")
        }
    )*};
}

shapes! {
    call0() -> Answer;
    call1(u64) -> Answer;
    call2(u64, u64) -> Answer;
    call3(u64, u64, u64) -> Answer;
    call4(u64, u64, u64, u64) -> Answer;
    message([u64; 4], &mut Message) -> Answer;
    message_out(u64, u64) -> (Answer, Message);
}
