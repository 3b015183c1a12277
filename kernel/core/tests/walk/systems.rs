//! Random systems.

use super::random::Random;
use crate::machine::system::System;
use rtos_abi::bundle::{self, overrun};
use rtos_abi::call::{perm, right};

/// Lines that may be bound.
pub const LINES: [u16; 4] = [33, 70, 200, 511];

/// A system with a few partitions of a few threads, with edges, budgets, lines and rings between them.
pub fn random(random: &mut Random) -> System {
    let mut system = System::new();
    let count = 2 + random.below(5);
    let shared = system.budget(20 + random.below(200) as u32, 300);
    for n in 0..count {
        for m in 0..1 + random.below(4) {
            thread(&mut system, random, &format!("p{n}.t{m}"), shared);
        }
        if random.percent(20) {
            let partition = system.partitions.last_mut().unwrap();
            partition.rights =
                random.of(&[right::INSPECT, right::CONTROL, right::CONTROL | right::INSPECT, right::BUILD]);
        }
    }
    edges(&mut system, random, count);
    for line in LINES {
        if random.percent(60) {
            let to = any_thread(&system, random);
            let irqs = system.irqs.iter().filter(|(name, _)| *name == to).count();
            let limit = random.of(&[0, 0, 0, 100, 400]);
            system.irq(&to, line, irqs as u8 + random.below(60) as u8, limit);
        }
    }
    grants(&mut system, random, count);
    system
}

fn thread(system: &mut System, random: &mut Random, name: &str, shared: u8) {
    let own = system.budget(10 + random.below(300) as u32, 200 + random.below(400) as u32);
    let limited = random.percent(50);
    let share = random.percent(20);
    // The supervisor stays the most urgent; the loader is among the others.
    let priority = random.of(&[1, 20, 20, 21, 99, 100, 101, 120, 120, 200, 249]);
    let period = if random.percent(40) { 20 + random.below(300) as u32 } else { 0 };
    let thread = system.thread(name, priority);
    if limited {
        thread.budget = own;
    }
    if share {
        thread.budget = shared;
    }
    thread.overrun = random.of(&[
        overrun::THROTTLE,
        overrun::THROTTLE,
        overrun::THROTTLE,
        overrun::THROTTLE,
        overrun::NOTIFY,
        overrun::FAULT,
    ]);
    thread.fp = u8::from(random.percent(30));
    thread.server = u8::from(random.percent(80));
    thread.period_us = period;
    thread.deadline_us = if period == 0 { 0 } else { 1 + random.below(u64::from(period)) as u32 };
    thread.slice_us = if random.percent(30) { 5 + random.below(50) as u32 } else { 0 };
}

/// The name of any thread but those of `init`.
fn any_thread(system: &System, random: &mut Random) -> String {
    let n = 2 + random.below(system.threads.len() as u64 - 2) as usize;
    system.threads[n].0.clone()
}

fn edges(system: &mut System, random: &mut Random, count: u64) {
    for n in 0..count {
        let from = format!("p{n}");
        for _ in 0..random.below(9) {
            let to = any_thread(system, random);
            let windowed = random.percent(30);
            let (limit, window) = (1 + random.below(4) as u32, 100 + random.below(400) as u32);
            let edge = system.call(&from, &to);
            if windowed {
                (edge.limit, edge.window_us) = (limit, window);
            }
        }
        for _ in 0..random.below(6) {
            let to = any_thread(system, random);
            system.notify(&from, &to, random.of(&[1, 0xff, 1 << 63 | 1]));
        }
        let peer = random.below(count);
        if random.percent(30) && peer != n {
            system.ring(&from, &format!("p{peer}"));
        }
    }
}

fn grants(system: &mut System, random: &mut Random, count: u64) {
    for n in 0..count {
        let partition = system.slot(&format!("p{n}"));
        let (address, mask) = (0x3f20_0000 + n * 16, 0xf0);
        let perm = perm::READ | perm::WRITE;
        if random.percent(40) {
            let grant =
                bundle::Grant { partition, perm, width: 4, address, mask, write: 1, ..bundle::Grant::default() };
            system.grants.push(grant);
        }
        if random.percent(40) {
            let write = bundle::SafeWrite {
                partition,
                write: 1,
                at_start: n as u8 & 1,
                width: 4,
                address,
                mask,
                value: 0x50,
                level_address: address,
                level_mask: mask,
                ..bundle::SafeWrite::default()
            };
            system.safe.push(write);
        }
    }
}
