//! What most programs want: `use rtos_api::prelude::*;`

pub use crate::ipc::{CallEdge, Request};
pub use crate::periodic::{Periodic, Release};
pub use crate::thread::ThreadNumber;
pub use crate::time::{Duration, Instant, sleep, sleep_until};
pub use crate::{Error, Grant, IrqLine, Message, NotifyEdge, args, notify, print, println};
