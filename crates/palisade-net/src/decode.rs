//! From the bytes on the wire to text, within limits.

use std::io::{self, Read};

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use crate::error::brief;
use crate::media;
use crate::{FetchError, Limits};

/// The packings that are asked for.
pub(crate) const PACKINGS: &str = "gzip, br, deflate";

/// More than this is unpacked before the ratio counts: short texts of one
/// letter pack very well.
const RATIO_FROM: u64 = 1 << 20;

/// Unpacks a body.
pub(crate) fn unpacked(
    body: Vec<u8>,
    packing: &str,
    limits: &Limits,
) -> Result<Vec<u8>, FetchError> {
    let packing = packing.trim().to_ascii_lowercase();
    let wire = body.len() as u64;
    let out = match packing.as_str() {
        "" | "identity" => return Ok(body),
        "gzip" | "x-gzip" => read(flate2::read::MultiGzDecoder::new(&*body), wire, limits),
        // A window of up to a gigabyte, which no browser takes (RFC 9841).
        "br" if body.first().is_some_and(|first| first & 0x7f == 0x11) => {
            return Err(FetchError::Packing("br with a large window".into()));
        }
        "br" => read(brotli_decompressor::Decompressor::new(&*body, 4096), wire, limits),
        // The standard says zlib, some servers send it bare.
        "deflate" if zlib(&body) => read(flate2::read::ZlibDecoder::new(&*body), wire, limits),
        "deflate" => read(flate2::read::DeflateDecoder::new(&*body), wire, limits),
        _ => return Err(FetchError::Packing(brief(&packing))),
    };
    match out {
        Ok(bytes) => bytes,
        Err(_) => Err(FetchError::Http(format!("its `{packing}` packing is damaged"))),
    }
}

fn zlib(body: &[u8]) -> bool {
    match body {
        [first, second, ..] => {
            first & 0x0f == 8 && (u16::from(*first) * 256 + u16::from(*second)).is_multiple_of(31)
        }
        _ => false,
    }
}

/// Reads in pieces, so that nothing grows past a limit by more than one piece.
fn read(
    mut from: impl Read,
    wire: u64,
    limits: &Limits,
) -> io::Result<Result<Vec<u8>, FetchError>> {
    let mut out = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut piece)?;
        if length == 0 {
            return Ok(Ok(out));
        }
        out.extend_from_slice(piece.get(..length).unwrap_or(&[]));
        let so_far = out.len() as u64;
        if so_far > limits.unpacked {
            return Ok(Err(FetchError::UnpacksTooLarge(limits.unpacked)));
        }
        if so_far > RATIO_FROM && so_far / wire.max(1) > limits.ratio {
            return Ok(Err(FetchError::Bomb(limits.ratio)));
        }
    }
}

/// A body as text: by its mark, by what the server says, by what the page
/// says of itself, as UTF-8 where it is that, else as windows-1252, which is
/// what browsers do.
pub(crate) fn text(body: Vec<u8>, content_type: &str) -> Result<String, FetchError> {
    let essence = media::essence(content_type);
    let said =
        || media::charset(content_type).and_then(|name| Encoding::for_label(name.as_bytes()));
    let marked = Encoding::for_bom(&body).map(|(encoding, _)| encoding);
    let encoding = marked.or_else(said).or_else(|| within(&body, &essence));
    let utf16 = encoding.is_some_and(|encoding| !encoding.is_ascii_compatible());
    if !utf16 && body.contains(&0) {
        let what = if essence.is_empty() { "bytes of no type" } else { essence.as_str() };
        return Err(FetchError::NotText(brief(what)));
    }
    let encoding = encoding.unwrap_or(UTF_8);
    if encoding == UTF_8 && marked.is_none() {
        return Ok(match String::from_utf8(body) {
            Ok(text) => text,
            Err(error) => {
                let body = error.into_bytes();
                let other = if said().is_some() { UTF_8 } else { WINDOWS_1252 };
                other.decode(&body).0.into_owned()
            }
        });
    }
    Ok(encoding.decode(&body).0.into_owned())
}

/// What a page says of itself in its first kilobyte.
fn within(body: &[u8], essence: &str) -> Option<&'static Encoding> {
    if !media::page(essence) {
        return None;
    }
    let head = body.get(..1024).unwrap_or(body).to_ascii_lowercase();
    let at = head.windows(8).position(|window| window == b"charset=")? + 8;
    let rest = head.get(at..)?;
    let name: Vec<u8> = rest
        .iter()
        .skip_while(|byte| matches!(byte, b'"' | b'\'' | b' '))
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':'))
        .copied()
        .collect();
    // A page that can say so in ASCII is not UTF-16.
    Encoding::for_label(&name).map(|found| if found.is_ascii_compatible() { found } else { UTF_8 })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn every_packing_is_taken_apart() {
        let limits = Limits::default();
        let text = b"some text, some text".to_vec();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(&text).unwrap();
        let mut bare =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        bare.write_all(&text).unwrap();
        // "hello" as brotli packs it.
        let brotli = vec![0x0b, 0x02, 0x80, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x03];
        assert_eq!(unpacked(gzip(&text), "GZIP", &limits).unwrap(), text);
        assert_eq!(unpacked(zlib.finish().unwrap(), "deflate", &limits).unwrap(), text);
        assert_eq!(unpacked(bare.finish().unwrap(), "deflate", &limits).unwrap(), text);
        assert_eq!(unpacked(brotli, "br", &limits).unwrap(), b"hello");
        let large = unpacked(vec![0x11, 30, 0, 0], "br", &limits);
        assert!(matches!(large, Err(FetchError::Packing(_))));
        assert!(matches!(
            unpacked(text.clone(), "gzip, gzip", &limits),
            Err(FetchError::Packing(_))
        ));
        assert!(matches!(unpacked(text, "gzip", &limits), Err(FetchError::Http(_))));
    }

    #[test]
    fn bombs_do_not_go_off() {
        let limits = Limits { unpacked: 4 << 20, ..Limits::default() };
        let bomb = gzip(&vec![b'a'; 3 << 20]);
        assert!(matches!(unpacked(bomb, "gzip", &limits), Err(FetchError::Bomb(_))));
        let limits = Limits { ratio: u64::MAX, ..limits };
        let bomb = gzip(&vec![b'a'; 5 << 20]);
        assert!(matches!(unpacked(bomb, "gzip", &limits), Err(FetchError::UnpacksTooLarge(_))));
    }

    #[test]
    fn alphabets_are_found_as_browsers_find_them() {
        let read = |body: &[u8], content_type| text(body.to_vec(), content_type).unwrap();
        assert_eq!(read(b"caf\xc3\xa9", "text/plain"), "caf\u{e9}");
        assert_eq!(read(b"caf\xe9", "text/plain"), "caf\u{e9}");
        assert_eq!(read(b"caf\xe9", "text/plain; charset=ISO-8859-1"), "caf\u{e9}");
        assert_eq!(read(b"\xff\xfea\0", "text/plain"), "a");
        assert_eq!(read(b"\xef\xbb\xbfa", "text/plain"), "a");
        assert_eq!(read(b"a\0", "text/plain; charset=utf-16le"), "a");
        assert_eq!(read(b"\x83n", "text/plain; charset=shift_jis"), "\u{30cf}");
        assert_eq!(
            read(b"<meta charset=\"shift_jis\">\x83n", "text/html"),
            "<meta charset=\"shift_jis\">\u{30cf}"
        );
        assert_eq!(
            read(b"<meta charset=utf-16>\xc3\xa9", "text/html"),
            "<meta charset=utf-16>\u{e9}"
        );
        assert!(matches!(text(b"\x7fELF\0".to_vec(), ""), Err(FetchError::NotText(_))));
    }
}
