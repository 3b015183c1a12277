//! What may happen in a step of a walk.

use super::random::Random;
use super::systems::LINES;
use crate::machine::Machine;
use crate::machine::system::{DATA, DATA_LEN, DATA_PAGES, TEXT_LEN};
use kernel_core::event::Event;
use kernel_core::partition::Life;
use kernel_core::thread::State;
use rtos_abi::FaultReason;
use rtos_abi::call::{self, LOAN_READABLE, LOAN_WRITABLE, NEVER, SUPERVISOR_DEATH_BIT, perm};
use rtos_abi::layout::PROGRAM_BASE;

/// One step: time passes, a line changes, or the running thread does something. Answers whether a call was answered.
pub fn act(m: &mut Machine, random: &mut Random) -> bool {
    match random.below(100) {
        0..12 => m.tick(random.below(30)),
        12 => m.tick(random.below(700)),
        13..20 => m.raise(random.of(&LINES)),
        20..28 => m.lower(random.of(&LINES)),
        28 => m.interrupt(random.of(&[Event::SpuriousIrq, Event::Irq(12), Event::Irq(511), Event::Timer])),
        29..32 => m.raise_after = Some((1 + random.below(30), random.of(&LINES))),
        _ => return run(m, random),
    }
    m.settle();
    false
}

/// The running thread does something.
fn run(m: &mut Machine, random: &mut Random) -> bool {
    if m.current.is_none() {
        m.tick((m.timer - m.now).min(3000));
        return false;
    }
    if random.percent(5) {
        touch_memory(m);
        return false;
    }
    m.live.x[20 + random.below(8) as usize] = random.next();
    m.live.x[28] = random.next();
    if m.kernel.running().frame.cpacr != 0 {
        m.live.fp = random.next();
    }
    match m.name(m.current) {
        "init.main" => supervise(m, random),
        "init.loader" => load(m, random),
        _ if random.below(1000) < 4 => misbehave(m, random),
        _ => return behave(m, random),
    }
    false
}

/// Every program may always read and write its data and stack and run its code.
fn touch_memory(m: &mut Machine) {
    let facts = m.kernel.facts[m.current.index()];
    m.write(facts.stack_bottom, &[1]).unwrap();
    m.write(DATA + 1, &[2]).unwrap();
    assert_eq!(m.write(facts.stack_bottom - 1, &[1]), Err(FaultReason::WriteUnmapped));
    assert_eq!(m.write(PROGRAM_BASE, &[1]), Err(FaultReason::WriteDenied));
    assert_eq!(m.fetch(DATA), Err(FaultReason::FetchDenied));
    m.fetch(PROGRAM_BASE + 64).unwrap();
}

/// The supervisor: starts its loader, clears the dead away, waits.
fn supervise(m: &mut Machine, random: &mut Random) {
    let dead = m.kernel.partitions.iter().position(|partition| partition.life == Life::Dead);
    let others = m.kernel.partitions.iter().enumerate().skip(1);
    let running: Vec<usize> = others.filter(|(_, p)| p.life == Life::Running).map(|(slot, _)| slot).collect();
    let running = (!running.is_empty()).then(|| random.of(&running));
    match (dead, running) {
        _ if m.thread("init.loader").state == State::DORMANT => m.start_thread("init.loader"),
        (Some(slot), _) if random.percent(80) => _ = m.call(call::PART_REAP, &[slot as u64]),
        (_, Some(slot)) if random.percent(20) => {
            let generation = u64::from(m.kernel.partitions[slot].generation);
            _ = m.call(call::KILL, &[slot as u64, generation]);
        }
        _ if random.percent(10) => _ = m.call(call::INFO, &[random.below(15), random.below(20)]),
        _ if random.percent(5) => _ = m.call(call::NOTIFY_OWN, &[1, 1]),
        _ if random.percent(50) => _ = m.call(call::SLEEP_UNTIL, &[m.now + 200 + random.below(1000)]),
        _ => _ = m.call(call::WAIT, &[SUPERVISOR_DEATH_BIT, m.now + 1 + random.below(3000)]),
    }
}

/// The loader: brings any slot a step nearer to running.
fn load(m: &mut Machine, random: &mut Random) {
    let count = u64::from(m.kernel.partition_count);
    let slot = 1 + random.below(count - 1);
    let partition = &m.kernel.partitions[slot as usize];
    let (from, pages) = (m.program_address(slot), partition.memory_used / 4096);
    let stack = |n: u64| partition.threads.get(n as usize).filter(|id| !id.is_none());
    let stack = stack(pages.wrapping_sub(1 + DATA_PAGES)).map(|id| m.kernel.facts[id.index()].stack_bottom);
    let (executable, writable) = (u64::from(perm::READ | perm::EXECUTE), u64::from(perm::READ | perm::WRITE));
    let (number, args): (u8, Vec<u64>) = match (partition.life, pages) {
        _ if random.percent(3) => (call::WAIT, vec![1, m.now + random.below(300)]),
        _ if random.percent(5) => wrong_build(slot, random),
        (Life::Empty, _) => (call::PART_MAP, vec![slot, PROGRAM_BASE, 1, executable]),
        (Life::Building, 1) if random.percent(50) => {
            (call::PART_WRITE, vec![slot, PROGRAM_BASE, from, u64::from(TEXT_LEN)])
        }
        (Life::Building, 1) => (call::PART_MAP, vec![slot, DATA, DATA_PAGES, writable]),
        (Life::Building, _) if random.percent(20) => {
            (call::PART_WRITE, vec![slot, DATA, from + u64::from(TEXT_LEN), u64::from(DATA_LEN)])
        }
        (Life::Building, _) => match stack {
            Some(bottom) => (call::PART_MAP, vec![slot, bottom, 1, writable]),
            None => (call::PART_SEAL, vec![slot]),
        },
        (Life::Sealed, _) => (call::PART_START, vec![slot, PROGRAM_BASE, slot]),
        (Life::Running | Life::Dead, _) => (call::SLEEP_UNTIL, vec![m.now + random.below(600)]),
    };
    m.call(number, &args);
}

/// A build call that may well be refused, but is no misuse, and does not spoil a program that is to run later.
fn wrong_build(slot: u64, random: &mut Random) -> (u8, Vec<u64>) {
    match random.below(5) {
        0 => (call::PART_MAP, vec![slot, random.sized(), random.sized(), random.of(&[0, 2, 4, 6, 7])]),
        1 => (call::PART_REAP, vec![slot]),
        2 => (call::PART_WRITE, vec![slot, random.sized(), rtos_abi::layout::BUNDLE_BASE, 1 + random.below(5000)]),
        3 => (call::PART_START, vec![slot, random.sized(), 0]),
        _ => (call::PART_SEAL, vec![random.of(&[0, 64, u64::MAX])]),
    }
}

/// A fault, an exit, or any call with any arguments.
fn misbehave(m: &mut Machine, random: &mut Random) {
    match random.below(4) {
        0 => m.fault(random.of(&FaultReason::ALL[1..11]), random.sized()),
        1 => _ = m.call(call::EXIT, &[random.next()]),
        _ => {
            let number = if random.percent(10) { random.next() as u8 } else { random.below(31) as u8 };
            let args: Vec<u64> = (0..5).map(|_| random.sized()).collect();
            // A random partition may have the right to build: what it maps would not be what the loader expects.
            if !(call::PART_REAP..=call::SHUTDOWN).contains(&number) {
                m.call(number, &args);
            }
        }
    }
}

/// A deadline: often none, often near.
fn deadline(m: &Machine, random: &mut Random) -> u64 {
    match random.below(24) {
        0 | 1 => 0,
        2 => m.now,
        3..6 => NEVER,
        6 => NEVER - random.below(3),
        _ => m.now + 1 + random.below(200),
    }
}

/// A call with arguments that a correct program may use. Answers whether it answered a call.
fn behave(m: &mut Machine, random: &mut Random) -> bool {
    let thread = *m.kernel.running();
    let slot = thread.slot;
    let until = deadline(m, random);
    let server = thread.has(kernel_core::thread::FLAG_SERVER);
    let periodic = thread.has(kernel_core::thread::FLAG_PERIODIC);
    let (number, args) = match random.below(24) {
        0 => dormant(m).map_or((call::NULL, vec![]), |n| (call::THREAD_START, vec![n, PROGRAM_BASE + 32, 1])),
        1 | 2 => (call::YIELD, vec![]),
        3..5 => (call::WAIT, vec![random.of(&[1, 0xff, u64::MAX, 0]), until]),
        5 | 6 if periodic => (call::WAIT_PERIOD, vec![m.now - random.below(20).min(m.now)]),
        7 => (call::SLEEP_UNTIL, vec![m.now + random.below(100)]),
        8..10 => match own_notify_edge(m, random) {
            Some((edge, bits)) => (call::NOTIFY, vec![edge, bits]),
            None => (call::NULL, vec![]),
        },
        10..14 => match uphill_edge(m, random) {
            Some(edge) => return call_edge(m, random, edge, until),
            None => (call::NULL, vec![]),
        },
        14..17 | 22.. if server => return serve(m, random, until),
        17..19 => thread_call(m, random, until),
        5 | 6 if random.percent(50) => (call::SLEEP_UNTIL, vec![m.now + random.below(10)]),
        19 => match m.kernel.partitions[slot.index()].irqs.iter().position(|irq| *irq != 0) {
            Some(number) => (call::IRQ_DONE, vec![number as u64]),
            None => (call::NULL, vec![]),
        },
        20 => (call::INFO, vec![rtos_abi::info::kind::RING, random.below(3)]),
        21 => match m.kernel.partitions[slot.index()].grants[0].mask {
            0 => (call::NULL, vec![]),
            mask => (random.of(&[call::REG_READ, call::REG_WRITE]), vec![0, u64::from(mask) & random.next()]),
        },
        _ => (call::NOTIFY_OWN, vec![0, 1 << random.below(64)]),
    };
    m.call(number, &args);
    false
}

/// An edge of the running partition and bits it allows.
fn own_notify_edge(m: &Machine, random: &mut Random) -> Option<(u64, u64)> {
    let edges = &m.kernel.partitions[m.kernel.running_slot().index()].notifies;
    let edge = random.below(6) as usize;
    (!edges[edge].thread.is_none()).then(|| (edge as u64, edges[edge].mask & random.next()))
}

/// An edge to a more urgent thread.
fn uphill_edge(m: &Machine, random: &mut Random) -> Option<u64> {
    let edges = &m.kernel.partitions[m.kernel.running_slot().index()].calls;
    let priority = m.kernel.running().priority;
    let uphill = |n: &usize| m.kernel.threads[edges[*n].thread.index()].priority > priority;
    let found: Vec<usize> = (0..edges.len()).filter(uphill).collect();
    (!found.is_empty()).then(|| random.of(&found) as u64)
}

/// Calls a server, with a loan or without one.
fn call_edge(m: &mut Machine, random: &mut Random, edge: u64, until: u64) -> bool {
    let kind = random.of(&[0, LOAN_READABLE, LOAN_WRITABLE, LOAN_READABLE | LOAN_WRITABLE]);
    let address = DATA + random.below(4096);
    let len = if kind == 0 { 0 } else { random.below(6000) | kind };
    m.call(call::CALL, &[edge, until, address, len]);
    false
}

/// What a server does: takes a call, uses a loan, replies.
fn serve(m: &mut Machine, random: &mut Random, until: u64) -> bool {
    let me = m.current;
    let waiting: Vec<u64> = m.kernel.threads.iter().filter(|t| t.peer == me && t.token != 0).map(|t| t.token).collect();
    let token = if waiting.is_empty() { 0 } else { random.of(&waiting) };
    match random.below(6) {
        0 | 1 => _ = m.call(call::REPLY_RECEIVE, &[token, until]),
        2 if token != 0 => _ = m.call(call::REPLY, &[token]),
        3 | 4 if token != 0 => {
            let own = random.of(&[DATA + 6000, DATA + 1, DATA + 4096]);
            let number = random.of(&[call::LOAN_READ, call::LOAN_WRITE]);
            // A loan of a partition to itself must not be copied onto itself.
            if m.kernel.threads[token as u8 as usize].slot != m.kernel.running_slot() {
                m.call(number, &[token, random.below(3000), own, random.below(4000)]);
            }
            return false;
        }
        _ => _ = m.call(call::RECEIVE, &[until]),
    }
    token != 0
}

/// A thread of the own partition that does not run yet.
fn dormant(m: &Machine) -> Option<u64> {
    let own = m.kernel.partitions[m.kernel.running_slot().index()].threads;
    let found = own.iter().position(|id| !id.is_none() && m.kernel.threads[id.index()].state == State::DORMANT);
    found.map(|n| n as u64)
}

/// Starts, ends or joins a thread of the own partition.
fn thread_call(m: &Machine, random: &mut Random, until: u64) -> (u8, Vec<u64>) {
    let own = &m.kernel.partitions[m.kernel.running_slot().index()].threads;
    let count = own.iter().filter(|id| !id.is_none()).count() as u64;
    let number = random.below(count);
    match random.below(6) {
        0 if m.kernel.running().number != 0 => (call::THREAD_EXIT, vec![]),
        1 if own[number as usize] != m.current => (call::THREAD_JOIN, vec![number, until]),
        _ => (call::THREAD_START, vec![number, PROGRAM_BASE + 16, random.next()]),
    }
}
