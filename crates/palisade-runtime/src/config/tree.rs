//! Where things stand in a YAML text: the shape of its nodes, by bytes.

use std::ops::Range;

use granit_parser::{Event, Parser, StructureStyle};

/// A node and the bytes from its first to its last letter.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub bytes: Range<usize>,
    pub shape: Shape,
}

#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// A scalar or an alias.
    Leaf,
    /// `- a` by line, or `[a, b]` where `flow`.
    List { flow: bool, items: Vec<Node> },
    /// `k: v` by line, or `{k: v}` where `flow`.
    Map { flow: bool, entries: Vec<Entry> },
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub key: String,
    pub key_bytes: Range<usize>,
    pub value: Node,
}

/// The one document of `text`; `None` where there is none or it cannot be
/// read.
pub(super) fn read(text: &str) -> Option<Node> {
    let mut events = Parser::new_from_str(text)
        .filter_map(|event| {
            event.map(|(event, span)| Some((event, span.byte_range()?))).transpose()
        })
        .map_while(Result::ok)
        .filter(|(event, _)| {
            !matches!(event, Event::StreamStart | Event::DocumentStart(..) | Event::Anchor(..))
        });
    let first = events.next()?;
    node(text, first, &mut events)
}

type Placed<'a> = (Event<'a>, Range<usize>);

fn node<'a>(
    text: &str,
    first: Placed<'a>,
    events: &mut dyn Iterator<Item = Placed<'a>>,
) -> Option<Node> {
    let (event, start) = first;
    match event {
        Event::Scalar(..) | Event::Alias(_) => {
            // A block scalar's range goes on to the next token.
            let letters = text.get(start.clone())?.trim_end().len();
            Some(Node { bytes: start.start..start.start + letters, shape: Shape::Leaf })
        }
        Event::SequenceStart(style, ..) => {
            let mut items: Vec<Node> = Vec::new();
            loop {
                match events.next()? {
                    (Event::SequenceEnd, end) => {
                        let flow = style == StructureStyle::Flow;
                        let last = items.last().map_or(start.end, |item| item.bytes.end);
                        let end = if flow { end.end } else { last };
                        return Some(Node {
                            bytes: start.start..end,
                            shape: Shape::List { flow, items },
                        });
                    }
                    item => items.push(node(text, item, events)?),
                }
            }
        }
        Event::MappingStart(style, ..) => {
            let mut entries: Vec<Entry> = Vec::new();
            loop {
                match events.next()? {
                    (Event::MappingEnd, end) => {
                        let flow = style == StructureStyle::Flow;
                        let last = entries.last().map_or(start.end, |entry| entry.value.bytes.end);
                        let end = if flow { end.end } else { last };
                        return Some(Node {
                            bytes: start.start..end,
                            shape: Shape::Map { flow, entries },
                        });
                    }
                    (Event::Scalar(key, ..), key_bytes) => {
                        let key = key.into_owned();
                        let value = events.next()?;
                        let mut value = node(text, value, events)?;
                        // A value that is not there stands right after its key.
                        if value.bytes.is_empty() {
                            let colon = text.get(key_bytes.end..)?.find(':')? + key_bytes.end + 1;
                            value.bytes = colon..colon;
                        }
                        entries.push(Entry { key, key_bytes, value });
                    }
                    _ => return None,
                }
            }
        }
        _ => None,
    }
}
