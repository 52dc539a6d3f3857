//! Modules that a script imports by name, where the line has written the file
//! that the name stands for.

use std::collections::BTreeSet;

use super::Scan;
use super::tokens::Token;
use crate::effect::EffectKind;
use crate::eval::Eval;
use crate::eval::value::Field;
use crate::programs::Language;
use crate::text::Text;

/// How many names are looked up.
const MOST: usize = 64;

impl Scan {
    /// Runs what the script imports of what the line has written.
    pub(super) fn run_modules(&self, eval: &mut Eval<'_>, tokens: &[Token]) {
        if eval.state.files.is_empty() {
            return;
        }
        let mut ends = BTreeSet::new();
        for name in self.modules(tokens).into_iter().take(MOST) {
            ends.extend(files_of(self.language, &name));
        }
        let written = eval.state.files.keys();
        let found: Vec<String> = written
            .filter(|path| {
                ends.iter().any(|end| {
                    path.strip_suffix(end.as_str()).is_some_and(|rest| rest.ends_with('/'))
                })
            })
            .cloned()
            .collect();
        for path in found {
            let reading = format!("module {path}");
            if eval.calls.iter().any(|call| **call == *reading) {
                continue;
            }
            eval.calls.push(reading.into());
            let file = Field::new(path.as_str(), self.span);
            let known = eval.state.files.get(&path).is_some_and(|file| file.content.is_some());
            let labels = eval.file_facts(&Text::from(path.as_str())).0;
            if known {
                let _ = eval.script_file(self.language, &file, std::slice::from_ref(&file));
            } else {
                eval.emit(EffectKind::Load { path: Text::from(path.as_str()) }, labels, self.span);
            }
            eval.calls.pop();
        }
    }

    /// The names that stand where the language names a module.
    fn modules(&self, tokens: &[Token]) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for (at, token) in tokens.iter().enumerate() {
            let Token::Name(word) = token else { continue };
            if !imports(self.language, word.rsplit('.').next().unwrap_or(word)) {
                continue;
            }
            // `import a, b`, `require('a')`, `from 'a'`, `spec("a", "a.py")`.
            for token in tokens.iter().skip(at + 1).take(8) {
                match token {
                    Token::Name(name)
                        if matches!(self.language, Language::Python | Language::Perl) =>
                    {
                        names.insert(name.clone());
                    }
                    Token::Text(name, _) => {
                        names.insert(name.clone());
                    }
                    Token::Mark(';') => break,
                    _ => {}
                }
            }
        }
        names
    }
}

/// Whether a word says that a module follows.
fn imports(language: Language, word: &str) -> bool {
    match language {
        Language::Python => matches!(
            word,
            "import"
                | "from"
                | "__import__"
                | "import_module"
                | "run_module"
                | "SourceFileLoader"
                | "spec_from_file_location"
                | "load_source"
        ),
        Language::JavaScript => {
            matches!(
                word,
                "require" | "import" | "from" | "fork" | "Worker" | "dlopen" | "register"
            )
        }
        Language::Ruby => matches!(word, "require" | "require_relative" | "load" | "autoload"),
        Language::Perl => matches!(word, "use" | "require" | "do"),
        Language::Lua => matches!(word, "require" | "loadlib"),
        Language::Php => {
            matches!(word, "require" | "require_once" | "include" | "include_once")
        }
        _ => false,
    }
}

/// The files that a module may be, as ends of paths.
fn files_of(language: Language, name: &str) -> Vec<String> {
    let path = match language {
        Language::Python if !name.contains('/') && !name.ends_with(".py") => name.replace('.', "/"),
        Language::Lua => name.replace('.', "/"),
        Language::Perl => name.replace("::", "/"),
        _ => name.to_owned(),
    };
    let path = path.trim_start_matches("./").trim_start_matches("../");
    if path.is_empty() {
        return Vec::new();
    }
    let endings: &[&str] = match language {
        Language::Python => &[".py", ".pyc", ".so", ".pyd", "/__init__.py"],
        Language::JavaScript => &["", ".js", ".cjs", ".mjs", ".ts", ".node", "/index.js"],
        Language::Ruby => &["", ".rb", ".so"],
        Language::Perl => &["", ".pm", ".pl"],
        Language::Lua => &["", ".lua", ".so"],
        _ => &[""],
    };
    let mut files: Vec<String> = endings.iter().map(|ending| format!("{path}{ending}")).collect();
    // A package runs before what is in it, and `from a import b` may name
    // something in a file of its own or not.
    if let (Language::Python, Some((package, _))) = (language, path.rsplit_once('/')) {
        files.push(format!("{package}/__init__.py"));
        files.push(format!("{package}.py"));
    }
    files
}
