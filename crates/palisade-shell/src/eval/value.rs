//! Abstract values: what words, variables and streams may hold.

use crate::effect::Labels;
use crate::span::Span;
use crate::text::Text;

/// How many alternatives a value keeps before it counts as unknown.
pub(crate) const MAX_ALTERNATIVES: usize = 8;

/// How much text a stream keeps; longer ones count as unknown.
pub(crate) const MAX_STREAM: usize = crate::text::LONGEST;

/// One word after expansion.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field {
    pub text: Text,
    pub labels: Labels,
    pub span: Span,
}

impl Field {
    pub fn new(text: impl Into<Text>, span: Span) -> Self {
        Self { text: text.into(), labels: Labels::NONE, span }
    }

    pub fn literal(&self) -> Option<&str> {
        self.text.literal()
    }

    /// The same place and labels with other text.
    pub fn with(&self, text: impl Into<Text>) -> Self {
        Self { text: text.into(), labels: self.labels, span: self.span }
    }
}

/// What a scalar may be: one of a few texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    pub options: Vec<Text>,
    pub labels: Labels,
}

impl Value {
    pub fn new(text: Text, labels: Labels) -> Self {
        Self { options: vec![text], labels }
    }

    pub fn join(&mut self, other: &Self) {
        self.labels = self.labels.and(other.labels);
        for option in &other.options {
            if self.options.contains(option) {
                continue;
            }
            if self.options.len() >= MAX_ALTERNATIVES {
                self.options = vec![Text::unknown()];
                return;
            }
            self.options.push(option.clone());
        }
    }
}

/// A shell variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Variable {
    Scalar(Value),
    /// Keys and values, in order; keys are indices as text for plain arrays.
    Array(Vec<(Text, Value)>),
}

impl Variable {
    pub fn join(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Scalar(a), Self::Scalar(b)) => a.join(b),
            (Self::Array(a), Self::Array(b)) if a == b => {}
            (a, b) => {
                let labels = a.labels().and(b.labels());
                *self = Self::Scalar(Value::new(Text::unknown(), labels));
            }
        }
    }

    /// What it holds carries that as well.
    pub fn add_labels(&mut self, labels: Labels) {
        match self {
            Self::Scalar(value) => value.labels = value.labels.and(labels),
            Self::Array(values) => {
                values.iter_mut().for_each(|(_, value)| value.labels = value.labels.and(labels));
            }
        }
    }

    pub fn labels(&self) -> Labels {
        match self {
            Self::Scalar(value) => value.labels,
            Self::Array(values) => {
                values.iter().fold(Labels::NONE, |all, (_, value)| all.and(value.labels))
            }
        }
    }
}

/// What flows through a descriptor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stream {
    /// Its content, as far as known.
    pub text: Option<Text>,
    /// What it carries.
    pub labels: Labels,
    /// Whether the other end is a network connection.
    pub network: bool,
    /// Whether it comes out of a shell that obeys its input.
    pub shell: bool,
    /// Whether it is a list of names below the working directory.
    pub names: bool,
}

impl Stream {
    pub fn known(text: impl Into<Text>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    pub fn nothing() -> Self {
        Self::known("")
    }

    /// Whether nothing at all comes through it.
    pub fn is_nothing(&self) -> bool {
        self.labels.is_none()
            && !self.network
            && !self.shell
            && self.text.as_ref().is_some_and(Text::is_empty)
    }

    pub fn unknown(labels: Labels) -> Self {
        Self { labels, ..Self::default() }
    }

    /// The content as text, unknown where it is not known.
    pub fn content(&self) -> Text {
        self.text.clone().unwrap_or_else(Text::unknown)
    }

    /// This and then the other.
    pub fn then(&mut self, mut next: Self) {
        if self.is_nothing() {
            self.names = next.names;
        } else {
            self.labels = self.labels.without(Labels::SETUP);
            next.labels = next.labels.without(Labels::SETUP);
            self.names &= next.names;
        }
        let length = |text: &Option<Text>| text.as_ref().map_or(0, |text| text.raw().len());
        if length(&self.text) + length(&next.text) > MAX_STREAM {
            self.text = None;
            self.labels = self.labels.and(next.labels);
            self.network |= next.network;
            self.shell |= next.shell;
            return;
        }
        self.labels = self.labels.and(next.labels);
        self.network |= next.network;
        self.shell |= next.shell;
        self.text = match (self.text.take(), next.text) {
            (Some(mut a), Some(b)) => {
                a.push(b.raw());
                Some(a)
            }
            (Some(a), None) if a.is_empty() => None,
            (Some(mut a), None) => {
                a.push(Text::unknown().raw());
                Some(a)
            }
            (None, Some(b)) if b.is_empty() => None,
            (None, Some(b)) => {
                let mut text = Text::unknown();
                text.push(b.raw());
                Some(text)
            }
            (None, None) => None,
        };
    }

    pub fn with_labels(mut self, labels: Labels) -> Self {
        self.labels = self.labels.and(labels);
        self
    }
}
