//! What the compiler understands, and what it says about what it does not.

use dts::{Error, compile};

const SMALL: &str = r#"/dts-v1/;
/memreserve/ 0x0 0x1000; // for the stub
/ {
	#address-cells = <1>;
	other = <&there 7>;
	/* referred to
	   above */
	there: node@10 {
		reg = <0x10>;
		names = "a", "bc";
		raw = [01 ff 20];
		empty;
		address = <16>;
	};
};
"#;

/// What dtc 1.6.1 makes of [`SMALL`].
const SMALL_BY_DTC: &str = "
    d00dfeed0000012500000048000000ec00000028000000110000001000000000
    00000039000000a4000000000000000000000000000010000000000000000000
    0000000000000000000000010000000000000003000000040000000000000001
    00000003000000080000000f0000000100000007000000016e6f646540313000
    0000000300000004000000150000001000000003000000050000001961006263
    0000000000000003000000030000001f01ff2000000000030000000000000023
    0000000300000004000000290000001000000003000000040000003100000001
    00000002000000020000000923616464726573732d63656c6c73006f74686572
    00726567006e616d65730072617700656d707479006164647265737300706861
    6e646c6500";

#[test]
fn the_output_is_that_of_the_reference_compiler_byte_for_byte() {
    let hex: String = compile(SMALL).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    let expected: String = SMALL_BY_DTC.split_whitespace().collect();
    assert_eq!(hex, expected);
}

/// The error of a root node with this inside; its first line is line 2.
fn refused(inside: &str) -> Error {
    compile(&format!("/dts-v1/; / {{\n{inside}\n}};")).expect_err("refused")
}

#[test]
fn a_wrong_source_is_refused_with_its_line() {
    for (inside, line, part) in [
        ("a = <1>;\nb = <&nowhere>;", 3, "no label nowhere"),
        ("a = <0x100000000>;", 2, "does not fit 32 bits"),
        ("a = <12x>;", 2, "12x is no number"),
        ("a = [0];", 2, "pairs of digits"),
        ("a = [0g];", 2, "not hexadecimal"),
        ("a = <1>\nb = <2>;", 3, "';' is missing"),
        ("a = \"no end;", 2, "a string does not end"),
        ("/* no end", 2, "a comment does not end"),
        ("a; a;", 2, "a second property a"),
        ("n { };\nn { };", 3, "a second node n"),
        ("n { }; a;", 2, "after a child node"),
        ("l: n { };\nl: m { };", 3, "two nodes have the label l"),
        ("a = \"\\n\";", 2, "escapes"),
        ("/include/ \"x\";", 2, "a name or number is missing"),
    ] {
        let error = refused(inside);
        assert!(error.text.contains(part), "{inside:?}: {error}");
        assert_eq!(error.line, line, "{inside:?}: {error}");
    }
}

#[test]
fn a_source_cut_anywhere_is_refused_without_a_panic() {
    let end = SMALL.trim_end().len();
    for cut in 0..end {
        assert!(compile(&SMALL[..cut]).is_err(), "cut at {cut}");
    }
}
