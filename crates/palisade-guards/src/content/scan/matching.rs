//! Phrases among the words of a text.

use super::Found;
use super::phrases::{KEYS, MENTION, NEGATION, Phrase, mask_of};
use super::tokens::{Event, Tokens};
use std::sync::OnceLock;

/// The end of a sentence between two words counts as so many letters.
const STOP: usize = 12;

/// A word of a phrase that a word of some class may be.
#[derive(Clone, Copy)]
struct Step {
    phrase: usize,
    /// Which word of the phrase.
    nth: usize,
    /// Where what is known up to this word is kept.
    slot: usize,
    /// How many letters may stand before it.
    gap: usize,
    last: bool,
}

/// What phrases need, by classes.
pub struct Phrases {
    all: &'static [Phrase],
    /// Where what is known of each phrase is kept: its first slot.
    firsts: Vec<usize>,
    /// The words of phrases that a word may be, by the number of its classes,
    /// made when there is such a word; of each phrase the last first.
    steps: Vec<OnceLock<Vec<Step>>>,
    /// The phrases whose key may be of a class.
    by_key: Vec<Vec<usize>>,
    slots: usize,
}

impl Phrases {
    /// `classes` are the sets of classes that words are of, by number.
    pub fn of(all: &'static [Phrase], classes: &[u128]) -> Self {
        let mut slots = 0;
        let mut firsts = Vec::with_capacity(all.len());
        let mut by_key = vec![Vec::new(); 128];
        for (nth, phrase) in all.iter().enumerate() {
            firsts.push(slots);
            slots += phrase.elements.len();
            let mut bits = phrase.elements.get(phrase.key).map_or(0, |key| key.mask);
            while bits != 0 {
                if let Some(keyed) = by_key.get_mut(bits.trailing_zeros() as usize) {
                    keyed.push(nth);
                }
                bits &= bits - 1;
            }
        }
        let steps = classes.iter().map(|_| OnceLock::new()).collect();
        Self { all, firsts, steps, by_key, slots }
    }

    /// The words of phrases that a word of a class may be.
    fn steps(&self, class: usize) -> &[Step] {
        let Some(steps) = self.steps.get(class) else { return &[] };
        steps.get_or_init(|| {
            let mask = mask_of(class);
            let phrases = self.all.iter().zip(&self.firsts).enumerate();
            let all = phrases.flat_map(|(phrase, (one, first))| {
                one.elements.iter().enumerate().rev().map(move |(nth, element)| {
                    let (slot, gap) = (first + nth, usize::from(element.gap));
                    let last = nth + 1 == one.elements.len();
                    (element.mask, Step { phrase, nth, slot, gap, last })
                })
            });
            all.filter(|(one, _)| one & mask != 0).map(|(_, step)| step).collect()
        })
    }

    /// Calls `each` for the phrases whose key may be of one of some classes: its
    /// number, and what it is. Some are called for twice.
    pub fn by_key(&self, keys: u128, mut each: impl FnMut(usize, &Phrase)) {
        let mut bits = keys;
        while bits != 0 {
            let bit = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            for nth in self.by_key.get(bit).into_iter().flatten() {
                if let Some(phrase) = self.all.get(*nth) {
                    each(*nth, phrase);
                }
            }
        }
    }
}

/// Up to where a phrase is found.
#[derive(Clone, Copy)]
struct Part {
    /// Where it begins: in the text, and as it is read.
    from: usize,
    start: usize,
    end: usize,
    stops: usize,
}

/// Finds phrases; what it holds is kept, so that it need not be made anew.
#[derive(Default)]
pub struct Matcher {
    pub tokens: Tokens,
    parts: Vec<Option<Part>>,
    /// Up to where each phrase was found.
    reported: Vec<usize>,
    possible: Vec<bool>,
}

impl Matcher {
    /// Finds the phrases among the words that were read last. Gives the score of
    /// the surest phrase of which all words are there, found or not. `there` are
    /// classes of which something is there too, in pieces or another order.
    pub fn find(&mut self, phrases: &Phrases, there: u128, found: &mut Vec<Found>) -> u16 {
        let events = &self.tokens.events;
        let all = events.iter().fold(0, |all, event| all | mask_of(event.class));
        self.possible.resize(phrases.all.len(), false);
        self.possible.fill(false);
        let (mut surest, mut any) = (0, false);
        let about = all | there;
        phrases.by_key(about & KEYS, |nth, phrase| {
            let needs = |all: u128| phrase.elements.iter().all(|element| element.mask & all != 0);
            if needs(about) {
                surest = surest.max(phrase.score);
            }
            if needs(all)
                && let Some(possible) = self.possible.get_mut(nth)
            {
                (*possible, any) = (true, true);
            }
        });
        if !any {
            return surest;
        }
        self.parts.resize(phrases.slots, None);
        self.reported.resize(phrases.all.len(), 0);
        for event in events {
            for step in phrases.steps(event.class) {
                if self.possible.get(step.phrase) != Some(&true) {
                    continue;
                }
                let start = match step.nth {
                    0 => Some((event.from, event.at)),
                    _ => self.parts.get(step.slot - 1).copied().flatten().and_then(|part| {
                        let gap = event.at.checked_sub(part.end)?
                            + STOP * event.stops.saturating_sub(part.stops);
                        (gap <= step.gap + 1).then_some((part.from, part.start))
                    }),
                };
                let Some((from, start)) = start else { continue };
                if !step.last {
                    if let Some(part) = self.parts.get_mut(step.slot) {
                        *part = Some(Part { from, start, end: event.end, stops: event.stops });
                    }
                } else if let (Some(reported), Some(phrase)) =
                    (self.reported.get_mut(step.phrase), phrases.all.get(step.phrase))
                    && start >= *reported
                {
                    *reported = event.end;
                    let mut one = Found::new(phrase.rule, phrase.score, from, event.to);
                    one.mentioned = is_mentioned(events, start, event.stops);
                    one.phrase = true;
                    found.push(one);
                }
            }
        }
        surest
    }
}

/// Whether words before a phrase say that it is spoken of, or right before it
/// that it is not to be done.
fn is_mentioned(events: &[Event], start: usize, stops: usize) -> bool {
    // No word that speaks of something is longer than this.
    let first = events.partition_point(|event| event.at + 80 < start);
    let last = events.partition_point(|event| event.at < start);
    events.get(first..last).unwrap_or_default().iter().any(|event| {
        let mask = mask_of(event.class);
        let far = if mask & MENTION != 0 { 40 } else { 1 };
        mask & (MENTION | NEGATION) != 0
            && event.end <= start
            && start - event.end <= far
            && stops.saturating_sub(event.stops) == 0
    })
}
