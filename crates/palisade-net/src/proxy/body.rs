//! Bodies of HTTP/1 messages: exactly as many bytes as were said, so that
//! nothing behind a message is taken for another one.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::head::Framing;
use super::relay::Meter;

/// Bytes of a chunk's first line, of the trailers, and of a chunk itself.
const LONGEST_LINE: usize = 256;
const LONGEST_TRAILERS: usize = 8 * 1024;

fn wrong(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// A stream whose first bytes were read already.
pub struct Source<'a, R> {
    pub stream: &'a mut R,
    pub buffer: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Source<'_, R> {
    /// Reads more; an end is an error where more must come.
    async fn more(&mut self) -> io::Result<usize> {
        self.stream.read_buf(&mut self.buffer).await
    }

    async fn line(&mut self, longest: usize) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.buffer, rest);
                line.pop();
                if line.pop() != Some(b'\r') || line.contains(&b'\r') {
                    return Err(wrong("a line ends in a line feed alone"));
                }
                return Ok(line);
            }
            if self.buffer.len() > longest {
                return Err(wrong("a line is too long"));
            }
            if self.more().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Passes on exactly `count` bytes.
    async fn pass(
        &mut self,
        to: &mut (impl AsyncWrite + Unpin),
        mut count: u64,
        meter: &Meter,
    ) -> io::Result<()> {
        while count > 0 {
            if self.buffer.is_empty() && self.more().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let now = usize::try_from(count).unwrap_or(usize::MAX).min(self.buffer.len());
            let rest = self.buffer.split_off(now);
            to.write_all(&self.buffer).await?;
            self.buffer = rest;
            meter.add(now);
            count -= now as u64;
        }
        Ok(())
    }
}

/// Passes a body on. Chunks are read and written anew, without extensions and
/// trailers.
pub async fn pass<R: AsyncRead + Unpin>(
    from: &mut Source<'_, R>,
    to: &mut (impl AsyncWrite + Unpin),
    framing: Framing,
    to_end: bool,
    meter: &Meter,
) -> io::Result<()> {
    match framing {
        Framing::Length(count) => from.pass(to, count, meter).await?,
        Framing::Chunked => loop {
            let line = from.line(LONGEST_LINE).await?;
            let size = chunk(&line).ok_or_else(|| wrong("a chunk has no length"))?;
            to.write_all(format!("{size:x}\r\n").as_bytes()).await?;
            if size == 0 {
                let mut left = LONGEST_TRAILERS;
                loop {
                    let line = from.line(left).await?;
                    if line.is_empty() {
                        break;
                    }
                    left =
                        left.checked_sub(line.len()).ok_or_else(|| wrong("too many trailers"))?;
                }
                to.write_all(b"\r\n").await?;
                break;
            }
            from.pass(to, size, meter).await?;
            if !from.line(2).await?.is_empty() {
                return Err(wrong("a chunk is longer than it says"));
            }
            to.write_all(b"\r\n").await?;
        },
        Framing::Unsaid if to_end => loop {
            if from.buffer.is_empty() && from.more().await? == 0 {
                break;
            }
            to.write_all(&from.buffer).await?;
            meter.add(from.buffer.len());
            from.buffer.clear();
        },
        Framing::Unsaid => {}
    }
    to.flush().await
}

/// The length of a chunk; what follows a semicolon means nothing to anybody.
fn chunk(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii_end();
    let fits = (1..=15).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok().filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn passed(text: &str, framing: Framing) -> io::Result<(String, usize)> {
        let mut stream = text.as_bytes();
        let mut from = Source { stream: &mut stream, buffer: Vec::new() };
        let mut to = Vec::new();
        pass(&mut from, &mut to, framing, false, &Meter::default()).await?;
        let left = from.buffer.len() + from.stream.len();
        Ok((String::from_utf8_lossy(&to).into_owned(), left))
    }

    #[tokio::test]
    async fn exactly_as_many_bytes_as_were_said() {
        let said = passed("hello GET /evil", Framing::Length(5)).await;
        assert_eq!(said.ok(), Some(("hello".into(), 10)));
        let chunks = "5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /evil";
        let said = passed(chunks, Framing::Chunked).await;
        assert_eq!(said.ok(), Some(("5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n".into(), 9)));
        for text in [
            "5\r\nhel",
            "5\nhello\r\n0\r\n\r\n",
            "5\r\nhelloX\r\n0\r\n\r\n",
            "-5\r\nhello\r\n",
            "0x5\r\nhello\r\n",
            "\r\n",
            "5 5\r\nhello\r\n",
            "fffffffffffffffff\r\n",
            "5\r\nhello\r\n0\r\nA: b\n\r\n",
        ] {
            assert!(passed(text, Framing::Chunked).await.is_err(), "{text:?}");
        }
        assert!(passed("hell", Framing::Length(5)).await.is_err());
    }
}
