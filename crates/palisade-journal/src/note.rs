//! Signed notes, checkpoints and cosignatures, as C2SP specifies them
//! (`signed-note`, `tlog-checkpoint`, `tlog-cosignature`), so that verifiers
//! and witnesses written by others understand this journal.
//!
//! Only Ed25519: type `0x01` for the journal itself, `0x04` (with a time) for
//! witnesses.

use crate::error::{Error, Result};
use crate::tree::Hash;
use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use std::fmt;

/// More signatures than this in one note are refused.
const MAX_SIGNATURES: usize = 64;

/// What a signature type means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// Signs the note's text (the journal).
    Log,
    /// Signs the text and a time (a witness).
    Witness,
}

impl KeyType {
    const fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
        }
    }
}

/// A public key with its name, as written in `key.pub`:
/// `name+id+base64(type, key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    kind: KeyType,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Reads a key from its one-line text.
    ///
    /// # Errors
    /// Where the text is not a key, or the id in it is not that of the key.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = || {
            Error::Note(format!(
                "`{}` is not a public key of the form name+id+key",
                text.trim_end()
            ))
        };
        let line = text.strip_suffix('\n').unwrap_or(text);
        // The name has no plus; base64 may.
        let mut parts = line.splitn(3, '+');
        let (Some(name), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad());
        };
        let data = BASE64.decode(data.as_bytes()).map_err(|_| bad())?;
        let (kind, key) = match data.split_first() {
            Some((1, key)) => (KeyType::Log, key),
            Some((4, key)) => (KeyType::Witness, key),
            _ => return Err(bad()),
        };
        let key: &[u8; 32] = key.try_into().map_err(|_| bad())?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| bad())?;
        let made = Self::new(name, kind, key).ok_or_else(bad)?;
        if HEXLOWER.encode(&made.id) != id || key.is_weak() {
            return Err(bad());
        }
        Ok(made)
    }

    fn new(name: &str, kind: KeyType, key: VerifyingKey) -> Option<Self> {
        let plain = !name.is_empty()
            && !name.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control());
        let hash = Sha256::new()
            .chain_update(name)
            .chain_update([b'\n', kind.byte()])
            .chain_update(key.as_bytes())
            .finalize();
        let id = *hash.first_chunk()?;
        plain.then(|| Self { name: name.to_owned(), id, kind, key })
    }

    /// The name in front of each signature; for a journal, its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a journal's key or a witness's.
    pub const fn kind(&self) -> KeyType {
        self.kind
    }

    /// What a note says under this key.
    pub fn check(&self, note: &Note) -> Signed {
        let mut found = Signed::Absent;
        for line in
            note.signatures.iter().filter(|line| line.name == self.name && line.id == self.id)
        {
            let time = match self.kind {
                KeyType::Log => signature(&line.bytes)
                    .and_then(|sig| self.key.verify_strict(note.text.as_bytes(), &sig).ok())
                    .map(|()| None),
                KeyType::Witness => line.bytes.split_first_chunk().and_then(|(time, rest)| {
                    let time = u64::from_be_bytes(*time);
                    let message = cosigned(time, &note.text);
                    self.key.verify_strict(message.as_bytes(), &signature(rest)?).ok()?;
                    Some(Some(time))
                }),
            };
            match time {
                Some(time) => found = Signed::By(time),
                None => return Signed::Badly,
            }
        }
        found
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = [&[self.kind.byte()], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id), BASE64.encode(&data))
    }
}

/// What a note says under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// Signed; a witness also says when (seconds since 1970).
    By(Option<u64>),
    /// A line claims this key and its signature is wrong.
    Badly,
    /// No line of this key.
    Absent,
}

fn signature(bytes: &[u8]) -> Option<Signature> {
    bytes.try_into().ok().map(|bytes: &[u8; 64]| Signature::from_bytes(bytes))
}

fn cosigned(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// A private key with its name.
pub struct SignerKey {
    key: SigningKey,
    public: VerifierKey,
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignerKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl SignerKey {
    /// The journal's key from its 32 secret bytes. The name comes from the
    /// public key, so two journals never share one.
    pub fn journal(seed: &[u8; 32]) -> Result<Self> {
        let key = SigningKey::from_bytes(seed);
        let digest = Sha256::digest(key.verifying_key().as_bytes());
        let short = digest.get(..8).map(|short| HEXLOWER.encode(short)).unwrap_or_default();
        Self::new(key, &format!("palisade/journal/{short}"), KeyType::Log)
    }

    /// A witness's key from its 32 secret bytes.
    ///
    /// # Errors
    /// Where the name is empty or holds a space or a plus.
    pub fn witness(name: &str, seed: &[u8; 32]) -> Result<Self> {
        Self::new(SigningKey::from_bytes(seed), name, KeyType::Witness)
    }

    fn new(key: SigningKey, name: &str, kind: KeyType) -> Result<Self> {
        let public = VerifierKey::new(name, kind, key.verifying_key())
            .ok_or_else(|| Error::Note(format!("`{name}` cannot name a key: no spaces, no `+`")))?;
        Ok(Self { key, public })
    }

    /// The public half.
    pub const fn public(&self) -> &VerifierKey {
        &self.public
    }

    /// Whether a note is signed with this journal's key. There is one Ed25519
    /// signature of a text, so to sign again tells it, in a third of the time
    /// that [`VerifierKey::check`] takes, which needs no private key.
    pub fn has_signed(&self, note: &Note) -> bool {
        let mut own = Note { text: note.text.clone(), signatures: Vec::new() };
        self.sign(&mut own, 0);
        let by_us =
            |line: &&SignatureLine| (&line.name, line.id) == (&self.public.name, self.public.id);
        let mut lines = note.signatures.iter().filter(by_us).peekable();
        lines.peek().is_some() && lines.all(|line| own.signatures.first() == Some(line))
    }

    /// Adds this key's signature to a note; `time` is what a witness states.
    pub fn sign(&self, note: &mut Note, time: u64) {
        let bytes = match self.public.kind {
            KeyType::Log => self.key.sign(note.text.as_bytes()).to_bytes().to_vec(),
            KeyType::Witness => {
                let signature = self.key.sign(cosigned(time, &note.text).as_bytes());
                [time.to_be_bytes().as_slice(), &signature.to_bytes()].concat()
            }
        };
        let line = SignatureLine { name: self.public.name.clone(), id: self.public.id, bytes };
        note.signatures.retain(|old| (&old.name, old.id) != (&line.name, line.id));
        note.signatures.push(line);
    }
}

/// One signature under a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    /// The signing key's name.
    pub name: String,
    /// The signing key's short id.
    pub id: [u8; 4],
    bytes: Vec<u8>,
}

/// A text with signatures under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What is signed; ends in a newline.
    pub text: String,
    /// By whom.
    pub signatures: Vec<SignatureLine>,
}

impl Note {
    /// Reads a note; nothing in it is verified yet.
    ///
    /// # Errors
    /// Where the bytes are not exactly a note.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let bad = |what: &str| Error::Note(format!("not a signed note: {what}"));
        let whole = std::str::from_utf8(bytes).map_err(|_| bad("not UTF-8"))?;
        if whole.contains(|c: char| c < ' ' && c != '\n') {
            return Err(bad("a control character"));
        }
        let (text, lines) = whole.rsplit_once("\n\n").ok_or_else(|| bad("no signatures"))?;
        let lines = lines.strip_suffix('\n').ok_or_else(|| bad("the last line is cut short"))?;
        let signatures = lines
            .split('\n')
            .take(MAX_SIGNATURES + 1)
            .map(|line| SignatureLine::parse(line).ok_or_else(|| bad("a malformed signature line")))
            .collect::<Result<Vec<_>>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(bad("too many signatures"));
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for line in &self.signatures {
            let data = [line.id.as_slice(), &line.bytes].concat();
            writeln!(f, "\u{2014} {} {}", line.name, BASE64.encode(&data))?;
        }
        Ok(())
    }
}

impl SignatureLine {
    fn parse(line: &str) -> Option<Self> {
        let (name, data) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let data = BASE64.decode(data.as_bytes()).ok()?;
        let (id, bytes) = data.split_first_chunk()?;
        (!name.is_empty() && !name.contains('+')).then(|| Self {
            name: name.to_owned(),
            id: *id,
            bytes: bytes.to_vec(),
        })
    }
}

/// The head of a tree: so many records, with this root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The journal's unique name.
    pub origin: String,
    /// How many records it covers.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The unsigned note.
    pub fn note(&self) -> Note {
        let text = format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(&self.root));
        Note { text, signatures: Vec::new() }
    }

    /// Reads the head from a note's text; extension lines are passed over.
    ///
    /// # Errors
    /// Where the text is not a checkpoint.
    pub fn parse(note: &Note) -> Result<Self> {
        let bad = || Error::Note("the note is not a checkpoint".into());
        let mut lines = note.text.split('\n');
        let (Some(origin), Some(count), Some(hash)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(bad());
        };
        let size: u64 = count.parse().map_err(|_| bad())?;
        let root = BASE64
            .decode(hash.as_bytes())
            .ok()
            .and_then(|hash| hash.try_into().ok())
            .ok_or_else(bad)?;
        if origin.is_empty() || size.to_string() != count {
            return Err(bad());
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> (SignerKey, SignerKey, Note) {
        let log = SignerKey::journal(&[7; 32]).unwrap();
        let witness = SignerKey::witness("witness.example/w1", &[8; 32]).unwrap();
        let head = Checkpoint { origin: log.public().name().to_owned(), size: 3, root: [9; 32] };
        let mut note = head.note();
        log.sign(&mut note, 0);
        witness.sign(&mut note, 1_679_315_147);
        assert_eq!(Checkpoint::parse(&note).unwrap(), head);
        (log, witness, note)
    }

    #[test]
    fn what_is_signed_verifies_after_a_round_trip() {
        let (log, witness, note) = signed();
        let read = Note::parse(note.to_string().as_bytes()).unwrap();
        assert_eq!(read, note);
        assert_eq!(log.public().check(&read), Signed::By(None));
        assert_eq!(witness.public().check(&read), Signed::By(Some(1_679_315_147)));
        for key in [log.public(), witness.public()] {
            assert_eq!(VerifierKey::parse(&key.to_string()).unwrap(), *key);
        }
        let stranger = SignerKey::journal(&[1; 32]).unwrap();
        assert_eq!(stranger.public().check(&read), Signed::Absent);
        assert!(log.has_signed(&read) && !stranger.has_signed(&read));
        let mut twice = read;
        let mut wrong = twice.signatures[0].clone();
        wrong.bytes[7] ^= 1;
        twice.signatures.push(wrong);
        assert!(!log.has_signed(&twice));
    }

    #[test]
    fn the_published_note_key_and_signature_are_understood() {
        // The example of the signed-note package documentation.
        let key = VerifierKey::parse(
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        )
        .unwrap();
        let note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        assert_eq!(key.check(&Note::parse(note.as_bytes()).unwrap()), Signed::By(None));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let (log, witness, note) = signed();
        let text = note.to_string().into_bytes();
        for bit in 0..text.len() * 8 {
            let mut bytes = text.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let ours = Note::parse(&bytes).is_ok_and(|note| log.has_signed(&note));
            let checked =
                Note::parse(&bytes).is_ok_and(|note| log.public().check(&note) == Signed::By(None));
            assert_eq!(ours, checked, "bit {bit}");
            let good = Note::parse(&bytes).is_ok_and(|note| {
                log.public().check(&note) == Signed::By(None)
                    && witness.public().check(&note) == Signed::By(Some(1_679_315_147))
            });
            assert!(!good, "bit {bit}");
        }
        let line = log.public().to_string();
        for bit in 0..line.len() * 8 {
            let mut bytes = line.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let same = String::from_utf8(bytes)
                .ok()
                .and_then(|l| VerifierKey::parse(&l).ok())
                .is_some_and(|k| k == *log.public());
            assert!(!same, "bit {bit}");
        }
    }
}
