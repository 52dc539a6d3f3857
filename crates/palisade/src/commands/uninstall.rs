use std::env;
use std::fs;
use std::process::ExitCode;

use clap::Args;
use palisade_runtime::Home;

use crate::install::consent::{self, shown};
use crate::install::kept::{self, Kept, Record};
use crate::install::plan::{self, Change};
use crate::install::{Around, Client, Place, Scope, clients, trust, write};
use crate::show::{self, Failure, Paint, Style, printed};

/// Take Palisade out of an agent client again
///
/// A file that nobody changed since is restored byte for byte. Of a file that
/// somebody changed, only our entries are taken out, and the changes since are
/// shown. Without --user or --project, both are looked at.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade uninstall claude --dry-run\n  palisade uninstall --all"
)]
pub struct Arguments {
    /// claude, codex, gemini, copilot, opencode, pi, cline, qwen, cursor, goose.
    #[arg(value_name = "CLIENT", value_parser = clients::names())]
    clients: Vec<String>,
    /// Every client, everywhere it was installed.
    #[arg(long, conflicts_with = "clients")]
    all: bool,
    /// Only where it was installed for the project in the current directory.
    #[arg(long, conflicts_with = "user")]
    project: bool,
    /// Only where it was installed for all projects of this user.
    #[arg(long)]
    user: bool,
    /// Show what would be written and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
}

/// One file to be taken back.
struct Back {
    client: &'static Client,
    record: Option<Record>,
    change: Change,
    /// What somebody changed since.
    since: Option<String>,
    words: String,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let home = Home::locate(|name| env::var_os(name))?;
    if arguments.clients.is_empty() && !arguments.all {
        return Err(Failure::Usage(
            "say which client, or `--all` for every one; `--dry-run` only shows it".into(),
        ));
    }
    if !arguments.dry_run {
        consent::by_a_person(&home, "remove")?;
    }
    let around = Around::here()?;
    let mut failed = false;
    let work = plan_all(arguments, &around, &home, &mut failed)?;
    show_work(&work)?;
    let any = work.iter().any(|back| back.change.is_any() || back.record.is_some());
    if !any {
        if !failed {
            show::note("there is nothing of Palisade to take out");
        }
        return Ok(ExitCode::from(u8::from(failed)));
    }
    if arguments.dry_run {
        return Ok(ExitCode::from(u8::from(failed)));
    }
    if !arguments.yes && !consent::ask("write this?")? {
        show::note("nothing was written");
        return Ok(ExitCode::FAILURE);
    }
    let mut kept = Kept::open(&home)?;
    for back in &work {
        if let Err(error) = carry_out(back, &mut kept) {
            failed = true;
            show::note(&format!("error: {}: {error}", shown(&back.change.path)));
        }
    }
    // What was made for the files goes where it is empty, the deepest first.
    let records = work.iter().filter_map(|back| back.record.as_ref());
    let mut directories: Vec<_> = records.flat_map(|record| &record.directories).collect();
    directories.sort_by_key(|directory| std::cmp::Reverse(directory.components().count()));
    for directory in directories {
        let _ = fs::remove_dir(directory);
    }
    Ok(ExitCode::from(u8::from(failed)))
}

fn plan_all(
    arguments: &Arguments,
    around: &Around,
    home: &Home,
    failed: &mut bool,
) -> Result<Vec<Back>, Failure> {
    let records = Kept::look(home)?;
    let mut work: Vec<Back> = Vec::new();
    let wanted = |client: &&&Client| {
        arguments.all || arguments.clients.iter().any(|name| name == client.name)
    };
    for client in clients::ALL.iter().filter(wanted) {
        let mut tasks: Vec<(Option<Record>, Place)> = Vec::new();
        for scope in [Scope::User, Scope::Project] {
            let named = match scope {
                Scope::User => !arguments.project,
                Scope::Project => !arguments.user,
            };
            if !named {
                continue;
            }
            for record in records.iter().filter(|record| record.client == client.name) {
                let here = !arguments.project || record.path.starts_with(&around.project);
                if record.scope == scope.name() && here {
                    // By the path of then: a variable may say otherwise now.
                    let like = |place: &Place| place.path.file_name() == record.path.file_name();
                    let place = (client.files)(around, scope).into_iter().find(like);
                    tasks.extend(place.map(|place| {
                        (Some(record.clone()), Place { path: record.path.clone(), ..place })
                    }));
                }
            }
            // And what is there without a record.
            for place in (client.files)(around, scope) {
                if tasks.iter().all(|(_, known)| known.path != place.path) {
                    tasks.push((None, place));
                }
            }
        }
        for (record, place) in tasks {
            match plan_one(client, record, &place, home) {
                Ok(Some(back)) => work.push(back),
                Ok(None) => {}
                Err(why) => {
                    *failed = true;
                    show::note(&format!("error: {}: {why}", client.title));
                }
            }
        }
        let codex = records.iter().filter(|record| record.client == kept::TRUST);
        for record in codex.filter(|_| client.name == "codex" && !arguments.project) {
            match plan_trust(client, record, around, home) {
                Ok(back) => work.push(back),
                Err(why) => {
                    *failed = true;
                    show::note(&format!("error: {}: {why}", client.title));
                }
            }
        }
    }
    Ok(work)
}

fn plan_one(
    client: &'static Client,
    record: Option<Record>,
    place: &Place,
    home: &Home,
) -> Result<Option<Back>, String> {
    let Some(record) = record else {
        let change = plan::removal(place, client, &[]);
        // A file that cannot be read and that we never wrote is not our matter.
        let Ok(change) = change else { return Ok(None) };
        let words = "there is no record of it: our entries are taken out".to_owned();
        return Ok(change.is_any().then_some(Back {
            client,
            record: None,
            change,
            since: None,
            words,
        }));
    };
    let (real, now) =
        plan::read(&place.path).map_err(|why| format!("{}: {why}", shown(&place.path)))?;
    let mut change = Change {
        path: place.path.clone(),
        real,
        before: now.clone(),
        after: now.clone(),
        executable: false,
        made: Vec::new(),
    };
    let bytes = |name: &str| {
        let bytes = fs::read(home.root().join("install/kept").join(name)).ok()?;
        (kept::digest(&bytes) == name).then_some(bytes)
    };
    let mut back = Back {
        client,
        record: Some(record.clone()),
        change: change.clone(),
        since: None,
        words: String::new(),
    };
    let digest = now.as_deref().map(kept::digest);
    if digest == record.before {
        back.words = "it is as it was before".into();
        return Ok(Some(back));
    }
    if digest.as_deref() == Some(&record.after) {
        let original = record.before.as_deref().map(bytes);
        match original {
            None => {
                change.after = None;
                back.words = "nobody changed it since: the file goes, as we made it".into();
            }
            Some(Some(original)) => {
                change.after = Some(original);
                back.words = "nobody changed it since: it is restored byte for byte".into();
            }
            Some(None) => {
                change = plan::removal(place, client, &record.made)?;
                back.words = "the backup is gone: our entries are taken out".into();
            }
        }
        back.change = change;
        return Ok(Some(back));
    }
    if now.is_none() {
        back.words = "somebody removed it since".into();
        return Ok(Some(back));
    }
    let mut made = record.made.clone();
    if record.before.is_none() {
        made.push(String::new());
    }
    back.change = plan::removal(place, client, &made)?;
    back.words = match &back.change.after {
        Some(_) => "somebody changed it since: only what is ours is taken out",
        None => "somebody changed it since: the file goes, and what it says now is kept",
    }
    .to_owned();
    let now = String::from_utf8_lossy(now.as_deref().unwrap_or_default()).into_owned();
    back.since = Some(match bytes(&record.after) {
        Some(then) => {
            let paint = Paint::on(&std::io::stdout());
            consent::lines(&String::from_utf8_lossy(&then), &now, paint)
        }
        None => "  (what was written then is not kept any more)\n".into(),
    });
    Ok(Some(back))
}

/// The trust that Codex wrote down for our hooks.
fn plan_trust(
    client: &'static Client,
    record: &Record,
    around: &Around,
    home: &Home,
) -> Result<Back, String> {
    let (real, now) = plan::read(&record.path)?;
    let mut change = Change {
        path: record.path.clone(),
        real,
        before: now.clone(),
        after: now.clone(),
        executable: false,
        made: Vec::new(),
    };
    let digest = now.as_deref().map(kept::digest);
    let mut words = "Codex's trust in our hooks goes with them";
    if digest.as_deref() == Some(&record.after) {
        let name = record.before.as_deref();
        let bytes =
            name.and_then(|name| fs::read(home.root().join("install/kept").join(name)).ok());
        if name.is_none() || bytes.is_some() {
            change.after = bytes;
            words = "nobody changed it since: it is restored byte for byte";
        }
    } else if let Some(now) = &now {
        let text = String::from_utf8_lossy(now);
        let mut after = text.clone().into_owned();
        for scope in [Scope::User, Scope::Project] {
            for place in (client.files)(around, scope) {
                after = trust::without(&after, &place.path)?;
            }
        }
        change.after = Some(after.into_bytes());
    }
    Ok(Back { client, record: Some(record.clone()), change, since: None, words: words.into() })
}

fn show_work(work: &[Back]) -> Result<(), Failure> {
    let paint = Paint::on(&std::io::stdout());
    printed(|out| {
        for back in work {
            let head = paint.text(Style::Bold, back.client.title);
            writeln!(out, "{head}: {}: {}", shown(&back.change.path), back.words)?;
            if let Some(since) = &back.since {
                writeln!(out, "Changed since it was installed:\n{since}What will change now:")?;
            }
            if back.change.is_any() {
                write!(out, "{}", consent::diff(&back.change, paint))?;
            }
        }
        Ok(())
    })
}

fn carry_out(back: &Back, kept: &mut Kept) -> Result<(), Failure> {
    if back.change.is_any() {
        let before = back.change.before.as_deref().unwrap_or_default();
        let copy = kept.keep(before)?;
        write::carry_out(&back.change).map_err(Failure::Other)?;
        let what = if back.change.after.is_some() { "wrote" } else { "removed" };
        show::note(&format!(
            "{}: {what} {}; what was there is kept in {}",
            back.client.title,
            shown(&back.change.path),
            shown(&copy)
        ));
    }
    if let Some(record) = &back.record {
        kept.forget(record)?;
    }
    Ok(())
}
