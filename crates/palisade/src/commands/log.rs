use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use palisade_journal::export::Ocsf;
use palisade_journal::layout::Layout;
use palisade_journal::note::{Note, VerifierKey};
use palisade_journal::record::{Entry, Record, decode};
use palisade_journal::verify::{Condition, Report};
use palisade_journal::view::{self, Filter};
use palisade_journal::{
    Error, FileJournal, Known, Options, Time, keep, projection, read, verify, write_secret,
};
use palisade_runtime::Home;
use serde_json::{Value, json};

use crate::install::consent;
use crate::show::{Failure, note, printed};

/// Read, check and export the record of what was decided and done
///
/// `verify` needs no configuration: give it a copied journal with `--journal`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade log tail -f\n  palisade log list --verdict deny --since 2026-11-22\n  palisade log verify --journal /media/copy/journal --pubkey key.pub"
)]
pub struct Arguments {
    /// The journal's directory, where it is not this machine's own.
    #[arg(long, global = true, value_name = "DIR")]
    journal: Option<PathBuf>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The last records, and with -f those that come
    #[command(after_help = "Examples:\n  palisade log tail -f\n  palisade log tail -n 5")]
    Tail {
        /// How many.
        #[arg(short = 'n', default_value_t = 20, value_name = "COUNT")]
        count: usize,
        /// Go on with what is written from now on.
        #[arg(short, long)]
        follow: bool,
        /// Print the stored lines.
        #[arg(long)]
        json: bool,
    },
    /// One record in full
    #[command(after_help = "Example:\n  palisade log show 12")]
    Show {
        /// Its number.
        seq: u64,
        /// Print the stored line.
        #[arg(long)]
        json: bool,
    },
    /// All records that match
    #[command(
        after_help = "Examples:\n  palisade log list --verdict deny --since 2026-11-22\n  palisade log list --rule delete --actor claude"
    )]
    List {
        #[command(flatten)]
        wanted: Wanted,
        /// Print the stored lines.
        #[arg(long)]
        json: bool,
    },
    /// The sessions, and how much was asked and refused in each
    #[command(after_help = "Example:\n  palisade log sessions --since 2026-11-22")]
    Sessions {
        #[command(flatten)]
        wanted: Wanted,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// What happened in one session, to read
    #[command(after_help = "Example:\n  palisade log session nightly")]
    Session {
        /// Its id; empty for what was done outside any.
        id: String,
        /// From this moment on: 2026-11-22 or 2026-11-22T14:00, UTC.
        #[arg(long, value_parser = moment, value_name = "TIME")]
        since: Option<Time>,
    },
    /// Check that nothing was altered or removed
    ///
    /// Exit code: 0 intact, 2 truncated, 3 altered, 4 forked (two signed
    /// histories), 5 the end is not signed yet, 1 it could not be checked.
    #[command(
        after_help = "Examples:\n  palisade log verify\n  palisade log verify --journal /media/copy/journal --pubkey key.pub\n  palisade log verify --proof 12"
    )]
    Verify(Verify),
    /// Records for other systems
    #[command(after_help = "Example:\n  palisade log export --format ocsf --since 2026-11-22")]
    Export {
        /// The stored lines, or events of the Open Cybersecurity Schema.
        #[arg(long, value_enum, default_value = "ndjson")]
        format: Format,
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Sign what is not signed yet, and print the signed head
    ///
    /// Keep it elsewhere: `verify --since` finds any return to an earlier state.
    #[command(after_help = "Example:\n  palisade log checkpoint > head.txt")]
    Checkpoint,
    /// Keep a head that a witness has cosigned
    #[command(after_help = "Example:\n  palisade log cosign cosigned.txt --witness witness.pub")]
    Cosign {
        /// The cosigned head.
        file: PathBuf,
        /// The witness's public key, or a file that holds it.
        #[arg(long, value_name = "KEY")]
        witness: String,
    },
    /// Remove old records; their hashes stay and the rest still verifies
    #[command(after_help = "Example:\n  palisade log prune --before 2026-06-01")]
    Prune {
        /// Older than this: 2026-11-22 or 2026-11-22T14:00, UTC.
        #[arg(long, value_parser = moment, value_name = "TIME")]
        before: Time,
    },
    /// Make approval.log and runs.jsonl of every profile again
    #[command(after_help = "Example:\n  palisade log rebuild")]
    Rebuild,
    /// Keep a damaged journal as evidence and begin a new one
    ///
    /// One that is intact and can be written is left where it is.
    #[command(after_help = "Example:\n  palisade log set-aside")]
    SetAside {
        /// Also where nothing is wrong with it.
        #[arg(long)]
        intact: bool,
    },
}

#[derive(Debug, Args)]
struct Verify {
    /// A signed head known from earlier or elsewhere, in a file.
    #[arg(long, value_name = "CHECKPOINT")]
    since: Vec<PathBuf>,
    /// The journal's public key, or a file that holds it.
    #[arg(long, value_name = "KEY")]
    pubkey: Option<String>,
    /// A witness's public key, or a file that holds it.
    #[arg(long, value_name = "KEY")]
    witness: Vec<String>,
    /// Print a proof that this record is in the journal.
    #[arg(long, value_name = "SEQ")]
    proof: Option<u64>,
    /// Print one JSON object.
    #[arg(long, conflicts_with = "proof")]
    json: bool,
}

#[derive(Debug, Args)]
struct Wanted {
    /// A part of a client's, agent's, program's or device's name, or a user id.
    #[arg(long)]
    actor: Option<String>,
    /// Only this verdict.
    #[arg(long, value_parser = ["allow", "ask", "deny"])]
    verdict: Option<String>,
    /// Only this rule, or this group of rules.
    #[arg(long)]
    rule: Option<String>,
    /// Only this session.
    #[arg(long)]
    session: Option<String>,
    /// From this moment on: 2026-11-22 or 2026-11-22T14:00, UTC.
    #[arg(long, value_parser = moment, value_name = "TIME")]
    since: Option<Time>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Ndjson,
    Ocsf,
}

fn moment(text: &str) -> Result<Time, String> {
    Time::parse(text).ok_or_else(|| "not a time like 2026-11-22 or 2026-11-22T14:00".into())
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(format!("{error}\nhelp: {}", error.help()))
    }
}

impl Wanted {
    fn filter(self, profile: Option<&str>) -> Filter {
        Filter {
            profile: profile.map(str::to_owned),
            actor: self.actor,
            verdict: self.verdict,
            rule: self.rule,
            session: self.session,
            since: self.since,
        }
    }
}

/// The journal that is meant, and Palisade's home where it is this machine's.
struct Place {
    dir: PathBuf,
    home: Option<Home>,
}

impl Place {
    fn find(journal: Option<PathBuf>) -> Result<Self, Failure> {
        if let Some(dir) = journal {
            return Ok(Self { dir, home: None });
        }
        let home = Home::locate(|name| env::var_os(name))?;
        Ok(Self { dir: home.journal(), home: Some(home) })
    }

    /// The home, for what changes a journal.
    fn own(&self) -> Result<&Home, Failure> {
        let other = "this works on this machine's own journal only: leave `--journal` out";
        self.home.as_ref().ok_or_else(|| Failure::Usage(other.into()))
    }

    /// The same, for what takes something out of it: that is no agent's to do.
    fn a_persons(&self) -> Result<&Home, Failure> {
        let home = self.own()?;
        consent::not_by_an_agent(home, "change the record of")?;
        Ok(home)
    }
}

pub fn run(arguments: Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    let place = Place::find(arguments.journal)?;
    match arguments.what {
        What::Tail { count, follow, json } => tail(&place.dir, count, follow, json)?,
        What::Show { seq, json } => show(&place.dir, seq, json)?,
        What::List { wanted, json } => list(&place.dir, &wanted.filter(profile), json)?,
        What::Sessions { wanted, json } => sessions(&place.dir, &wanted.filter(profile), json)?,
        What::Session { id, since } => story(&place.dir, &id, since)?,
        What::Verify(how) => return check(&place, how),
        What::Export { format, wanted } => export(&place.dir, &wanted.filter(profile), format)?,
        What::Checkpoint => checkpoint(&place)?,
        What::Cosign { file, witness } => {
            let head = head(&file)?;
            keep::add_cosignature(&place.dir, &head, &key(&witness)?)?;
        }
        What::Prune { before } => {
            let gone = keep::prune(&place.dir, &place.a_persons()?.journal_key(), before)?;
            printed(|out| writeln!(out, "{gone} records removed, their hashes kept"))?;
        }
        What::Rebuild => projection::rebuild(&place.dir, place.own()?.root())?,
        What::SetAside { intact } => {
            let key = place.a_persons()?.journal_key();
            if !intact && is_sound(&place.dir, &key) {
                return Err(Failure::Other(
                    "the journal is intact and can be written, so it stays: `palisade log set-aside --intact` begins \
                     a new one all the same"
                        .into(),
                ));
            }
            let aside = keep::set_aside(&place.dir, &key)?;
            printed(|out| writeln!(out, "the journal is now at {}", aside.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether nothing is wrong with a journal of ours.
fn is_sound(dir: &Path, key: &Path) -> bool {
    let known = Known { key: FileJournal::public_key(key).ok(), ..Known::default() };
    palisade_journal::health(dir, key).is_ok()
        && verify(dir, &known).is_ok_and(|report| {
            matches!(report.condition(), Condition::Intact | Condition::Unsigned)
        })
}

fn tail(dir: &Path, count: usize, follow: bool, json: bool) -> Result<(), Failure> {
    let recent = read::last(dir, count)?;
    let mut next = recent.first().map_or(0, |record| record.seq);
    let mut seen = None;
    loop {
        // Look into the file only where it has grown.
        let last = Layout::new(dir).segments()?.last().copied();
        let grown = last.map(|first| {
            (first, fs::metadata(Layout::new(dir).segment(first)).map_or(0, |file| file.len()))
        });
        if grown != seen {
            seen = grown;
            let mut lines = Vec::new();
            for line in read::lines_from(dir, next)? {
                lines.push(line?);
            }
            next += lines.len() as u64;
            printed(|out| {
                for line in &lines {
                    print(out, line, json)?;
                }
                out.flush()
            })?;
        }
        if !follow {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// A stored line, as it is or as a sentence.
fn print(out: &mut dyn std::io::Write, line: &[u8], json: bool) -> std::io::Result<()> {
    match decode(line) {
        Ok(record) if !json => writeln!(out, "{}", view::line(&record)),
        _ => {
            out.write_all(line)?;
            out.write_all(b"\n")
        }
    }
}

fn show(dir: &Path, seq: u64, json: bool) -> Result<(), Failure> {
    let (_, line) = read::one(dir, seq)?;
    printed(|out| {
        if json {
            return print(out, &line, true);
        }
        let value: Value = serde_json::from_slice(&line)?;
        // Strings stay in JSON's own escapes, so nothing in them can act.
        for line in serde_json::to_string_pretty(&value)?.lines() {
            writeln!(out, "{}", view::visible(line))?;
        }
        Ok(())
    })
}

/// The records that pass, with the lines they were stored in.
fn matching<'f>(
    dir: &Path,
    filter: &'f Filter,
) -> Result<impl Iterator<Item = Result<(Record, Vec<u8>), Error>> + 'f, Failure> {
    let mut wanted = BTreeSet::new();
    let records = read::lines_from(dir, 0)?.map(|line| {
        let line = line?;
        Ok((decode(&line)?, line))
    });
    Ok(records.filter(move |record| {
        record.as_ref().map_or(true, |(record, _)| filter.passes(record, &mut wanted))
    }))
}

fn list(dir: &Path, filter: &Filter, json: bool) -> Result<(), Failure> {
    let records = matching(dir, filter)?.collect::<Result<Vec<_>, _>>()?;
    if records.is_empty() {
        note("no record matches");
        if let Some(id) = filter.rule.as_deref().filter(|id| !names_rules(id)) {
            let id = view::visible(id);
            note(&format!(
                "help: no rule is called `{id}`, nor a group of rules: docs/manual/rules.md lists them"
            ));
        } else if filter.session.is_some() {
            note("help: `palisade log sessions` lists the sessions");
        }
    }
    printed(|out| {
        for (record, line) in &records {
            if json {
                print(out, line, true)?;
            } else {
                writeln!(out, "{}", view::line(record))?;
            }
        }
        Ok(())
    })
}

/// Whether a rule of ours has this name, or a group of rules.
fn names_rules(id: &str) -> bool {
    let known = palisade_guards::rules::RULES.iter().map(|rule| rule.id);
    known.into_iter().any(|rule| rule == id || rule.split('/').next() == Some(id))
}

fn sessions(dir: &Path, filter: &Filter, json: bool) -> Result<(), Failure> {
    let mut records = Vec::new();
    for found in matching(dir, filter)? {
        let (record, _) = found?;
        if matches!(record.entry, Entry::Intent(_)) {
            records.push(record);
        }
    }
    let sessions = view::sessions(&records);
    printed(|out| {
        for session in &sessions {
            let (from, to) = session.between;
            if json {
                let (from, to) = (from.to_string(), to.to_string());
                let object = json!({
                    "session": session.id, "client": session.client, "from": from, "to": to,
                    "actions": session.actions, "refused": session.refused,
                });
                writeln!(out, "{object}")?;
                continue;
            }
            let id = if session.id.is_empty() { "(no session)" } else { &session.id };
            writeln!(
                out,
                "{from} to {to}  {:<24} {:<10} {} actions, {} refused",
                view::visible(id),
                view::visible(&session.client),
                session.actions,
                session.refused
            )?;
        }
        Ok(())
    })
}

fn story(dir: &Path, id: &str, since: Option<Time>) -> Result<(), Failure> {
    let mut records = Vec::new();
    for record in read::records(dir)? {
        let record = record?;
        if since.is_none_or(|since| record.time >= since) {
            records.push(record);
        }
    }
    let text = view::story(&records, id);
    if text.is_empty() {
        return Err(Failure::Other(format!(
            "nothing is recorded of the session `{}`: `palisade log sessions` lists them",
            view::visible(id)
        )));
    }
    printed(|out| out.write_all(text.as_bytes()))
}

fn export(dir: &Path, filter: &Filter, format: Format) -> Result<(), Failure> {
    let mut ocsf = Ocsf::default();
    let mut failed = None;
    let records = matching(dir, filter)?;
    printed(|out| {
        let mut out = std::io::BufWriter::new(out);
        for found in records {
            let (record, line) = match found {
                Ok(found) => found,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            };
            match format {
                Format::Ndjson => print(&mut out, &line, true)?,
                Format::Ocsf => {
                    if let Some(event) = ocsf.event(&record) {
                        writeln!(out, "{event}")?;
                    }
                }
            }
        }
        out.flush()
    })?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}

fn checkpoint(place: &Place) -> Result<(), Failure> {
    let key = place.own()?.journal_key();
    let mut journal = FileJournal::open(&place.dir, &key, Options::default())?;
    journal.checkpoint()?;
    for told in journal.notices() {
        note(&told);
    }
    journal.close()?;
    let path = Layout::new(&place.dir).checkpoint();
    let text = fs::read(&path)?;
    // A head that a person takes away is worth keeping here as well.
    let head = Note::parse(&text)?;
    let size = palisade_journal::note::Checkpoint::parse(&head)?.size;
    let layout = Layout::new(&place.dir);
    palisade_journal::private_directory(&layout.history())?;
    if !layout.kept(size).exists() {
        write_secret(&layout.kept(size), &text)?;
    }
    printed(|out| out.write_all(&text))
}

fn check(place: &Place, how: Verify) -> Result<ExitCode, Failure> {
    let own = match (&how.pubkey, &place.home) {
        (Some(text), _) => Some(key(text)?),
        // This machine's own key is known from elsewhere than the journal.
        (None, Some(home)) => FileJournal::public_key(&home.journal_key()).ok(),
        (None, None) => None,
    };
    // A machine that has a key has recorded something, and would miss it. One
    // that has neither is new, or all of it was taken away: no success.
    if place.home.is_some() && own.is_none() && how.since.is_empty() && !place.dir.exists() {
        return Err(Failure::Other(format!(
            "there is no journal in {}\nhelp: the first command that Palisade judges makes it; if one was there, it \
             was taken away, with its key",
            place.dir.display()
        )));
    }
    // What holds neither records nor a head is no journal, whoever names it.
    let layout = Layout::new(&place.dir);
    let is_one = layout.log().is_dir() || layout.checkpoint().symlink_metadata().is_ok();
    if place.dir.is_dir() && !is_one && own.is_none() {
        return Err(Failure::Other(format!(
            "there is no journal in {}: it has neither `log` nor `checkpoint`",
            place.dir.display()
        )));
    }
    let mut known = Known { key: own, ..Known::default() };
    known.heads = how.since.iter().map(|path| head(path)).collect::<Result<_, _>>()?;
    known.witnesses = how.witness.iter().map(|text| key(text)).collect::<Result<_, _>>()?;
    let report = verify(&place.dir, &known)?;
    if let Some(seq) = how.proof {
        let proof = report.proof(seq)?;
        printed(|out| out.write_all(proof.as_bytes()))?;
    } else if how.json {
        printed(|out| writeln!(out, "{}", as_json(&report)))?;
    } else {
        printed(|out| out.write_all(as_text(&report).as_bytes()))?;
    }
    Ok(ExitCode::from(report.condition().exit_code()))
}

fn as_text(report: &Report) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    // A string takes everything that is written to it.
    let _ = match report.worst() {
        None => {
            let records = if report.records == 1 { "record" } else { "records" };
            writeln!(text, "intact: {} {records}, all signed", report.records)
        }
        Some(worst) => {
            writeln!(
                text,
                "{}: {}: {}",
                worst.condition.word(),
                worst.place,
                view::visible(&worst.what)
            )
        }
    };
    for finding in &report.findings {
        if Some(finding) != report.worst() {
            let what = view::visible(&finding.what);
            let _ = writeln!(text, "  {}: {}: {what}", finding.condition.word(), finding.place);
        }
    }
    if report.condition() != Condition::Intact {
        let _ = writeln!(text, "{} records, {} of them signed", report.records, report.signed);
    }
    for (seq, what) in &report.repairs {
        let _ = writeln!(text, "record {seq} says: {}", view::visible(what));
    }
    if report.first > 0 {
        let _ = writeln!(text, "pruned before record {}", report.first);
    }
    for cosigned in &report.cosigned {
        let time = Time::from_millis(cosigned.time.saturating_mul(1000));
        let _ =
            writeln!(text, "{} vouches for {} records at {time}", cosigned.witness, cosigned.size);
    }
    match (&report.key, report.key_from_log) {
        (Some(key), false) => drop(writeln!(text, "checked with {key}")),
        (Some(key), true) => drop(writeln!(
            text,
            "checked with the key beside the log, which proves nothing against someone who replaced both (give --pubkey):\n{key}"
        )),
        (None, _) => {}
    }
    text
}

fn as_json(report: &Report) -> Value {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "condition": finding.condition.word(),
                "place": finding.place.to_string(),
                "what": finding.what,
            })
        })
        .collect();
    json!({
        "condition": report.condition().word(),
        "first_bad": report.worst().map(|worst| worst.place.to_string()),
        "records": report.records,
        "signed": report.signed,
        "pruned_before": report.first,
        "key": report.key.as_ref().map(ToString::to_string),
        "key_from_log": report.key_from_log,
        "witnesses": report.cosigned.iter().map(|c| json!({"witness": c.witness, "time": c.time, "size": c.size})).collect::<Vec<_>>(),
        "findings": findings,
        "repairs": report.repairs.iter().map(|(seq, what)| json!({"record": seq, "what": what})).collect::<Vec<_>>(),
    })
}

/// A key, given as text or as the file that holds it.
fn key(given: &str) -> Result<VerifierKey, Failure> {
    if let Ok(key) = VerifierKey::parse(given) {
        return Ok(key);
    }
    let text = fs::read_to_string(given).map_err(|_| {
        Failure::Usage(format!("`{given}` is neither a public key nor a file with one"))
    })?;
    Ok(VerifierKey::parse(text.trim_end())?)
}

fn head(path: &Path) -> Result<Note, Failure> {
    let bytes = fs::read(path)
        .map_err(|error| Failure::Usage(format!("cannot read `{}`: {error}", path.display())))?;
    Ok(Note::parse(&bytes)?)
}
