//! Programs whose data alone does not say what they do.

mod builtins;
mod consoles;
mod containers;
mod develop;
mod directories;
mod fetched;
mod files;
mod filters;
mod git;
mod interpreters;
mod network;
mod obeyed;
mod outcome;
mod search;
mod shells;
mod sieve;
mod trees;

use std::collections::BTreeSet;

pub(super) use consoles::{given_code, installed};
pub(super) use develop::makefile;
pub(super) use files::packed_away;
pub(super) use search::searched;
pub(crate) use sieve::shows_names;
pub(super) use trees::{needle, read as read_trees};

use super::Eval;
use super::reaches::addressed;
use super::value::{Field, Stream};
use crate::effect::{EffectKind, Labels};
use crate::programs::{Handler, Program, Subcommands};
use crate::text::Text;

/// Runs an invocation: by its handler, or by the data alone.
pub(super) fn run(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let input = eval.stdin.clone();
    if let Some(text) = &input.text
        && !text.is_empty()
        && !eval.heard.contains(text)
    {
        eval.heard.insert(text.clone());
    }
    if matches!(program.name.get(), "shopt" | "set") {
        eval.note_options(fields);
    }
    // A subcommand with an entry of its own says it for itself.
    if program.subcommands == Subcommands::None {
        let span = fields.first().map(|field| field.span).unwrap_or_default();
        eval.online(program, span);
    }
    develop::project_elsewhere(eval, program, fields);
    let mut printed = match develop::project_tool(program, fields) {
        Some(tool) => {
            eval.hazard(
                "run/project-code",
                fields.first().map(|field| field.span).unwrap_or_default(),
            );
            eval.nested("wrapper", |eval| eval.run(tool))
        }
        None => dispatch(eval, program, fields),
    };
    given_code(eval, fields);
    leaving(eval, program, fields, &input);
    if program.name == "exit" {
        let _ = eval.run_late();
    }
    printed.labels = printed.labels.and(fetched::shown(eval, program, fields));
    fetched::fetched(eval, program, fields);
    outcome::complete(eval, program.name.get(), fields, &input, printed)
}

/// What is private in the words or the input of a command that talks to hosts
/// is sent to them, though they are not named.
fn leaving(eval: &mut Eval<'_>, program: &Program, fields: &[Field], input: &Stream) {
    let online = |at: u32| eval.out.commands.get(at as usize).is_some_and(|one| one.online);
    if !eval.node.is_some_and(online) {
        return;
    }
    // An address among its words is reached, whichever option it stands with.
    let addresses: Vec<Field> = fields.iter().skip(1).filter_map(address).collect();
    if !addresses.is_empty() {
        let reached: BTreeSet<Text> = connections(eval).map(|(host, _)| host.clone()).collect();
        for word in addresses.iter().filter(|word| !reached.contains(&word.text)) {
            eval.connect(&word.text, false, Labels::NONE, word.span);
        }
    }
    let words = fields.iter().fold(input.labels, |all, field| all.and(field.labels));
    let private = words.of(Labels::PRIVATE);
    let seen = connections(eval).any(|(_, labels)| labels.has(private));
    if !private.is_none() && !seen {
        let told = connections(eval).next().map(|(host, _)| host.clone());
        let known = told.or_else(|| program.reaches.map(|host| Text::from(host.get())));
        let host = known.unwrap_or_else(Text::unknown);
        let span = fields.first().map(|field| field.span).unwrap_or_default();
        eval.connect(&host, false, private, span);
    }
}

/// The connections of the current command, with what is sent.
fn connections<'a>(eval: &'a Eval<'_>) -> impl Iterator<Item = (&'a Text, Labels)> {
    let current = eval.out.effects.iter().filter(|effect| effect.command == eval.node);
    current.filter_map(|effect| match &effect.kind {
        EffectKind::Connect { host, .. } => Some((host, effect.labels)),
        _ => None,
    })
}

/// A word, or the value of an option in it, that is an address as a whole.
fn address(field: &Field) -> Option<Field> {
    let word = match field.text.raw().split_once('=') {
        Some((name, value)) if name.starts_with('-') => field.with(value),
        _ => field.clone(),
    };
    let whole = addressed(word.text.known_prefix()) && !word.text.raw().contains([' ', '\n']);
    whole.then_some(word)
}

fn dispatch(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    match program.handler {
        Handler::Data => eval.lower(program, fields),
        Handler::Alias => builtins::alias(eval, fields),
        Handler::ArrayRead => builtins::array_read(eval, program, fields),
        Handler::Awk => filters::awk(eval, program, fields),
        Handler::Base64 => filters::base64(eval, program, fields),
        Handler::Busybox => shells::busybox(eval, program, fields),
        Handler::Cat => filters::cat(eval, program, fields),
        Handler::Cd => directories::cd(eval, fields),
        Handler::ChangeMode => files::change_mode(eval, program, fields),
        Handler::ChangeOwner => files::change_owner(eval, program, fields),
        Handler::Chroot => containers::chroot(eval, program, fields),
        Handler::Command => builtins::command(eval, program, fields),
        Handler::Complete => builtins::complete(eval, program, fields),
        Handler::Copy => files::copy(eval, program, fields),
        Handler::Crontab => develop::crontab(eval, program, fields),
        Handler::Declare => builtins::declare(eval, fields),
        Handler::Dd => files::dd(eval, program, fields),
        Handler::DockerRun => containers::run(eval, program, fields),
        Handler::Echo => builtins::echo(eval, fields),
        Handler::Enable => builtins::enable(eval, fields),
        Handler::Env => shells::env(eval, program, fields),
        Handler::EvalWords => builtins::eval_words(eval, fields),
        Handler::Exec => builtins::exec(eval, program, fields),
        Handler::Fetch => network::fetch(eval, program, fields),
        Handler::Find => search::find(eval, program, fields),
        Handler::FixCommand => builtins::fix_command(eval, fields),
        Handler::Git => git::git(eval, program, fields),
        Handler::GitConfig => git::git_config_command(eval, program, fields),
        Handler::Interpreter => interpreters::interpreter(eval, program, fields),
        Handler::LdSo => shells::ld_so(eval, program, fields),
        Handler::Let => builtins::let_words(eval, fields),
        Handler::Link => files::link(eval, program, fields),
        Handler::Make => develop::make(eval, program, fields),
        Handler::Move => files::copy(eval, program, fields),
        Handler::Netcat => network::netcat(eval, program, fields),
        Handler::Openssl => filters::openssl(eval, program, fields),
        Handler::Parallel => shells::parallel(eval, program, fields),
        Handler::PrintDirectory => directories::print_directory(eval),
        Handler::Hash => builtins::hash(eval, program, fields),
        Handler::Fd => search::fd(eval, program, fields),
        Handler::PopDirectory => directories::pop_directory(eval),
        Handler::PrintEnvironment => builtins::print_environment(eval, program, fields),
        Handler::Printf => builtins::printf(eval, fields),
        Handler::PushDirectory => directories::push_directory(eval, fields),
        Handler::Python => interpreters::python(eval, program, fields),
        Handler::Read => builtins::read(eval, program, fields),
        Handler::Remove => files::remove(eval, program, fields),
        Handler::Rev => filters::rev(eval, program, fields),
        Handler::Sed => filters::sed(eval, program, fields),
        Handler::Set => builtins::set(eval, fields),
        Handler::Shell => shells::shell(eval, program, fields),
        Handler::Shift => builtins::shift(eval, fields),
        Handler::Socat => network::socat(eval, program, fields),
        Handler::Source => builtins::source(eval, fields),
        Handler::Ssh => network::ssh(eval, program, fields),
        Handler::Sudo => shells::sudo(eval, program, fields),
        Handler::Tar => files::tar(eval, program, fields),
        Handler::Tee => files::tee(eval, program, fields),
        Handler::Test => builtins::test(eval, fields),
        Handler::Tr => filters::tr(eval, program, fields),
        Handler::Trap => builtins::trap(eval, fields),
        Handler::Unalias => builtins::unalias(eval, fields),
        Handler::Unset => builtins::unset(eval, fields),
        Handler::Xargs => shells::xargs(eval, program, fields),
        Handler::Xxd => filters::xxd(eval, program, fields),
    }
}
