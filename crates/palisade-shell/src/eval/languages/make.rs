//! Makefile text: recipes, `$(shell ..)`, and one-line rules.

use super::super::Eval;
use crate::effect::Labels;
use crate::programs::Language;
use crate::span::Span;
use crate::text::Text;

pub(super) fn run(eval: &mut Eval<'_>, code: &str, labels: Labels, span: Span) {
    for line in code.lines().take(2000) {
        let recipe = if let Some(recipe) = line.strip_prefix('\t') {
            Some(recipe)
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
        for (at, _) in line.match_indices("$(shell ") {
            let rest = line.get(at + 8..).unwrap_or("");
            let mut depth = 1;
            let end = rest
                .char_indices()
                .find(|(_, letter)| {
                    match letter {
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        _ => {}
                    }
                    depth == 0
                })
                .map_or(rest.len(), |(at, _)| at);
            let inner = rest.get(..end).unwrap_or("");
            let _ = eval.code(Language::Shell, &Text::new(inner), labels, "make $(shell)", span);
        }
    }
}
