//! Lines of Markdown, put together word by word.

/// What surrounds a part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Around {
    Strong,
    Emphasis,
    Code,
    /// To an absolute address.
    Link(String),
}

/// More of them are not kept apart.
const MOST: usize = 8;

/// A line that is being written, its white space as one space.
#[derive(Debug, Default)]
pub(super) struct Line {
    text: String,
    open: Vec<(Around, usize)>,
    /// How many letters are in it, and how many of them are links.
    pub(super) letters: usize,
    pub(super) linked: usize,
}

impl Line {
    /// Adds text.
    pub(super) fn push(&mut self, text: &str) {
        for letter in text.chars() {
            if letter.is_whitespace() && letter != '\u{a0}' {
                if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
                    self.text.push(' ');
                }
            } else {
                self.text.push(if letter == '\u{a0}' { ' ' } else { letter });
                self.letters += 1;
            }
        }
    }

    /// Ends a line within the block.
    pub(super) fn end_line(&mut self) {
        let kept = self.text.trim_end_matches(' ').len();
        self.cut(kept);
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Begins a part.
    pub(super) fn begin(&mut self, around: Around) {
        if self.open.len() < MOST && !self.open.iter().any(|(open, _)| same(open, &around)) {
            self.open.push((around, self.text.len()));
        }
    }

    /// Ends the innermost part of that kind, and what was begun within it.
    pub(super) fn end(&mut self, around: &Around) {
        let Some(at) = self.open.iter().rposition(|(open, _)| same(open, around)) else { return };
        while self.open.len() > at {
            self.close();
        }
    }

    fn close(&mut self) {
        let Some((around, from)) = self.open.pop() else { return };
        let inner = self.text.get(from..).unwrap_or("");
        let text = inner.trim();
        if text.is_empty() {
            return;
        }
        let (before, after) = (inner.starts_with([' ', '\n']), inner.ends_with(' '));
        let done = match &around {
            Around::Strong => format!("**{text}**"),
            Around::Emphasis => format!("*{text}*"),
            Around::Code => code(text),
            Around::Link(to) => {
                self.linked += text.chars().count();
                format!("[{text}]({to})")
            }
        };
        self.cut(from);
        if before {
            self.text.push(' ');
        }
        self.text.push_str(&done);
        if after {
            self.text.push(' ');
        }
    }

    fn cut(&mut self, to: usize) {
        self.text.truncate(to);
        for (_, from) in &mut self.open {
            *from = (*from).min(to);
        }
    }

    /// The line so far, its parts closed and begun again for the next one.
    pub(super) fn take(&mut self) -> Option<Taken> {
        let open: Vec<Around> = self.open.iter().map(|(around, _)| around.clone()).collect();
        while !self.open.is_empty() {
            self.close();
        }
        let text = self.text.trim().to_owned();
        let taken = Taken { text, letters: self.letters, linked: self.linked.min(self.letters) };
        *self =
            Self { open: open.into_iter().map(|around| (around, 0)).collect(), ..Self::default() };
        (!taken.text.is_empty()).then_some(taken)
    }
}

/// A finished line.
pub(super) struct Taken {
    pub(super) text: String,
    pub(super) letters: usize,
    pub(super) linked: usize,
}

fn same(a: &Around, b: &Around) -> bool {
    core::mem::discriminant(a) == core::mem::discriminant(b)
}

/// Code in a line, within more backquotes than it holds.
fn code(text: &str) -> String {
    let fence = "`".repeat(longest(text) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// A block of code.
pub(super) fn block(text: &str, language: &str) -> String {
    let fence = "`".repeat((longest(text) + 1).max(3));
    let text = text.strip_prefix('\n').unwrap_or(text).trim_end();
    format!("{fence}{language}\n{text}\n{fence}")
}

/// The longest run of backquotes.
fn longest(text: &str) -> usize {
    let (mut most, mut run) = (0, 0);
    for byte in text.bytes() {
        run = if byte == b'`' { run + 1 } else { 0 };
        most = most.max(run);
    }
    most
}

/// A table of cells.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut out = String::new();
    for (at, row) in rows.iter().enumerate() {
        out.push('|');
        for cell in row {
            out.push(' ');
            out.push_str(&cell.replace('|', "\\|").replace('\n', " "));
            out.push_str(" |");
        }
        out.push('\n');
        if at == 0 {
            out.push('|');
            out.push_str(&" --- |".repeat(columns.min(64).max(row.len())));
            out.push('\n');
        }
    }
    out.trim_end().to_owned()
}
