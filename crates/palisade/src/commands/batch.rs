//! Many questions in one process: a line of JSON in, a line of JSON out.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::show::{Failure, gone_is_fine, is_read};

/// A line that could not be answered.
#[derive(Debug, Serialize)]
struct Wrong {
    line: u64,
    error: String,
}

/// Answers each line of standard input, whatever the lines hold, until they
/// end or nobody reads the answers any more. `example` is what a line looks
/// like.
pub fn each_line<Q: DeserializeOwned, A: Serialize>(
    example: &str,
    answer: impl Fn(Q) -> Result<A, String>,
) -> Result<ExitCode, Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut input = io::stdin().lock();
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        if input.read_until(b'\n', &mut text)? == 0 {
            break;
        }
        let asked = serde_json::from_slice(&text).map_err(|error| wrong(&text, &error, example));
        let written = match asked.and_then(&answer) {
            Ok(answer) => serde_json::to_writer(&mut out, &answer),
            Err(error) => serde_json::to_writer(&mut out, &Wrong { line, error }),
        };
        if !is_read(written.map_err(io::Error::from).and_then(|()| out.write_all(b"\n")))? {
            return Ok(ExitCode::SUCCESS);
        }
    }
    gone_is_fine(out.flush())?;
    Ok(ExitCode::SUCCESS)
}

/// What is wrong with a line. It is always its first line to the reader of
/// JSON, who counts from there.
fn wrong(text: &[u8], error: &serde_json::Error, example: &str) -> String {
    let said = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = match said.strip_suffix(&place) {
        Some(what) => format!("{what} at column {}", error.column()),
        None => said,
    };
    let text = text.trim_ascii();
    match text.first() {
        None => format!("the line is empty: write it as `{example}`"),
        Some(b'{') if error.is_data() => what,
        Some(_) if error.is_data() => format!("it is no object: write it as `{example}`"),
        Some(_) => format!("it is no JSON ({what}): write it as `{example}`"),
    }
}
