//! The one walk over all of a text: which words and marks are looked at more
//! closely, and which places have a shape.

use super::*;

/// What is seen of a text while it is walked over.
pub struct Survey<'t> {
    pub tables: &'static Tables,
    pub text: &'t str,
    pub bytes: &'t [u8],
    pub pass: Pass,
    pub outline: Option<Outline>,
    /// Where keys of phrases stand.
    pub keys: Vec<Key>,
    /// Where letters stand that are not read as ASCII.
    pub foreign: Vec<(usize, usize)>,
    /// All words before are looked up, if their letters had to be read.
    pub done: usize,
}

impl Walker for Survey<'_> {
    #[inline(always)]
    fn block(&mut self, block: &Block) -> Sorts {
        if let Some(outline) = &mut self.outline {
            outline.block(block);
        }
        let words = block.letters | block.digits | block.odd;
        Sorts { words, second: block.odd, third: block.digits, single: block.stops }
    }

    #[inline(always)]
    fn word(&mut self, from: usize, to: usize, odd: bool, digits: bool) {
        let letter = |at: usize| self.bytes.get(at).copied().unwrap_or(0);
        let length = to - from;
        let counts = length <= LONGEST_WORD && self.tables.starts.may_be(self.bytes, from, length);
        let scrambled = shape::may_be_scrambled(letter(from), letter(to - 1), length);
        if counts | scrambled | odd | digits {
            self.look_at(from, to, odd, digits, counts);
        }
    }

    #[inline(always)]
    fn byte(&mut self, at: usize) {
        if self.tables.counts(self.bytes, at) {
            self.look_at_byte(at);
        }
    }
}

impl Survey<'_> {
    /// Looks at a word that may be something.
    fn look_at(&mut self, from: usize, to: usize, odd: bool, digits: bool, counts: bool) {
        if odd {
            self.odd(from, to);
            return;
        }
        if counts && let Some(word) = Word::plain(self.bytes, from, to) {
            self.look_up(&word, from, to);
        }
        if digits {
            self.digits(from, to);
        } else {
            self.scrambled(from, to);
        }
    }

    fn look_up(&mut self, word: &Word, from: usize, to: usize) {
        let mut around = None;
        self.tables.starts.between(word, self.bytes, from, to, |sign| match *sign {
            Sign::Key(anchor) => {
                if let Some(anchor) = ANCHORS.get(usize::from(anchor))
                    && anchor.may_be_at(self.bytes, from, to)
                    && let Some(beside) = beside(self.tables, anchor)
                    && let Some(reach) = reach(
                        anchor,
                        beside,
                        around.get_or_insert_with(|| {
                            Around::of(&self.tables.known, self.bytes, from, to)
                        }),
                    )
                {
                    let mask = mask_of(usize::from(anchor.class));
                    self.keys.push(Key { at: from, mask, reach });
                }
            }
            Sign::Ciphered(cipher) => self.pass.ciphered.push((cipher, from)),
            Sign::Mark(mark) => {
                let mark = MARKS.get(usize::from(mark));
                self.pass.found.extend(mark.and_then(|mark| marked(self.text, mark, from)));
            }
        });
    }

    fn scrambled(&mut self, from: usize, to: usize) {
        let word = self.bytes.get(from..to).unwrap_or_default();
        if let Some(outline) = &mut self.outline
            && shape::is_scrambled(word)
        {
            outline.mark(from, to);
        }
    }

    /// Looks at a word that is not of ASCII only.
    fn odd(&mut self, from: usize, to: usize) {
        let word = self.bytes.get(from..to).unwrap_or_default();
        // What is written with a cipher or begins a mark is looked for as it
        // stands, and so is a shape.
        let mut at = from;
        for part in word.split(|byte| !byte.is_ascii_alphanumeric()) {
            if !part.is_empty() && (part.len() < word.len()) {
                let end = at + part.len();
                if let Some(word) = Word::plain(self.bytes, at, end) {
                    self.look_up(&word, at, end);
                }
                if part.len() < 16 {
                    self.scrambled(at, end);
                    self.digits(at, end);
                }
            }
            at += part.len() + 1;
        }
        if from >= self.done {
            let before = from.checked_sub(1).and_then(|at| self.bytes.get(at));
            let escaped =
                before == Some(&b'\\') && matches!(word.first(), Some(b'n' | b't' | b'r'));
            self.slowly(from + usize::from(escaped));
        }
    }

    /// Looks at a word of which digits may stand for letters.
    fn digits(&mut self, from: usize, to: usize) {
        let word = self.bytes.get(from..to).unwrap_or_default();
        if let Some(outline) = &mut self.outline
            && word.iter().any(u8::is_ascii_digit)
        {
            outline.digits(self.bytes, from, to);
        }
    }

    /// Looks words up whose letters have to be read.
    fn slowly(&mut self, from: usize) {
        let mut foreign: Option<(usize, usize)> = None;
        self.done = letterwise(self.text, from, |piece| match piece {
            Piece::Word(Some(word), from, to, _) => {
                self.tables.starts.between(&word, self.bytes, from, to, |sign| {
                    if let Sign::Key(anchor) = *sign
                        && let Some(anchor) = ANCHORS.get(usize::from(anchor))
                        && anchor.may_be_at(self.bytes, from, to)
                        && let Some(Beside { reach, .. }) = beside(self.tables, anchor)
                    {
                        let mask = mask_of(usize::from(anchor.class));
                        self.keys.push(Key { at: from, mask, reach: *reach });
                    }
                });
            }
            Piece::Word(None, from, to, _) => {
                let part = self.bytes.get(from..to).unwrap_or_default();
                if !part.is_ascii() {
                    foreign = Some((foreign.map_or(from, |(first, _)| first), to));
                }
            }
            Piece::Stop => {}
        });
        if let Some((from, to)) = foreign {
            match self.foreign.last_mut() {
                Some(last) if from <= last.1 + BEFORE + BEHIND => last.1 = to,
                _ => self.foreign.push((from, to)),
            }
        }
    }

    /// Looks at a byte that may begin something.
    fn look_at_byte(&mut self, at: usize) {
        let byte = self.bytes.get(at).copied().unwrap_or(0);
        let (bytes, text) = (self.bytes, self.text);
        match byte {
            b'%' | b'\\' | b'&' => {
                let rest = bytes.get(at..).unwrap_or_default();
                if byte == b'\\' && matches!(rest.get(1), Some(b'n' | b't' | b'r')) {
                    // A line's end as strings in code write it.
                    if let Some((word, end)) = Word::at(bytes, at + 2) {
                        self.look_up(&word, at + 2, end);
                    }
                } else if let Some(outline) = &mut self.outline
                    && shape::is_escape(rest)
                {
                    outline.mark(at, at + 1);
                }
                return;
            }
            b'+' | b'@' | b'$' => {
                if let Some(outline) = &mut self.outline {
                    outline.sign(bytes, at);
                }
                return;
            }
            b'\'' if is_contraction(bytes.get(at + 1..).unwrap_or_default()) => {
                // The word with its apostrophe.
                let before = bytes.get(..at).unwrap_or_default();
                let letters = before.iter().rev().take(LONGEST_WORD + 1);
                let from = at - letters.take_while(|byte| byte.is_ascii_alphanumeric()).count();
                if from < at
                    && from >= self.done
                    && let Some((word, end)) = Word::at(bytes, from)
                {
                    self.look_up(&word, from, end);
                }
            }
            b'=' => {
                if let Some(outline) = &mut self.outline {
                    outline.sign(bytes, at);
                }
            }
            b'<' => {
                let next = bytes.get(at + 1).copied().unwrap_or(0);
                if let Some(outline) = &mut self.outline {
                    if next == b'~' || shape::is_within_word(bytes, at) {
                        outline.mark(at, at + 1);
                    }
                    if next.is_ascii_alphabetic() || matches!(next, b'/' | b'!') {
                        self.pass.opens.push(at);
                    }
                }
            }
            _ => {}
        }
        let pass = &mut self.pass;
        self.tables.written(bytes, at, |written| match written {
            Written::Mark(mark) => pass.found.extend(marked(text, mark, at)),
            Written::Link(link) => pass.links.push((at, link)),
        });
    }
}
