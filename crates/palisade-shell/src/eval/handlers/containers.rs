//! Commands inside containers and changed roots.

use super::super::Eval;
use super::super::arguments;
use super::super::lower::Flow;
use super::super::reaches::{HUB, registry};
use super::super::state::File;
use super::super::value::{Field, Stream};
use crate::effect::{EffectKind, Labels};
use crate::programs::Program;
use crate::span::Span;

fn rest(fields: &[Field]) -> &[Field] {
    fields.get(1..).unwrap_or(&[])
}

fn place(fields: &[Field]) -> Span {
    fields.first().map(|field| field.span).unwrap_or_default()
}

/// `docker run OPTIONS IMAGE COMMAND`, `docker exec OPTIONS NAME COMMAND`:
/// inside, only what was mounted is the host's.
pub(super) fn run(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), true);
    let span = place(fields);
    let before = eval.state.clone();
    let mut flow = Flow::default();
    // The image's root is not ours: every path leads into the container but
    // those below a mount.
    eval.options(program, &arguments, &mut flow);
    eval.hazards(program, &arguments, span);
    let words = rest(fields).get(arguments.first_operand..).unwrap_or(&[]);
    let command = words.get(1..).unwrap_or(&[]).to_vec();
    // An image that names its registry is fetched from there; others may be
    // here already. `exec` names a container, which has no slash.
    if let Some(image) = words.first().filter(|word| word.text.raw().contains('/'))
        && let Some(host) = registry(image).filter(|host| host.literal() != Some(HUB))
    {
        eval.connect(&host, false, Labels::NONE, image.span);
    }
    let (first, seen) = (eval.out.commands.len(), eval.out.effects.len());
    let stream = if command.is_empty() {
        if let Some(entrypoint) = arguments.value(&["--entrypoint"]).cloned() {
            eval.nested("container", |eval| inside(eval, vec![entrypoint]))
        } else {
            Stream::default()
        }
    } else if let Some(entrypoint) = arguments.value(&["--entrypoint"]).cloned() {
        let mut all = vec![entrypoint];
        all.extend(command);
        eval.nested("container", |eval| inside(eval, all))
    } else {
        eval.nested("container", |eval| inside(eval, command))
    };
    // A look into what runs already: `docker exec x ls /app`.
    if eval.out.commands.len() > first && only_looks(eval, first, seen) {
        let node = eval.node;
        let control = EffectKind::Hazard("container/exec");
        eval.out.effects.retain(|effect| effect.command != node || effect.kind != control);
    }
    let files = std::mem::replace(&mut eval.state, before);
    for (path, file) in files.files {
        eval.state.files.entry(path).or_insert(File { link: None, ..file });
    }
    stream
}

/// Whether the commands and effects from there on are those of programs that
/// are known, and nothing but reading.
fn only_looks(eval: &Eval<'_>, commands: usize, effects: usize) -> bool {
    let commands = eval.out.commands.get(commands..).unwrap_or(&[]);
    let effects = eval.out.effects.get(effects..).unwrap_or(&[]);
    commands.iter().all(|command| !command.interpreter && !command.online)
        && !effects.is_empty()
        && effects
            .iter()
            .all(|effect| matches!(effect.kind, EffectKind::Read { .. } | EffectKind::List { .. }))
}

/// Runs in a container: paths that no mount maps to the host are its own.
fn inside(eval: &mut Eval<'_>, command: Vec<Field>) -> Stream {
    let place = crate::text::Text::from("/container");
    let mounted: Vec<(String, crate::text::Text)> = eval
        .state
        .files
        .iter()
        .filter_map(|(path, file)| file.link.clone().map(|link| (path.clone(), link)))
        .collect();
    let outer_root = eval.container.replace(mounted);
    let outer_cwd = std::mem::replace(&mut eval.state.cwd, vec![place]);
    let stream = eval.run(command);
    eval.state.cwd = outer_cwd;
    eval.container = outer_root;
    stream
}

/// `chroot DIR COMMAND`: `/` is DIR.
pub(super) fn chroot(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) -> Stream {
    let arguments = arguments::read(program, rest(fields), true);
    let span = place(fields);
    let mut flow = Flow::default();
    eval.options(program, &arguments, &mut flow);
    eval.hazards(program, &arguments, span);
    let words = rest(fields).get(arguments.first_operand..).unwrap_or(&[]);
    let Some((root, command)) = words.split_first() else { return Stream::default() };
    let root = eval.resolve(&root.text);
    let command = command.to_vec();
    if command.is_empty() {
        return Stream::default();
    }
    let outer_root = eval.container.replace(vec![("/".to_owned(), root.clone())]);
    let outer_cwd = std::mem::replace(&mut eval.state.cwd, vec![crate::text::Text::from("/")]);
    let stream = eval.nested("chroot", |eval| eval.run(command));
    eval.state.cwd = outer_cwd;
    eval.container = outer_root;
    stream
}
