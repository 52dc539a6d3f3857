//! The greeting of TLS: which name it asks for (RFC 8446 4.1.2, RFC 6066 3).

/// What the first bytes of a connection are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Greeting {
    /// Not TLS.
    Other,
    /// The beginning of a greeting; more must come.
    Unfinished,
    /// A whole greeting, and the name in it where there is one.
    Hello(Option<String>),
    /// It claims to be a greeting and is none that can be read.
    Malformed,
}

/// No client's greeting is longer, with keys for every post-quantum group.
pub const LONGEST: usize = 24 * 1024;

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;

/// Reads the greeting at the beginning of `bytes`, which may be spread over
/// several records.
pub fn greeting(bytes: &[u8]) -> Greeting {
    match bytes.first() {
        None => return Greeting::Unfinished,
        Some(&HANDSHAKE) => {}
        Some(_) => return Greeting::Other,
    }
    let mut message = Vec::new();
    let mut rest = Input(bytes);
    loop {
        // A handshake that changes to another kind of record midway is none.
        match rest.0.first() {
            Some(&HANDSHAKE) => {}
            Some(_) => return Greeting::Malformed,
            None => return unfinished(bytes),
        }
        if rest.0.get(1).is_some_and(|major| *major != 3) {
            return Greeting::Malformed;
        }
        let Some((header, length)) = rest.take(3).and_then(|h| Some((h, rest.number(2)?))) else {
            return unfinished(bytes);
        };
        debug_assert_eq!(header.len(), 3);
        if length == 0 || length > 16_384 {
            return Greeting::Malformed;
        }
        let whole = rest.0.len() >= length;
        let part = rest.0.get(..length.min(rest.0.len())).unwrap_or_default();
        message.extend_from_slice(part);
        rest.0 = rest.0.get(part.len()..).unwrap_or_default();
        if let Some(read) = hello(&message) {
            return read;
        }
        if !whole {
            return unfinished(bytes);
        }
    }
}

fn unfinished(bytes: &[u8]) -> Greeting {
    if bytes.len() > LONGEST { Greeting::Malformed } else { Greeting::Unfinished }
}

/// `None` while the message is not whole.
fn hello(message: &[u8]) -> Option<Greeting> {
    let mut input = Input(message);
    match input.number(1) {
        None => return None,
        Some(kind) if kind != usize::from(CLIENT_HELLO) => return Some(Greeting::Malformed),
        Some(_) => {}
    }
    let length = input.number(3)?;
    if length > LONGEST {
        return Some(Greeting::Malformed);
    }
    let body = input.take(length)?;
    Some(server_name(Input(body)).map_or(Greeting::Malformed, Greeting::Hello))
}

/// The name that a whole greeting asks for; `None` where it cannot be read.
fn server_name(mut input: Input<'_>) -> Option<Option<String>> {
    input.take(2 + 32)?;
    for width in [1, 2, 1] {
        let length = input.number(width)?;
        input.take(length)?;
    }
    if input.0.is_empty() {
        return Some(None);
    }
    let length = input.number(2)?;
    let mut extensions = Input(input.take(length)?);
    if !input.0.is_empty() {
        return None;
    }
    let mut found = None;
    while !extensions.0.is_empty() {
        let kind = extensions.number(2)?;
        let length = extensions.number(2)?;
        let body = extensions.take(length)?;
        if kind != usize::from(SERVER_NAME) {
            continue;
        }
        // Two of them could be read as either.
        if found.is_some() {
            return None;
        }
        let mut list = Input(body);
        let length = list.number(2)?;
        let mut names = Input(list.take(length)?);
        if names.number(1)? != usize::from(HOST_NAME) {
            return None;
        }
        let length = names.number(2)?;
        let name = names.take(length)?;
        if !names.0.is_empty() || !list.0.is_empty() {
            return None;
        }
        found = Some(String::from_utf8(name.to_vec()).ok()?);
    }
    Some(found)
}

/// Bytes to be read from the front.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, width: usize) -> Option<usize> {
        let bytes = self.take(width)?;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }
}

/// For tests: a greeting that asks for `name`, in records of `part` bytes.
#[doc(hidden)]
pub fn example(name: Option<&str>, part: usize) -> Vec<u8> {
    let sized = |width: usize, bytes: &[u8]| {
        let length = bytes.len().to_be_bytes();
        let length = length.get(length.len() - width..).unwrap_or_default();
        [length, bytes].concat()
    };
    let mut extensions = vec![0xff, 0x01, 0, 1, 0];
    if let Some(name) = name {
        let entry = [vec![HOST_NAME], sized(2, name.as_bytes())].concat();
        extensions.extend([vec![0, 0], sized(2, &sized(2, &entry))].concat());
    }
    let body = [
        vec![3, 3],
        vec![7; 32],
        sized(1, &[]),
        sized(2, &[0x13, 0x01]),
        sized(1, &[0]),
        sized(2, &extensions),
    ];
    let message = [vec![CLIENT_HELLO], sized(3, &body.concat())].concat();
    let record = |part: &[u8]| [vec![HANDSHAKE, 3, 1], sized(2, part)].concat();
    message.chunks(part.max(1)).flat_map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_found_however_it_is_cut() {
        for part in [1, 7, 60, 9999] {
            let bytes = example(Some("a.example"), part);
            assert_eq!(greeting(&bytes), Greeting::Hello(Some("a.example".into())));
            let early = [bytes.clone(), b"early data".to_vec()].concat();
            assert_eq!(greeting(&early), Greeting::Hello(Some("a.example".into())));
            for end in 0..bytes.len() {
                let cut = bytes.get(..end).unwrap_or_default();
                assert_eq!(greeting(cut), Greeting::Unfinished, "{part} {end}");
            }
        }
        assert_eq!(greeting(&example(None, 99)), Greeting::Hello(None));
        assert_eq!(greeting(b"GET / HTTP/1.1"), Greeting::Other);
        assert_eq!(greeting(b"SSH-2.0-x"), Greeting::Other);
    }

    #[test]
    fn whatever_is_changed_in_it_nothing_panics_and_no_other_name_appears() {
        let bytes = example(Some("a.example"), 50);
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = bytes.clone();
                if let Some(byte) = changed.get_mut(at) {
                    *byte = value;
                }
                let _ = greeting(&changed);
            }
        }
        // Two names, or two extensions, are none.
        let twice = example(Some("a.example"), 9999);
        assert_ne!(greeting(&twice), Greeting::Malformed);
        let huge = [vec![HANDSHAKE, 3, 1, 0x40, 0, CLIENT_HELLO, 0xff, 0xff, 0xff], vec![0; 9]];
        assert_eq!(greeting(&huge.concat()), Greeting::Malformed);
        assert_eq!(greeting(&[HANDSHAKE, 3, 1, 0, 0]), Greeting::Malformed);
        assert_eq!(greeting(&[HANDSHAKE, 3, 1, 0, 4, 2, 0, 0, 0]), Greeting::Malformed);
    }
}
