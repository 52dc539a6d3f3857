//! Makefile text: recipes, `$(shell ..)`, and one-line rules.

use super::super::Eval;
use super::super::value::Field;
use crate::effect::Labels;
use crate::programs::Language;
use crate::span::Span;
use crate::text::Text;

pub(super) fn run(eval: &mut Eval<'_>, code: &str, labels: Labels, span: Span) {
    let joined = code.replace("\\\n", " ");
    let mut prefix = '\t';
    let mut defines = false;
    for (at, line) in joined.lines().enumerate() {
        if at >= MAX_LINES {
            super::super::lower::opaque(eval, Language::Make, labels, span);
            return;
        }
        if let Some((".RECIPEPREFIX", value)) = line
            .split_once('=')
            .map(|(name, value)| (name.trim().trim_end_matches([':', '+', '?']).trim(), value))
        {
            prefix = value.trim().chars().next().unwrap_or('\t');
            continue;
        }
        // `include FILE..`, beside what is included without asking for it.
        if let Some(files) = ["include ", "-include ", "sinclude "]
            .iter()
            .find_map(|word| line.trim_start_matches(' ').strip_prefix(word))
        {
            for file in files.split_whitespace().filter(|file| !file.contains('$')) {
                let file = Field { text: Text::new(file), labels, span };
                super::super::handlers::makefile(eval, &file, false);
            }
            continue;
        }
        defines |= line.starts_with("define ");
        defines &= !line.starts_with("endef");
        let recipe = if let Some(recipe) = line.strip_prefix(prefix) {
            Some(recipe)
        } else if let Some((_, code)) =
            line.split_once("!=").filter(|(name, _)| !name.contains([':', '\t']))
        {
            Some(code)
        } else if defines && !line.starts_with("define ") {
            // What is defined may become a recipe.
            Some(line)
        } else {
            // `target: deps; recipe`
            match line.split_once(';') {
                Some((head, recipe)) if head.contains(':') => Some(recipe),
                _ => None,
            }
        };
        if let Some(recipe) = recipe {
            let recipe = recipe.trim_start().trim_start_matches(['@', '-', '+']);
            let recipe = recipe.replace("$$", "$");
            if !recipe.is_empty() && !recipe.starts_with('#') {
                let _ = eval.code(Language::Shell, &Text::new(recipe), labels, "make recipe", span);
            }
        }
        for (open, close) in [('(', ')'), ('{', '}')] {
            let call = format!("${open}shell ");
            for (at, _) in line.match_indices(&call) {
                let rest = line.get(at + call.len()..).unwrap_or("");
                let mut depth = 1;
                let end = rest.char_indices().find(|(_, letter)| {
                    if *letter == open {
                        depth += 1;
                    } else if *letter == close {
                        depth -= 1;
                    }
                    depth == 0
                });
                let inner = rest.get(..end.map_or(rest.len(), |(at, _)| at)).unwrap_or("");
                let _ =
                    eval.code(Language::Shell, &Text::new(inner), labels, "make $(shell)", span);
            }
        }
    }
}

/// How many lines of a makefile are followed.
const MAX_LINES: usize = 2000;
