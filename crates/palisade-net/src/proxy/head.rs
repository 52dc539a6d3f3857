//! The heads of HTTP/1 messages, read strictly (RFC 9112): what two programs
//! could read in two ways is refused, never mended.

use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of a head, and how many fields it may have.
pub const LONGEST: usize = 32 * 1024;
const MOST_FIELDS: usize = 128;

/// Why there is no head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoHead {
    /// The other side closed, or the connection broke.
    Gone,
    /// Longer than [`LONGEST`].
    TooLong,
    /// Not HTTP as it must be, and why.
    Malformed(&'static str),
}

/// One field of a head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, as it was written.
    pub name: String,
    /// Its value without the blanks around it.
    pub value: Vec<u8>,
}

impl Field {
    /// Whether it has this name, given in lower case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The head of a request or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The three parts of the first line.
    pub start: [String; 3],
    /// The fields in their order.
    pub fields: Vec<Field>,
}

/// How long the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// So many bytes.
    Length(u64),
    /// Chunks, each with its length.
    Chunked,
    /// Nothing said: none for a request, up to the end for an answer.
    Unsaid,
}

/// Takes one head off a stream; what came after it stays in `buffer`.
pub async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
) -> Result<Vec<u8>, NoHead> {
    let mut looked = 0;
    loop {
        if let Some(end) = end(buffer, looked)? {
            let rest = buffer.split_off(end);
            return Ok(std::mem::replace(buffer, rest));
        }
        looked = buffer.len().saturating_sub(3);
        if buffer.len() > LONGEST {
            return Err(NoHead::TooLong);
        }
        let count = stream.read_buf(buffer).await.map_err(|_| NoHead::Gone)?;
        if count == 0 {
            return Err(NoHead::Gone);
        }
    }
}

/// Where the empty line ends. A line feed or carriage return alone is an
/// error at once: some programs end a line there, others do not.
fn end(bytes: &[u8], from: usize) -> Result<Option<usize>, NoHead> {
    const ALONE: NoHead = NoHead::Malformed("a line ends in a line feed or carriage return alone");
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        match byte {
            b'\n' if before != Some(&b'\r') => return Err(ALONE),
            b'\n' if bytes.get(..=at).is_some_and(|head| head.ends_with(b"\r\n\r\n")) => {
                if at >= LONGEST {
                    return Err(NoHead::TooLong);
                }
                return Ok(Some(at + 1));
            }
            b'\n' => {}
            _ if before == Some(&b'\r') => return Err(ALONE),
            0 => return Err(NoHead::Malformed("it contains a NUL byte")),
            _ => {}
        }
    }
    Ok(None)
}

fn token(text: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(fits)
}

impl Head {
    /// Reads the head of a request.
    pub fn request(bytes: &[u8]) -> Result<Self, &'static str> {
        let head = Self::parse(bytes)?;
        let [method, target, version] = &head.start;
        if !token(method.as_bytes()) || !target.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("the first line is no request");
        }
        if !["HTTP/1.1", "HTTP/1.0"].contains(&version.as_str()) {
            return Err("the version is neither HTTP/1.1 nor HTTP/1.0");
        }
        Ok(head)
    }

    /// Reads the head of an answer.
    pub fn answer(bytes: &[u8]) -> Result<Self, &'static str> {
        let head = Self::parse(bytes)?;
        let [version, status, _] = &head.start;
        let number = status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit());
        if !["HTTP/1.1", "HTTP/1.0"].contains(&version.as_str()) || !number {
            return Err("the first line is no answer");
        }
        Ok(head)
    }

    fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let bytes = bytes.strip_suffix(b"\r\n\r\n").ok_or("it does not end in an empty line")?;
        let mut lines = bytes.split(|byte| *byte == b'\n');
        let line = |line: &'_ [u8]| line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        let first = String::from_utf8(line(lines.next().unwrap_or_default()))
            .map_err(|_| "the first line is not text")?;
        if first.contains(|c: char| c.is_control()) {
            return Err("the first line contains control characters");
        }
        let mut parts = first.splitn(3, ' ').map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        let start = [part(), part(), part()];
        let mut fields = Vec::new();
        for raw in lines {
            if fields.len() >= MOST_FIELDS {
                return Err("it has too many fields");
            }
            fields.push(Self::field(&line(raw))?);
        }
        Ok(Self { start, fields })
    }

    fn field(line: &[u8]) -> Result<Field, &'static str> {
        if line.first().is_some_and(|byte| b" \t".contains(byte)) {
            return Err("a field is continued on the next line");
        }
        let colon = line.iter().position(|byte| *byte == b':').ok_or("a field has no colon")?;
        let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
        if !token(name) {
            return Err("a field's name is none");
        }
        let value = value.get(1..).unwrap_or_default();
        if value.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
            return Err("a field contains control characters");
        }
        let name = String::from_utf8_lossy(name).into_owned();
        Ok(Field { name, value: value.trim_ascii().to_vec() })
    }

    /// The values of every field of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |field| field.is(name)).map(|field| field.value.as_slice())
    }

    /// How long the body is. A length said twice, or in two ways, is an error.
    pub fn framing(&self) -> Result<Framing, &'static str> {
        let lengths: Vec<&[u8]> = self.all("content-length").collect();
        let codings: Vec<&[u8]> = self.all("transfer-encoding").collect();
        match (lengths.as_slice(), codings.as_slice()) {
            ([], []) => Ok(Framing::Unsaid),
            ([length], []) => {
                let digits =
                    (1..=18).contains(&length.len()) && length.iter().all(u8::is_ascii_digit);
                let number = std::str::from_utf8(length).ok().filter(|_| digits);
                let number = number.and_then(|number| number.parse().ok());
                number.map(Framing::Length).ok_or("`Content-Length` is no number")
            }
            ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => {
                // HTTP/1.0 knows no chunks: the next program might not see them.
                let old = self.start.iter().any(|part| part == "HTTP/1.0");
                if old { Err("HTTP/1.0 has no `Transfer-Encoding`") } else { Ok(Framing::Chunked) }
            }
            ([], _) => Err("`Transfer-Encoding` is something else than `chunked`"),
            ([_, ..], [_, ..]) => Err("`Content-Length` and `Transfer-Encoding` at once"),
            ([_, _, ..], []) => Err("`Content-Length` stands there twice"),
        }
    }

    /// The fields that go on to the other side: not those between two
    /// neighbours, nor anything meant for a proxy.
    pub fn passed_on(&self) -> Result<Vec<&Field>, &'static str> {
        /// Without these the next program would read another message.
        const NEEDED: [&str; 3] = ["host", "content-length", "transfer-encoding"];
        let named: Vec<String> = self
            .all("connection")
            .flat_map(|value| value.split(|byte| *byte == b','))
            .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
            .collect();
        if named.iter().any(|name| NEEDED.contains(&name.as_str())) {
            return Err("`Connection` takes away a field that the message needs");
        }
        let stays = |field: &&Field| {
            let name = field.name.to_ascii_lowercase();
            !is_between_neighbours(&name) && !named.contains(&name)
        };
        Ok(self.fields.iter().filter(stays).collect())
    }
}

/// Whether the field of this name, in small letters, ends with the neighbour
/// (RFC 9110 7.6.1), or is meant for a proxy.
pub fn is_between_neighbours(name: &str) -> bool {
    const NEIGHBOURS: [&str; 7] = [
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
    ];
    NEIGHBOURS.contains(&name) || name.starts_with("proxy-")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn request(text: &str) -> Result<Head, &'static str> {
        Head::request(text.as_bytes())
    }

    #[tokio::test]
    async fn heads_end_at_the_empty_line_and_nowhere_else() {
        async fn of(text: &str) -> Result<(String, String), NoHead> {
            let mut buffer = Vec::new();
            let head = read(&mut text.as_bytes(), &mut buffer).await?;
            Ok((String::from_utf8(head).unwrap(), String::from_utf8(buffer).unwrap()))
        }
        let (head, rest) = of("GET / HTTP/1.1\r\nA: b\r\n\r\nrest").await.unwrap();
        assert_eq!((head.as_str(), rest.as_str()), ("GET / HTTP/1.1\r\nA: b\r\n\r\n", "rest"));
        for text in
            ["GET / HTTP/1.1\nA: b\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\r\n\r\n", "G\0\r\n\r\n"]
        {
            assert!(matches!(of(text).await, Err(NoHead::Malformed(_))), "{text:?}");
        }
        assert_eq!(of("GET / HTTP/1.1\r\n").await, Err(NoHead::Gone));
        let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(LONGEST));
        assert_eq!(of(&long).await, Err(NoHead::TooLong));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for text in [
            "GET  / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1 \r\n\r\n",
            "GET / HTTP/2.0\r\n\r\n",
            "GET /\r\n\r\n",
            "G@T / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nA : b\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
            "GET / HTTP/1.1\r\n A: b\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "GET / HTTP/1.1\r\n: b\r\n\r\n",
            "GET / HTTP/1.1\r\nA: \x01\r\n\r\n",
            "GET http://a.example/\u{e9} HTTP/1.1\r\n\r\n",
        ] {
            assert!(request(text).is_err(), "{text:?}");
        }
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(200));
        assert!(request(&many).is_err());
        for fields in [
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 1\r\nContent-Length: 1\r\n",
            "Content-Length: +1\r\n",
            "Content-Length: 1, 1\r\n",
            "Content-Length: 0x1\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: identity\r\n",
        ] {
            let text = format!("POST / HTTP/1.1\r\n{fields}\r\n");
            assert!(request(&text).unwrap().framing().is_err(), "{fields}");
        }
        let old = request("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        assert!(old.framing().is_err());
        let taken = request("GET / HTTP/1.1\r\nHost: a\r\nConnection: Host\r\n\r\n").unwrap();
        assert!(taken.passed_on().is_err());
    }

    #[test]
    fn what_is_between_neighbours_stays_there() {
        let head = request(
            "GET / HTTP/1.1\r\nHost: a\r\nProxy-Authorization: Basic x\r\nproxy-connection: close\r\n\
             Connection: keep-alive, X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\nUpgrade: h2c\r\nAccept: */*\r\n\r\n",
        )
        .unwrap();
        let names: Vec<&str> =
            head.passed_on().unwrap().iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["Host", "Accept"]);
    }
}
