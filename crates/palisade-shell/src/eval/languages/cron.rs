//! crontab lines: five fields or `@daily`, then a shell command.

use super::super::Eval;
use crate::effect::Labels;
use crate::programs::Language;
use crate::span::Span;
use crate::text::Text;

pub(super) fn run(eval: &mut Eval<'_>, code: &str, labels: Labels, span: Span) {
    for line in code.lines().take(256) {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let skip = if line.starts_with('@') { 1 } else { 5 };
        let first = line.split_whitespace().next().unwrap_or("");
        if skip == 5 && first.contains('=') {
            continue;
        }
        let mut rest = line;
        for _ in 0..skip {
            rest = rest.trim_start();
            rest = rest.find(char::is_whitespace).map_or("", |cut| rest.get(cut..).unwrap_or(""));
        }
        let command = rest.trim();
        if !command.is_empty() {
            let _ = eval.code(Language::Shell, &Text::new(command), labels, "crontab", span);
        }
    }
}
