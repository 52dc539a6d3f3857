//! Inputs made by chance, the same in every run.

/// A xorshift generator.
pub struct Chance(u64);

impl Chance {
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % limit.max(1)
    }

    pub fn of<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices[self.below(choices.len())]
    }
}

const TOKENS: &[&str] = &[
    "a",
    "b",
    "echo",
    "x=1",
    "x+=",
    "a[1]=2",
    "a[",
    "x=(",
    "(",
    ")",
    "((",
    "))",
    "{",
    "}",
    ";",
    ";;",
    "&",
    "&&",
    "|",
    "||",
    "|&",
    "!",
    "if",
    "then",
    "else",
    "elif",
    "fi",
    "for",
    "while",
    "until",
    "do",
    "done",
    "in",
    "case",
    "esac",
    "function",
    "f()",
    "[[",
    "]]",
    "-f",
    "==",
    "=~",
    "<",
    ">",
    ">>",
    "<<",
    "<<-",
    "<<<",
    "<&",
    ">&",
    "&>",
    ">|",
    "<>",
    "2>",
    "{fd}>",
    "3<&-",
    "<(",
    ">(",
    "$(",
    "${",
    "${x:-",
    "${x#",
    "${#x}",
    "${!x}",
    "$x",
    "$1",
    "$((",
    "$[",
    "`",
    "\"",
    "'",
    "$'",
    "$\"",
    "\\",
    "\\\\",
    "#",
    "\n",
    "\n",
    "\t",
    "coproc",
    "time",
    "select",
    "E",
    "EOF",
    "{a,b}",
    "{1..3}",
    "@(",
    "!(",
    "*(",
    ",",
    "=",
    "~",
    "*",
    "]",
    "E\n",
    "\nE\n",
    "<<E\n",
    ";&",
    ";;&",
    "a()",
    "'q'",
    "\"d\"",
    "$(b)",
    "`c`",
    "${x}",
    "[",
    "always",
    "é",
    "\u{a0}",
    "\r",
    "\u{1f600}",
    "=(",
    ">!",
    "&!",
    "\\\n",
    "(#q",
    "repeat",
];

const PIECES: &[&str] = &[
    "if a; then b; fi",
    "while a; do b; done",
    "for x in a b; do c; done",
    "case x in a) b;; esac",
    "{ a; }",
    "( a )",
    "((1+2))",
    "[[ a == b ]]",
    "f() { a; }",
    "function g { b; }",
    "a=(1 2)",
    "cat <<E\nbody $(x) ${y:-\"z\"}\nE\n",
    "$((1+2))",
    "$(a; b)",
    "\"$(a \"b\")\"",
    "${x:-$(a)}",
    "a | b",
    "a && b",
    "! a",
    "time a",
    "coproc a",
    "for ((i=0;i<3;i++)); do a; done",
    "select x in a; do b; done",
    "<(a)",
    "\"a ${x:-\"b\"} c\"",
    "'a b'",
    "$'a\\'b'",
    "`a \\`b\\``",
    "a[$(b)]=c",
    "declare -a x=(1 2)",
    "x() ( a )",
    "until a; do b; done",
    "[[ -f a && ( b || c ) ]]",
    "[[ a =~ (b|c d) ]]",
    "((a)||(b))",
    "((a) | b)",
    "$((a) | b)",
    "case $(a) in (b|c) ;; *) esac",
    "a >b 2>&1",
    "{fd}<x a",
    "a # b",
    "a \\\n b",
    "a <<-'E'\n\tb\n\tE\n",
];

/// Text that looks a little like shell.
pub fn soup(chance: &mut Chance) -> String {
    let mut text = String::new();
    match chance.below(3) {
        0 => {
            for _ in 0..=chance.below(9) {
                text.push_str(chance.of(TOKENS));
                text.push_str(chance.of(&["", " ", " "]));
            }
        }
        1 => {
            for _ in 0..=chance.below(4) {
                let from = if chance.below(5) < 3 { PIECES } else { TOKENS };
                text.push_str(chance.of(from));
                text.push_str(chance.of(&["", " ", " ", "; ", "\n"]));
            }
        }
        _ => {
            let glue = chance.of(&["", " ", "; "]);
            for _ in 0..=chance.below(3) {
                text.push_str(chance.of(PIECES));
                text.push_str(glue);
            }
            for _ in 0..=chance.below(2) {
                let mut letters: Vec<char> = text.chars().collect();
                let at = chance.below(letters.len() + 1);
                let to = (at + 1 + chance.below(4)).min(letters.len());
                match chance.below(3) {
                    0 => letters.splice(at..at, chance.of(TOKENS).chars()).for_each(drop),
                    1 => letters.drain(at..to).for_each(drop),
                    _ => {
                        let again = letters[at..to].to_vec();
                        letters.splice(at..at, again).for_each(drop);
                    }
                }
                text = letters.into_iter().collect();
            }
        }
    }
    text
}
