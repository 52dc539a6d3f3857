//! Messages as lines, none longer than a bound.

use std::io::{self, BufRead};

/// One line of a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A line without its end.
    Text(String),
    /// A line that is no UTF-8; its bytes are gone.
    NotText,
    /// A line past the bound; its beginning, and how long it was.
    TooLong {
        /// The first letters of it.
        head: String,
        /// All its bytes.
        length: usize,
    },
    /// The stream has ended.
    End,
}

/// How much of a line that is too long is kept, to see whose it was.
const HEAD: usize = 512;

/// Reads one line of at most `longest` bytes. More is read to its end and
/// thrown away, so that the next line is whole again.
///
/// # Errors
/// What the stream says.
pub fn read(from: &mut dyn BufRead, longest: usize) -> io::Result<Line> {
    let mut line = Vec::new();
    let mut length = 0;
    loop {
        let buffer = match from.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            // A last line without its end may be half of one.
            return Ok(if length == 0 { Line::End } else { finished(line, length, longest) });
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let piece = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or(buffer);
        let room = longest.max(HEAD).saturating_sub(line.len());
        line.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or(piece));
        length += piece.len();
        if length > longest && line.len() > HEAD {
            line.truncate(HEAD);
            line.shrink_to_fit();
        }
        let used = piece.len() + usize::from(end.is_some());
        from.consume(used);
        if end.is_some() {
            return Ok(finished(line, length, longest));
        }
    }
}

fn finished(mut line: Vec<u8>, length: usize, longest: usize) -> Line {
    if length > longest {
        line.truncate(HEAD);
        return Line::TooLong { head: String::from_utf8_lossy(&line).into_owned(), length };
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map_or(Line::NotText, Line::Text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn all(text: &[u8], longest: usize, buffer: usize) -> Vec<Line> {
        let mut from = BufReader::with_capacity(buffer, text);
        let mut lines = Vec::new();
        loop {
            match read(&mut from, longest).unwrap() {
                Line::End => return lines,
                line => lines.push(line),
            }
        }
    }

    #[test]
    fn lines_are_bounded_and_the_next_one_is_whole() {
        for buffer in [1, 3, 8192] {
            let text = [b"{}\r\n".as_slice(), &vec![b'x'; 2000], b"\n\xff\nlast"].concat();
            let lines = all(&text, 1000, buffer);
            assert_eq!(lines[0], Line::Text("{}".into()));
            let Line::TooLong { head, length } = &lines[1] else { panic!("{lines:?}") };
            assert_eq!((head.len(), *length), (HEAD, 2000));
            assert_eq!(lines[2..], [Line::NotText, Line::Text("last".into())]);
        }
    }
}
