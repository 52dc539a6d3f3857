mod answer;
mod watch;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use palisade_core::Answer;
use palisade_guards::content::reveal;
use palisade_runtime::Home;
use palisade_runtime::approvals::{Asker, Entry, Moment, Said, Store};
use palisade_runtime::moment;
use serde_json::{Value, json};

use crate::prompt::Question;
use crate::show::{Failure, Paint, Style, note, printed};

/// Answer what agents ask where they have no terminal
///
/// A request can be answered once, by a person at a terminal of their own;
/// nothing that an agent started can answer.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade approvals watch\n  palisade approvals list\n  palisade approvals allow k7m2xq\n  palisade approvals deny k7m2xq --word 'use the staging database'"
)]
pub struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every request that waits, and every answer that was not used yet
    #[command(
        after_help = "Examples:\n  palisade approvals list\n  palisade approvals list --all --json"
    )]
    List {
        /// Those that are over as well.
        #[arg(long)]
        all: bool,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// One request in full
    #[command(after_help = "Example:\n  palisade approvals show k7m2xq")]
    Show {
        /// Its id, or the beginning of it.
        id: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Show requests as they come, and answer them here
    #[command(after_help = "Example:\n  palisade approvals watch")]
    Watch,
    /// Allow one request, after it was shown once more
    #[command(
        after_help = "Examples:\n  palisade approvals allow k7m2xq\n  palisade approvals allow k7m2xq --always"
    )]
    Allow {
        /// Its id, or the beginning of it.
        id: String,
        /// Also whatever asks the same until the session ends.
        #[arg(long, conflicts_with = "always")]
        session: bool,
        /// Also for 30 days: exactly what is shown is saved in the profile.
        #[arg(long)]
        always: bool,
    },
    /// Deny one request
    #[command(
        after_help = "Example:\n  palisade approvals deny k7m2xq --word 'use the staging database'"
    )]
    Deny {
        /// Its id, or the beginning of it.
        id: String,
        /// A word to the model: what to do instead.
        #[arg(long, value_name = "TEXT")]
        word: Option<String>,
    },
}

pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let home = Home::locate(|name| std::env::var_os(name))?;
    home.check()?;
    let store = Store::new(&home);
    match arguments.what.unwrap_or(What::List { all: false, json: false }) {
        What::List { all, json } => list(&store, all, json),
        What::Show { id, json } => show(&store, &id, json),
        What::Watch => watch::run(&home, &store),
        What::Allow { id, session, always } => {
            let answer = match (session, always) {
                (true, _) => Answer::Session,
                (_, true) => Answer::Always,
                _ => Answer::Once,
            };
            answer::allow(&home, &store, &id, answer)
        }
        What::Deny { id, word } => answer::deny(&home, &store, &id, word.as_deref()),
    }
}

fn list(store: &Store, all: bool, json: bool) -> Result<ExitCode, Failure> {
    let _ = store.sweep();
    let now = Moment::now();
    let (mut entries, broken) = store.list()?;
    entries.retain(|entry| all || entry.is_alive(&now));
    let paint = Paint::on(&std::io::stdout());
    let room = terminal_size::terminal_size_of(std::io::stdout())
        .map_or(usize::MAX, |(width, _)| usize::from(width.0).saturating_sub(46).max(20));
    printed(|out| {
        for entry in &entries {
            if json {
                writeln!(out, "{}", whole(entry, &now))?;
                continue;
            }
            let subject = &entry.request.subject;
            let rules: Vec<&str> = subject.causes.iter().map(|cause| cause.rule.as_str()).collect();
            let text = short(&reveal(&subject.text), room);
            writeln!(
                out,
                "{}  {:>5} old  {:>5} left  {:<13} {text}  {}",
                paint.text(Style::Bold, &entry.request.id),
                span(now.since(&entry.request.created)),
                span(left(entry, &now)),
                state(entry, &now),
                paint.text(Style::Dim, &rules.join(" ")),
            )?;
        }
        for broken in &broken {
            let (id, why) = (reveal(&broken.id), reveal(&broken.why));
            if json {
                writeln!(out, "{}", json!({"id": id, "error": why}))?;
            } else {
                writeln!(out, "{}  cannot be used: {why}", paint.text(Style::Red, &id))?;
            }
        }
        Ok(())
    })?;
    if entries.is_empty() && broken.is_empty() && !json {
        note("nothing is asked");
    }
    Ok(ExitCode::SUCCESS)
}

fn show(store: &Store, id: &str, json: bool) -> Result<ExitCode, Failure> {
    let entry = store.find(id)?;
    let now = Moment::now();
    let others = store.list()?.0;
    printed(|out| {
        if json {
            return writeln!(out, "{}", whole(&entry, &now));
        }
        let paint = Paint::on(&std::io::stdout());
        let subject = &entry.request.subject;
        let question = Question::about(subject, entry.request.created.seconds());
        let head = format!("request {}: {}", entry.request.id, state(&entry, &now));
        write!(out, "{}\n{}", paint.text(Style::Bold, &head), question.text(paint))?;
        for (name, what) in details(&entry, &others, &now) {
            writeln!(out, "  {} {what}", paint.text(Style::Dim, &format!("{name:<8}")))?;
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// What else is known of a request, for a person.
fn details(entry: &Entry, others: &[Entry], now: &Moment) -> Vec<(&'static str, String)> {
    let request = &entry.request;
    let subject = &request.subject;
    let mut lines = brief(entry, others, now);
    lines.extend([
        ("policy", format!("profile {}, {}", reveal(&subject.profile), reveal(&subject.policy))),
        ("gets", reveal(&subject.environment.join(" "))),
        ("digest", request.digest.clone()),
    ]);
    lines.extend(
        subject
            .files
            .iter()
            .map(|file| ("file", format!("{} {}", reveal(&file.path), reveal(&file.digest)))),
    );
    if let Some(answer) = &entry.answer {
        let by = people(&answer.by);
        let word = answer.word.as_deref().map(|word| format!(": {}", reveal(word)));
        let word = word.unwrap_or_default();
        let at = moment::format(answer.given.seconds());
        lines.push(("answered", format!("{}{word}, at {at} by {by}", said(answer.answer))));
    }
    lines
}

/// What a person wants to know beside the question itself.
fn brief(entry: &Entry, others: &[Entry], now: &Moment) -> Vec<(&'static str, String)> {
    let request = &entry.request;
    let subject = &request.subject;
    let mut lines = vec![("from", people(&request.asker))];
    if let Some(session) = &subject.session {
        lines.push(("session", reveal(session)));
    }
    if subject.confined {
        let network = if subject.network { "with" } else { "without" };
        lines.push(("sandbox", format!("yes, {network} network")));
    }
    let (age, left) = (span(now.since(&request.created)), span(left(entry, now)));
    lines.push(("time", format!("{age} old, {left} left, {}", state(entry, now))));
    let void = |other: &&Entry| {
        state(other, now) == "allowed" && other.request.subject.is_under_other_policy(subject)
    };
    if let Some(void) = others.iter().find(void).filter(|_| entry.answer.is_none()) {
        let id = &void.request.id;
        lines.push((
            "before",
            format!("allowed as request {id}, and not used yet when the configuration was changed: that answer is void"),
        ));
    }
    lines
}

/// Processes from the inner to the outer.
fn people(asker: &Asker) -> String {
    let names: Vec<String> = asker
        .processes
        .iter()
        .take(6)
        .map(|(pid, name)| format!("{}[{pid}]", reveal(name)))
        .collect();
    let user = asker.uid.map(|uid| format!("user {uid}: ")).unwrap_or_default();
    format!("{user}{}", names.join(" < "))
}

fn state(entry: &Entry, now: &Moment) -> &'static str {
    match &entry.answer {
        None if entry.request.is_expired(now) => "expired",
        None if entry.is_waited_for => "waits",
        None => "parked",
        Some(_) if entry.is_spent => "done",
        Some(answer) if answer.is_over(now) => "expired",
        Some(answer) => match answer.answer {
            Said::Deny => "denied",
            Said::Once | Said::Session | Said::Always => "allowed",
        },
    }
}

const fn said(said: Said) -> &'static str {
    match said {
        Said::Once => "once",
        Said::Session => "session",
        Said::Always => "always",
        Said::Deny => "denied",
    }
}

fn left(entry: &Entry, now: &Moment) -> Duration {
    match &entry.answer {
        // Where it is asked again, the time of the first question is over.
        None if entry.is_waited_for && !entry.request.waits_until.is_over(now) => {
            entry.request.waits_until.since(now)
        }
        None => entry.request.expires.since(now),
        Some(answer) => answer.until.since(now),
    }
}

/// `12s`, `3m`, `2h`.
fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..120 => format!("{seconds}s"),
        seconds @ 120..7200 => format!("{}m", seconds / 60),
        seconds => format!("{}h", seconds / 3600),
    }
}

fn short(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let cut: String = text.chars().take(room.saturating_sub(3)).collect();
    format!("{cut}...")
}

/// A request as one JSON object, with everything in it made visible.
fn whole(entry: &Entry, now: &Moment) -> Value {
    let request = &entry.request;
    let subject = &request.subject;
    let all = |texts: &[String]| texts.iter().map(|text| reveal(text)).collect::<Vec<_>>();
    let question = Question::about(subject, request.created.seconds());
    json!({
        "id": request.id,
        "state": state(entry, now),
        "kind": subject.kind,
        "command": reveal(&subject.text),
        "runs": all(&subject.runs),
        "effects": all(&subject.effects),
        "cwd": reveal(&subject.cwd),
        "severity": subject.severity,
        "risk": subject.risk.map(palisade_runtime::approvals::Risk::word),
        "rules": subject.causes.iter().map(|cause| json!({
            "rule": reveal(&cause.rule),
            "why": reveal(&cause.why),
            "instead": reveal(&cause.instead),
            "text": reveal(&cause.text),
        })).collect::<Vec<_>>(),
        "saves": question.saves(),
        "only_once": subject.only_once.as_deref().map(reveal),
        "profile": reveal(&subject.profile),
        "policy": reveal(&subject.policy),
        "session": subject.session.as_deref().map(reveal),
        "client": subject.client.as_deref().map(reveal),
        "confined": subject.confined,
        "environment": all(&subject.environment),
        "digest": request.digest,
        "created": moment::format(request.created.seconds()),
        "expires": moment::format(request.expires.seconds()),
        "age_s": now.since(&request.created).as_secs(),
        "left_s": left(entry, now).as_secs(),
        "asker": people(&request.asker),
        "answer": entry.answer.as_ref().map(|answer| json!({
            "answer": said(answer.answer),
            "word": answer.word.as_deref().map(reveal),
            "by": people(&answer.by),
            "at": moment::format(answer.given.seconds()),
        })),
    })
}
