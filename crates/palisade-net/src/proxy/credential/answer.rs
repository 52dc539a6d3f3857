//! What a host answers, without the value.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{HeaderMap, HeaderValue};
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

    /// How many bytes at the end could be the beginning of a value, as far as
    /// can be said without knowing one: letters of which [values are
    /// made](super::usable), and fewer than the longest form has. Phantoms have
    /// the same lengths, so nothing about a value can be seen by what waits:
    /// whoever has the host say a guess sees the same for each of them.
    fn open_end(&self, text: &[u8]) -> usize {
        let longest = self.0.iter().map(|(value, _)| value.len()).max().unwrap_or(0);
        let letters = text.iter().rev().take(longest.saturating_sub(1));
        letters.take_while(|byte| byte.is_ascii_graphic()).count()
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

/// A search over pieces, as over the whole. What waits does not depend on any
/// value, and an end of line lets all before it go.
struct Search {
    forms: Forms,
    held: Vec<u8>,
}

impl Search {
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

    fn finish(&mut self) -> Bytes {
        std::mem::take(&mut self.held).into()
    }
}

/// The body of an answer, searched as it passes, whatever it is said to be
/// packed in.
pub struct Searched {
    inner: Incoming,
    search: Search,
    over: bool,
}

impl Searched {
    /// A body without these forms.
    pub fn new(inner: Incoming, forms: Forms) -> Self {
        Self { inner, search: Search { forms, held: Vec::new() }, over: false }
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
                    let passed = self.search.pass(data);
                    if !passed.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(passed))));
                    }
                }
                // What waits is lost, whatever it is.
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    self.over = true;
                    let held = self.search.finish();
                    if !held.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(held))));
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.search.held.is_empty() && self.inner.is_end_stream()
    }

    /// As many bytes as the host says, and those that wait.
    fn size_hint(&self) -> SizeHint {
        let mut hint = self.inner.size_hint();
        let held = self.search.held.len() as u64;
        if let Some(exact) = hint.exact() {
            hint.set_exact(exact.saturating_add(held));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_come_to_the_same_as_the_whole(
            text in "(abcabd|abc|ab|a|x){0,30}",
            cuts in prop::collection::vec(1usize..9, 0..60),
        ) {
            let mut forms = Forms::default();
            forms.add(b"abcabd", b"XXXXXX");
            forms.add(b"bdab", b"YYYY");
            let mut search = Search { forms: forms.clone(), held: Vec::new() };
            let (mut out, mut rest) = (Vec::new(), text.as_bytes());
            for cut in cuts {
                let (piece, more) = rest.split_at(cut.min(rest.len()));
                out.extend_from_slice(&search.pass(Bytes::copy_from_slice(piece)));
                rest = more;
            }
            out.extend_from_slice(&search.pass(Bytes::copy_from_slice(rest)));
            out.extend_from_slice(&search.finish());
            prop_assert_eq!(out.len(), text.len());
            prop_assert!(forms.without(&out).is_none(), "{}", String::from_utf8_lossy(&out));
        }
    }

    /// What passes of a text in pieces of this length, frame by frame; at the
    /// end and without it.
    fn frames(forms: &Forms, text: &[u8], piece: usize) -> Vec<Vec<u8>> {
        let mut search = Search { forms: forms.clone(), held: Vec::new() };
        let pieces = text.chunks(piece).map(Bytes::copy_from_slice);
        let mut out: Vec<Vec<u8>> = pieces.map(|piece| search.pass(piece).to_vec()).collect();
        out.push(search.finish().to_vec());
        out
    }

    #[test]
    fn a_guess_of_a_value_passes_as_any_other_text_does() {
        let (value, phantom) = (b"sk_a7Qm2Zr9LpX4vT8bKd", b"sk_b1Rn6Yq3MoW5uS0cJe");
        let mut forms = Forms::default();
        forms.add(value, phantom);
        forms.add(b"dXNlcjpza19hN1FtMlpyOUxwWDR2VDhiS2Q=", b"dXNlcjpza19iMVJuNllxM01vVzV1UzBjSmU=");
        for known in 0..value.len() {
            let right = value.get(..known).unwrap_or_default();
            for (before, after) in
                [("<", ""), ("", ">"), ("a b\n", "\n"), ("xyz", "\u{e9}"), ("", "")]
            {
                let said = |guess: &[u8]| [before.as_bytes(), guess, after.as_bytes()].concat();
                for piece in [1, 2, 5, 21, 1000] {
                    let right = frames(&forms, &said(right), piece);
                    let wrong = frames(&forms, &said(&vec![b'#'; known]), piece);
                    let lengths =
                        |frames: &[Vec<u8>]| frames.iter().map(Vec::len).collect::<Vec<_>>();
                    assert_eq!(
                        lengths(&right),
                        lengths(&wrong),
                        "{known} {before} {after} {piece}"
                    );
                    assert_eq!(right.concat(), said(value.get(..known).unwrap_or_default()));
                }
            }
        }
        // A stream of lines does not wait.
        for line in ["data: {\"a\":1}\n\n", "{\"a\":1}\n", "\u{e9}"] {
            let passed = frames(&forms, line.as_bytes(), 1000);
            assert_eq!(passed.first().map(Vec::as_slice), Some(line.as_bytes()));
        }
    }

    #[test]
    fn an_end_that_may_be_a_beginning_of_anything_waits() {
        let mut forms = Forms::default();
        assert_eq!(forms.open_end(b"abc"), 0);
        forms.add(b"abcabd", b"XXXXXX");
        for (text, open) in
            [("", 0), ("x", 1), ("x yz", 2), ("xabcdefghi", 5), ("abcabd", 5), ("a\n", 0)]
        {
            assert_eq!(forms.open_end(text.as_bytes()), open, "{text}");
        }
        assert_eq!(forms.without(b"1abcabd2abcabd"), Some(b"1XXXXXX2XXXXXX".to_vec()));
        assert_eq!(forms.without(b"abcab"), None);
        assert_eq!(format!("{forms:?}"), "1 forms");
    }
}
