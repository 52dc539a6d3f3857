//! What the real bash says of inputs.

use std::io::Write;
use std::process::{Command, Stdio};

/// Whether `bash -n` accepts each input; nothing where there is no bash 5.
///
/// One bash reads all inputs and starts a child for each, two at a time. Only
/// `-n` is ever asked: what chance makes may well be a fork bomb.
pub fn accepts(inputs: &[String]) -> Option<Vec<bool>> {
    const LOOP: &str = r#"
        [[ ${BASH_VERSINFO[0]} -ge 5 ]] || exit 9
        while IFS= read -r -d '' input; do
            complaint=$(LC_ALL=C "$BASH" --norc -O extglob -n <<<"${input%.}" 2>&1)
            status=$?
            # Some errors are told but do not count.
            while IFS= read -r line; do
                [[ -z $line || $line == *warning:* ]] || status=1
            done <<<"$complaint"
            echo "$status"
        done
    "#;
    let mut batches = Vec::new();
    for batch in inputs.chunks(inputs.len().div_ceil(2).max(1)) {
        let child = Command::new("bash")
            .args(["--norc", "-c", LOOP])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = child else {
            println!("skipped by name: no bash to ask");
            return None;
        };
        let mut stdin = child.stdin.take().unwrap();
        // A dot keeps newlines at the end from being lost.
        let text: Vec<u8> =
            batch.iter().flat_map(|input| format!("{input}.\0").into_bytes()).collect();
        let writer = std::thread::spawn(move || drop(stdin.write_all(&text)));
        batches.push((child, writer, batch.len()));
    }
    let mut answers = Vec::new();
    for (child, writer, expected) in batches {
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        if output.status.code() == Some(9) {
            println!("skipped by name: bash is older than 5");
            return None;
        }
        let statuses = String::from_utf8(output.stdout).unwrap();
        assert_eq!(statuses.lines().count(), expected, "bash answered for each input");
        answers.extend(statuses.lines().map(|status| status == "0"));
    }
    Some(answers)
}
