//! The generated handles: what an application author relies on.

use std::path::{Path, PathBuf};

use manifest::handles;
use manifest::source::Overlay;

const CONSOLE: &str = r#"
name = "console"
memory = { image_kib = 64 }
[[thread]]
name = "driver"
priority = 120
budget = { amount_us = 100, period_us = 1000 }
stack_kib = 8
bits = ["uart", "stdio", "wake-up"]
"#;

const MOTOR: &str = r#"
name = "motor"
memory = { image_kib = 64 }
devices = ["pwm", "console_uart"]
pins = [{ role = "led", safe = "low" }, { role = "brake", safe = "high" }]
[[irq]]
role = "pwm"
bit = "done"
thread = "helper"
[[call]]
to = "init.loader"
[[notify]]
to = "console.driver"
bits = ["wake-up", "uart"]
[[thread]]
name = "loop"
priority = 200
budget = { amount_us = 100, period_us = 1000 }
stack_kib = 8
[[thread]]
name = "helper"
priority = 100
budget = { amount_us = 100, period_us = 1000 }
stack_kib = 8
bits = ["go", "done"]
"#;

fn tree(motor: &str) -> Overlay<'static> {
    let files = [("apps/services/console/partition.toml", CONSOLE), ("apps/motor/partition.toml", motor)];
    Overlay { files: files.into_iter().map(|(path, text)| (path.into(), text.to_string())).collect(), below: None }
}

#[test]
fn handles_are_numbered_in_the_order_of_the_manifest() {
    let (text, sources) = handles::text(&tree(MOTOR), Path::new("apps/motor")).unwrap();
    for expected in [
        "pub const INIT_LOADER: ::rtos_api::ipc::CallEdge = ::rtos_api::ipc::CallEdge::new(0);",
        "pub const CONSOLE_DRIVER: ::rtos_api::notify::NotifyEdge = ::rtos_api::notify::NotifyEdge::new(0, 0x5);",
        "pub const PWM: ::rtos_api::irq::IrqLine = ::rtos_api::irq::IrqLine::new(0, 1 << 1);",
        "pub const GO: u64 = 1 << 0;",
        "pub const DONE: u64 = 1 << 1;",
        "pub const CONSOLE_UART: usize = 0x10110000;",
        "pub const LED_SET: ::rtos_api::grant::Grant = ::rtos_api::grant::Grant::new(0);",
        "pub const BRAKE_LEVEL: ::rtos_api::grant::Grant = ::rtos_api::grant::Grant::new(5);",
        "pub const HELPER: ::rtos_api::thread::ThreadNumber = ::rtos_api::thread::ThreadNumber::new(1);",
    ] {
        assert!(text.contains(expected), "{expected}\nnot in\n{text}");
    }
    let expected = ["apps/motor/partition.toml", "apps/services/console/partition.toml"];
    assert_eq!(sources, expected.map(PathBuf::from));
}

#[test]
fn a_bit_that_the_peer_does_not_have_names_the_line() {
    let wrong = MOTOR.replace("\"wake-up\", \"uart\"", "\"sleep\"");
    let refusal = handles::text(&tree(&wrong), Path::new("apps/motor")).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "apps/motor/partition.toml:14: unknown-bit: thread \"driver\" has no bit \"sleep\"; it has: uart, stdio, wake-up"
    );
}
