//! Whatever the input, a verdict comes out: no panic, no endless work, and
//! what was seen before a limit still counts.

use palisade_core::Severity;
use palisade_testkit::chance::Chance;
use palisade_testkit::judged::{Setting, judged};

/// Pieces that shells, programs and other languages care about.
const PIECES: &[&str] = &[
    "rm",
    "-rf",
    "/",
    "~",
    "$x",
    "${x:-",
    "}",
    "$(",
    ")",
    "`",
    "'",
    "\"",
    "\\",
    "\n",
    ";",
    "|",
    "||",
    "&&",
    "&",
    "<",
    ">",
    ">>",
    "<<E\n",
    "\nE\n",
    "<<<",
    "<(",
    ">(",
    "((",
    "))",
    "[[",
    "]]",
    "{",
    "}",
    "{a,b}",
    "{1..9}",
    "*",
    "?",
    "[a]",
    "=",
    "+=",
    "a=(",
    "if",
    "then",
    "else",
    "fi",
    "for",
    "in",
    "do",
    "done",
    "while",
    "case",
    "esac",
    ";;",
    "function",
    "f()",
    "eval",
    "sh",
    "-c",
    "bash",
    "xargs",
    "find",
    "-exec",
    "{}",
    "\\;",
    "env",
    "-S",
    "sudo",
    "git",
    "-c",
    "alias.x=!",
    "awk",
    "BEGIN{system(",
    "sed",
    "s/a/b/e",
    "python3",
    "import os;os.system(",
    "perl",
    "-e",
    "exec",
    "curl",
    "http://x",
    "base64",
    "-d",
    "tar",
    "ssh",
    "h",
    "docker",
    "run",
    "-v",
    "/:/h",
    "\u{202e}",
    "\u{200b}",
    "é",
    "\u{f0000}",
    "\0",
    "\r",
    "\t",
    " ",
    " ",
    " ",
    "$'\\x41'",
    "$((",
    "1+",
    "a[",
    "]",
    "${!",
    "@",
    "${#",
    "%%",
    "##",
    "^^",
    ",,",
    "/dev/tcp/h/1",
    "/etc/shadow",
    "0>&1",
    "2>&1",
    "{fd}>",
    "printf",
    "%s",
    "read",
    "trap",
    "alias",
    "export",
    "set",
    "--",
    "coproc",
    "time",
    "!",
    "#",
    "select",
    "until",
    "mapfile",
    "-C",
];

#[test]
fn any_soup_gets_a_verdict() {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for _ in 0..6000 {
        let count = 1 + chance.below(24);
        let text: String = (0..count)
            .map(|_| {
                let piece = PIECES[chance.below(PIECES.len())];
                if chance.below(3) == 0 { piece.to_owned() } else { format!("{piece} ") }
            })
            .collect();
        let decision = judged(&text, &Setting::default());
        for finding in decision.findings() {
            let (from, to) = (finding.span.from as usize, finding.span.to as usize);
            assert!(from <= to && to <= text.len(), "{text:?}: {finding:?}");
        }
    }
}

#[test]
fn limits_never_lower_a_verdict() {
    let endless = [
        "true;".repeat(13_000),
        "$(".repeat(32_000),
        "{a,b}".repeat(13_000),
        "x=$x$x;".repeat(9_000),
        "echo ".to_owned() + &"word ".repeat(13_000),
        "'".to_owned(),
        "a".repeat(70_000),
        "eval '".to_owned() + &"eval ".repeat(5_000) + "true'",
        "f(){ f|f& };f;".repeat(500),
    ];
    for text in &endless {
        let after = judged(&format!("rm -rf ~\n{text}"), &Setting::default());
        assert_eq!(after.severity(), Severity::Dangerous, "{:.40}", text);
    }
    for text in endless.iter().filter(|text| text.len() > 60_000) {
        let before = judged(&format!("{text}\nrm -rf ~"), &Setting::default());
        assert!(before.severity() >= Severity::Caution, "{:.40}", text);
    }
}
