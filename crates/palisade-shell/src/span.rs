//! Positions in the input.

/// A half-open range of bytes in the input, `from..to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub from: u32,
    /// One past the last byte.
    pub to: u32,
}

impl Span {
    /// A span of `from..to`; a reversed one becomes empty at `from`.
    pub const fn new(from: u32, to: u32) -> Self {
        Self { from, to: if to < from { from } else { to } }
    }

    /// The text under this span, or nothing where it does not fit `input`.
    pub fn of(self, input: &str) -> &str {
        input.get(self.from as usize..self.to as usize).unwrap_or("")
    }
}
