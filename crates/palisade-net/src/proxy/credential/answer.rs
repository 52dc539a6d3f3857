//! What a host answers, without the value.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderMap, HeaderValue};
use memchr::memmem;

use super::request::replaced;

/// Texts that must not come back, each with what stands for it. Both are of
/// one length, so that lengths which were said stay true.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Forms(Vec<(Vec<u8>, Vec<u8>)>);

/// Without the values.
impl fmt::Debug for Forms {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} forms", self.0.len())
    }
}

impl Forms {
    /// Adds one.
    pub fn add(&mut self, value: &[u8], stands: &[u8]) {
        if value.len() == stands.len() && !value.is_empty() {
            self.0.push((value.to_vec(), stands.to_vec()));
        }
    }

    /// The text without any of them; `None` where there is none in it.
    fn without(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut out = None;
        for (value, stands) in &self.0 {
            let now = out.as_deref().unwrap_or(text);
            if memmem::find(now, value).is_some() {
                out = Some(replaced(now, value, stands));
            }
        }
        out
    }

    /// How many bytes at the end could be the beginning of one of them.
    fn open_end(&self, text: &[u8]) -> usize {
        let longest = |value: &Vec<u8>| {
            let most = value.len().saturating_sub(1).min(text.len());
            (1..=most).rev().find(|count| text.ends_with(value.get(..*count).unwrap_or_default()))
        };
        self.0.iter().filter_map(|(value, _)| longest(value)).max().unwrap_or(0)
    }

    /// Takes them out of the fields.
    pub fn leave(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if let Some(without) = self.without(value.as_bytes()) {
                *value = HeaderValue::from_bytes(&without)
                    .unwrap_or_else(|_| HeaderValue::from_static(""));
            }
        }
    }
}

/// Whether what these fields describe can be searched.
pub fn is_plain(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// The body of an answer, searched as it passes. No byte waits unless it may
/// be the beginning of a value.
pub struct Searched {
    inner: Incoming,
    forms: Forms,
    held: Vec<u8>,
    over: bool,
}

impl Searched {
    /// A body without these forms.
    pub fn new(inner: Incoming, forms: Forms) -> Self {
        Self { inner, forms, held: Vec::new(), over: false }
    }

    fn pass(&mut self, data: Bytes) -> Bytes {
        let joined = match self.held.is_empty() {
            true => data,
            false => {
                let mut held = std::mem::take(&mut self.held);
                held.extend_from_slice(&data);
                held.into()
            }
        };
        let mut whole = match self.forms.without(&joined) {
            Some(without) => without.into(),
            None => joined,
        };
        let open = self.forms.open_end(&whole);
        self.held = whole.split_off(whole.len().saturating_sub(open)).to_vec();
        whole
    }
}

impl Body for Searched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        loop {
            if self.over {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(Ok(frame)) => {
                    // Trailers end here, as does what is between neighbours.
                    let Ok(data) = frame.into_data() else { continue };
                    let passed = self.pass(data);
                    if !passed.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(passed))));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    self.over = true;
                    let held = std::mem::take(&mut self.held);
                    if !held.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(held.into()))));
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.inner.is_end_stream()
    }

    /// As many bytes as the host says, and those that wait.
    fn size_hint(&self) -> SizeHint {
        let mut hint = self.inner.size_hint();
        let held = self.held.len() as u64;
        if let Some(exact) = hint.exact() {
            hint.set_exact(exact.saturating_add(held));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_may_be_a_beginning_waits_and_nothing_else_does() {
        let mut forms = Forms::default();
        forms.add(b"abcabd", b"XXXXXX");
        for (text, open) in
            [("", 0), ("x", 0), ("xabc", 3), ("abcab", 5), ("abcabd", 0), ("abcabca", 4)]
        {
            assert_eq!(forms.open_end(text.as_bytes()), open, "{text}");
        }
        assert_eq!(forms.without(b"1abcabd2abcabd"), Some(b"1XXXXXX2XXXXXX".to_vec()));
        assert_eq!(forms.without(b"abcab"), None);
        assert_eq!(format!("{forms:?}"), "1 forms");
    }
}
