use std::env;
use std::process::ExitCode;

use clap::Args;
use palisade_runtime::Home;

use crate::install::consent::{self, shown};
use crate::install::kept::Kept;
use crate::install::plan::{self, Change};
use crate::install::trust::{self, Trust};
use crate::install::{Around, Client, Program, Scope, clients, found, write};
use crate::show::{self, Failure, Paint, Style, printed};

/// Put Palisade under an agent client
///
/// Shows what would be written, asks, keeps what was there, and writes. The
/// client then hands every tool call to Palisade before it runs. Files of
/// prose (CLAUDE.md, AGENTS.md) are never touched.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade install claude --dry-run\n  palisade install codex --trust\n  palisade install --all-found"
)]
pub struct Arguments {
    /// claude, codex, gemini, copilot, opencode, pi, cline, qwen, cursor, goose.
    #[arg(value_name = "CLIENT", value_parser = clients::names())]
    clients: Vec<String>,
    /// Every client that is on this machine.
    #[arg(long, conflicts_with = "clients")]
    all_found: bool,
    /// For the project in the current directory only.
    #[arg(long, conflicts_with = "user")]
    project: bool,
    /// For all projects of this user (the default).
    #[arg(long)]
    user: bool,
    /// Show what would be written and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// Have Codex trust the hooks (Codex skips others without a word).
    #[arg(long)]
    trust: bool,
    /// Accept this program where it is, even in a temporary or build directory.
    #[arg(long)]
    force_path: bool,
}

/// A client with what would change for it.
struct Planned {
    client: &'static Client,
    changes: Vec<Change>,
}

pub fn run(arguments: &Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    let home = Home::locate(|name| env::var_os(name))?;
    if arguments.clients.is_empty() && !arguments.all_found {
        return Err(which(&Around::here()?));
    }
    if !arguments.dry_run {
        consent::by_a_person(&home, "change")?;
    }
    let scope = if arguments.project { Scope::Project } else { Scope::User };
    let around = Around::here()?;
    // What is only shown is shown for a program at any place.
    let program = Program::here(&around, arguments.force_path || arguments.dry_run)?;
    let program = program.judging_by(profile.map(str::to_owned));
    let chosen = chosen(arguments, &around);
    if chosen.is_empty() {
        return Err(Failure::Usage("no client was found: name one".into()));
    }
    let mut failed = false;
    let mut planned = Vec::new();
    for client in chosen {
        match plan::install(client, &around, scope, &program) {
            Ok(changes) => planned.push(Planned { client, changes }),
            Err(why) => {
                failed = true;
                show::note(&format!("error: {}: {why}; nothing was changed for it", client.title));
            }
        }
    }
    show_plan(&planned, scope)?;
    let any = planned.iter().any(|one| one.changes.iter().any(Change::is_any));
    if any && !arguments.dry_run {
        if !arguments.yes && !consent::ask("write this?")? {
            show::note("nothing was written");
            return Ok(ExitCode::FAILURE);
        }
        for one in &planned {
            if let Err(error) = carry_out(one, &home, &around, scope) {
                failed = true;
                show::note(&format!("error: {}: {error}", one.client.title));
            }
        }
    }
    let wrote = any && !arguments.dry_run && !failed;
    for one in planned.iter().filter(|one| one.client.name == "codex") {
        if let Err(error) = codex_trust(one.client, &home, &around, scope, arguments) {
            failed = true;
            show::note(&format!("error: {}: {error}", one.client.title));
        }
    }
    if wrote && !failed {
        next(&planned);
    }
    Ok(ExitCode::from(u8::from(failed)))
}

/// Where no client is named: which ones are here.
fn which(around: &Around) -> Failure {
    let here = clients::ALL.iter().filter(|client| found::look(client, around).is_some());
    let here: Vec<&str> = here.map(|client| client.name).collect();
    let here = if here.is_empty() { "none".to_owned() } else { here.join(", ") };
    Failure::Usage(format!(
        "say for which client, or `--all-found` for all that are here: {here}; `--dry-run` only shows it"
    ))
}

/// What a person does now.
fn next(planned: &[Planned]) {
    let written = |one: &&Planned| one.changes.iter().any(Change::is_any);
    let names: Vec<&str> = planned.iter().filter(written).map(|one| one.client.name).collect();
    let names = names.join(" ");
    show::note("next:");
    show::note("  start the client anew: a session that runs already has no hooks");
    show::note(
        "  keep `palisade approvals watch` open in another terminal: what is asked comes up there, and",
    );
    show::note("  with nobody to answer it is refused");
    show::note(&format!("  `palisade doctor --live {names}` proves that it holds"));
    show::note(&format!("  `palisade uninstall {names}` takes it out again"));
}

fn chosen(arguments: &Arguments, around: &Around) -> Vec<&'static Client> {
    let wanted = |client: &&Client| {
        if arguments.all_found {
            found::look(client, around).is_some()
        } else {
            arguments.clients.iter().any(|name| name == client.name)
        }
    };
    clients::ALL.iter().copied().filter(wanted).collect()
}

fn show_plan(planned: &[Planned], scope: Scope) -> Result<(), Failure> {
    let paint = Paint::on(&std::io::stdout());
    printed(|out| {
        for Planned { client, changes } in planned {
            let changed: Vec<&Change> = changes.iter().filter(|change| change.is_any()).collect();
            let head = paint.text(Style::Bold, client.title);
            if changed.is_empty() {
                writeln!(out, "{head}: already installed")?;
                continue;
            }
            writeln!(out, "{head}:")?;
            for change in changed {
                write!(out, "{}", consent::diff(change, paint))?;
                if links(change) > 1 {
                    writeln!(
                        out,
                        "  note: {} has other names (hard links), which keep the old content",
                        shown(&change.real)
                    )?;
                }
            }
            if client.seen.is_none() {
                writeln!(out, "  note: by its documentation; it was not seen at work")?;
            }
            if scope == Scope::Project {
                writeln!(
                    out,
                    "  note: it names a program on this machine: do not commit it; who works without that program there has every call refused"
                )?;
            }
            writeln!(out, "  What {} cannot enforce:", client.title)?;
            for limit in client.limits {
                show::wrapped(out, limit, "  - ", "    ")?;
            }
        }
        Ok(())
    })
}

fn links(change: &Change) -> u64 {
    #[cfg(unix)]
    return std::fs::metadata(&change.real)
        .map_or(1, |found| std::os::unix::fs::MetadataExt::nlink(&found));
    #[cfg(not(unix))]
    1
}

/// Writes what was shown; what is no longer that is an error.
fn carry_out(planned: &Planned, home: &Home, around: &Around, scope: Scope) -> Result<(), Failure> {
    let client = planned.client;
    let mut kept = Kept::open(home)?;
    let places = (client.files)(around, scope);
    for (change, place) in planned.changes.iter().zip(&places) {
        if !change.is_any() {
            continue;
        }
        let base = base(client, change, place, &kept)?;
        kept.note(client, scope, change, base.as_deref())?;
        let made = write::carry_out(change).map_err(|why| about(change, &why))?;
        kept.note_directories(client, &change.real, made)?;
        show::note(&format!("{}: wrote {}", client.title, shown(&change.path)));
    }
    Ok(())
}

/// The file as it is without us: what uninstalling will restore.
fn base(
    client: &Client,
    change: &Change,
    place: &crate::install::Place,
    kept: &Kept,
) -> Result<Option<Vec<u8>>, Failure> {
    let Some(before) = &change.before else { return Ok(None) };
    let record = kept.of(&change.real, client.name);
    if let Some(record) = record
        && crate::install::kept::digest(before) == record.after
    {
        return Ok(match &record.before {
            Some(name) => Some(kept.bytes(name).ok_or_else(|| {
                Failure::Other(format!("the backup of {} is gone", shown(&change.path)))
            })?),
            None => None,
        });
    }
    let made = record.map_or(&[][..], |record| &record.made);
    let removal = plan::removal(place, client, made).map_err(Failure::Other)?;
    Ok(removal.after)
}

fn about(change: &Change, why: &str) -> Failure {
    Failure::Other(format!("{}: {why}", shown(&change.path)))
}

/// Offers, with consent, that Codex trusts the hooks.
fn codex_trust(
    client: &'static Client,
    home: &Home,
    around: &Around,
    scope: Scope,
    arguments: &Arguments,
) -> Result<(), Failure> {
    if arguments.dry_run {
        if arguments.trust {
            show::note("Codex would be told to trust these hooks, in its config.toml");
        }
        return Ok(());
    }
    match trust::look(client, around, scope).map_err(Failure::Other)? {
        Trust::Full => return Ok(()),
        Trust::Off => {
            show::note("`features.hooks = false` in Codex's config.toml switches every hook off");
            return Ok(());
        }
        Trust::Missing(_) => {}
    }
    let Some(codex) = found::program(client, around) else {
        show::note("Codex is not on the search path: trust the hooks with `/hooks` in Codex");
        return Ok(());
    };
    let wanted = arguments.trust
        || (!arguments.yes
            && consent::ask("Codex skips hooks that are not trusted. Have it trust these?")?);
    if !wanted {
        show::note(
            "Codex skips these hooks until they are trusted: `palisade install codex --trust`, or `/hooks` in Codex",
        );
        return Ok(());
    }
    let settings = trust::settings(around);
    let (real, before) = plan::read(&settings).map_err(Failure::Other)?;
    trust::give(&codex, client, around, scope).map_err(Failure::Other)?;
    let (_, after) = plan::read(&settings).map_err(Failure::Other)?;
    Kept::open(home)?.note_trust(&settings, real, before, after)?;
    show::note("Codex trusts these hooks");
    Ok(())
}
