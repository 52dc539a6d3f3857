//! Prints a syntax tree as one line, for tests that compare structure.

use palisade_shell::syntax::tree::{
    AssignedValue, Assignment, Command, CommandKind, Descriptor, Item, Join, Parameter,
    ParameterName, ParameterOperator, Part, Pipeline, Redirect, RedirectOperator, Script, Word,
};

/// A script: its items in order, `&` behind those in the background.
pub fn script(script: &Script) -> String {
    list(script.items.iter().map(item))
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(" ")
}

fn item(item: &Item) -> String {
    let mut text = pipeline(&item.first);
    for (join, next) in &item.rest {
        let join = if *join == Join::And { "and" } else { "or" };
        text = format!("({join} {text} {})", pipeline(next));
    }
    if item.background { format!("(& {text})") } else { text }
}

fn pipeline(pipeline: &Pipeline) -> String {
    let mut text = String::new();
    for (i, stage) in pipeline.stages.iter().enumerate() {
        if i > 0 {
            text.push(' ');
        }
        text.push_str(&command(&stage.command));
        if stage.stderr_too {
            text.push_str(" &");
        }
    }
    if pipeline.stages.len() > 1 {
        text = format!("(| {text})");
    }
    if pipeline.timed {
        text = format!("(time {text})");
    }
    if pipeline.negated {
        text = format!("(! {text})");
    }
    text
}

fn command(command: &Command) -> String {
    let mut text = match &command.kind {
        CommandKind::Simple { assignments, words } => {
            let mut pieces: Vec<String> = assignments.iter().map(assignment).collect();
            pieces.extend(words.iter().map(word));
            format!("({})", pieces.join(" "))
        }
        CommandKind::Subshell(body) => format!("(sub {})", script(body)),
        CommandKind::Group(body) => format!("(group {})", script(body)),
        CommandKind::If { arms, otherwise } => {
            let mut text = String::from("(if");
            for (condition, body) in arms {
                text.push_str(&format!(" [{}] [{}]", script(condition), script(body)));
            }
            if let Some(body) = otherwise {
                text.push_str(&format!(" else [{}]", script(body)));
            }
            text + ")"
        }
        CommandKind::Loop { until, condition, body } => {
            let name = if *until { "until" } else { "while" };
            format!("({name} [{}] [{}])", script(condition), script(body))
        }
        CommandKind::For { name, words, body, select } => {
            let keyword = if *select { "select" } else { "for" };
            let words = words.as_ref().map_or_else(
                || "@".to_owned(),
                |words| format!("[{}]", list(words.iter().map(word))),
            );
            format!("({keyword} {name} {words} [{}])", script(body))
        }
        CommandKind::ArithmeticFor { header, body } => {
            format!(
                "(for (( {} )) [{}])",
                header.iter().map(word).collect::<Vec<_>>().join(" ; "),
                script(body)
            )
        }
        CommandKind::Case { subject, arms } => {
            let mut text = format!("(case {}", word(subject));
            for arm in arms {
                text.push_str(&format!(
                    " [{}: {}]",
                    list(arm.patterns.iter().map(word)),
                    script(&arm.body)
                ));
            }
            text + ")"
        }
        CommandKind::Arithmetic(expression) => format!("(let {})", word(expression)),
        CommandKind::Conditional(tests) => {
            let tests = tests.iter().map(|test| {
                let operator = if test.operator.is_empty() { "word" } else { &test.operator };
                format!("({operator} {})", list(test.operands.iter().map(word)))
            });
            format!("(test {})", list(tests))
        }
        CommandKind::Function { name, body } => {
            format!("(function {name} {})", self::command(body))
        }
        CommandKind::Coproc { name, body } => {
            format!("(coproc {} {})", name.as_deref().unwrap_or("-"), self::command(body))
        }
    };
    for redirect in &command.redirects {
        text = format!("{} {})", text.strip_suffix(')').unwrap_or(&text), self::redirect(redirect));
    }
    text
}

fn redirect(redirect: &Redirect) -> String {
    let fd = match &redirect.fd {
        Descriptor::Default => String::new(),
        Descriptor::Number(number) => number.to_string(),
        Descriptor::Variable(name) => format!("{{{name}}}"),
    };
    let operator = match redirect.operator {
        RedirectOperator::Read => "<",
        RedirectOperator::Write => ">",
        RedirectOperator::Clobber => ">|",
        RedirectOperator::Append => ">>",
        RedirectOperator::ReadWrite => "<>",
        RedirectOperator::DuplicateInput => "<&",
        RedirectOperator::DuplicateOutput => ">&",
        RedirectOperator::WriteBoth => "&>",
        RedirectOperator::AppendBoth => "&>>",
        RedirectOperator::HereDocument => "<<",
        RedirectOperator::HereString => "<<<",
    };
    format!("{fd}{operator}{}", word(&redirect.target))
}

fn assignment(assignment: &Assignment) -> String {
    let subscript = assignment
        .subscript
        .as_ref()
        .map_or_else(String::new, |word| format!("[{}]", self::word(word)));
    let operator = if assignment.append { "+=" } else { "=" };
    let value = match &assignment.value {
        AssignedValue::Scalar(word) => self::word(word),
        AssignedValue::Array(items) => array(items),
    };
    format!("{}{subscript}{operator}{value}", assignment.name)
}

fn array(items: &[(Option<Word>, Word)]) -> String {
    let items = items.iter().map(|(subscript, value)| match subscript {
        Some(subscript) => format!("[{}]={}", word(subscript), word(value)),
        None => word(value),
    });
    format!("({})", list(items))
}

/// A word: bare text as it is, quoted text in quotes, parts joined by `·`.
pub fn word(word: &Word) -> String {
    if word.parts.is_empty() {
        return "∅".to_owned();
    }
    parts(&word.parts)
}

fn parts(parts: &[Part]) -> String {
    parts.iter().map(part).collect::<Vec<_>>().join("·")
}

fn part(part: &Part) -> String {
    match part {
        Part::Bare(text) => text.replace('\n', "⏎"),
        Part::Quoted(text) => format!(
            "'{}'",
            text.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\"")
        ),
        Part::Double(inner) => format!("\"{}\"", parts(inner)),
        Part::Parameter(parameter) => self::parameter(parameter),
        Part::CommandSubstitution(body) => format!("$({})", script(body)),
        Part::Arithmetic(expression) => format!("$[{}]", word(expression)),
        Part::ProcessSubstitution { input, script: body } => {
            format!("{}({})", if *input { '<' } else { '>' }, script(body))
        }
        Part::Braces(words) => {
            format!("{{{}}}", words.iter().map(word).collect::<Vec<_>>().join(","))
        }
        Part::Sequence(items) => format!("{{{}}}", items.join("..")),
        Part::Extglob(operator, words) => {
            format!("{operator}({})", words.iter().map(word).collect::<Vec<_>>().join("|"))
        }
        Part::Array(items) => array(items),
        Part::Zsh(text) => format!("zsh<{text}>"),
    }
}

fn parameter(parameter: &Parameter) -> String {
    let mut text = String::from("${");
    if !parameter.zsh_flags.is_empty() {
        text.push_str(&format!("({})", parameter.zsh_flags));
    }
    text.push_str(if parameter.length { "#" } else { "" });
    text.push_str(if parameter.indirect { "!" } else { "" });
    match &parameter.name {
        ParameterName::Variable(name) => text.push_str(name),
        ParameterName::Positional(number) => text.push_str(&number.to_string()),
        ParameterName::Special(letter) => text.push(*letter),
    }
    if let Some(subscript) = &parameter.subscript {
        text.push_str(&format!("[{}]", word(subscript)));
    }
    let operator = match &parameter.operator {
        ParameterOperator::Plain => String::new(),
        ParameterOperator::Default(operand) => format!(":-{}", word(operand)),
        ParameterOperator::Assign(operand) => format!(":={}", word(operand)),
        ParameterOperator::Alternative(operand) => format!(":+{}", word(operand)),
        ParameterOperator::Error(operand) => format!(":?{}", word(operand)),
        ParameterOperator::Remove { suffix, longest, pattern } => {
            let operator = if *suffix { "%" } else { "#" };
            format!("{}{}", operator.repeat(1 + usize::from(*longest)), word(pattern))
        }
        ParameterOperator::Substitute { all, anchor, pattern, replacement } => {
            let all = if *all { "//" } else { "/" };
            let anchor = anchor.map_or_else(String::new, |anchor| format!("^{anchor}"));
            format!(" {all}{anchor} {} {}", word(pattern), word(replacement))
        }
        ParameterOperator::Substring { offset, length } => {
            let length =
                length.as_ref().map_or_else(String::new, |length| format!(":{}", word(length)));
            format!(":{}{length}", word(offset))
        }
        ParameterOperator::Case { operator, all, pattern } => {
            format!("{}{}", operator.to_string().repeat(1 + usize::from(*all)), word(pattern))
        }
        ParameterOperator::Transform(letter) => format!("@{letter}"),
        ParameterOperator::PrefixNames => "*names".to_owned(),
        ParameterOperator::Keys => "*keys".to_owned(),
    };
    text + &operator + "}"
}
