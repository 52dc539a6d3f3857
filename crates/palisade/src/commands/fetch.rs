use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;

use clap::Args;
use palisade_core::{Decision, Surface, Verdict};
use palisade_guards::Taint;
use palisade_guards::content::envelope::Enclosed;
use palisade_guards::content::{Kind, enclose, reveal};
use palisade_guards::network::{Destination, Host, Reach, Refusal, Target};
use palisade_net::dial::Scripted;
use palisade_runtime::approvals::Subject;
use palisade_runtime::ports::{Fetched, Page, Web};
use palisade_runtime::{Circumstances, Done, Ports, carry_out, judge_fetch};
use serde::{Deserialize, Serialize};

use super::batch::each_line;
use crate::actor;
use crate::asks::{self, Asks};
use crate::desktop::Desktop;
use crate::show::{self, Failure, Paint, Style, printed};
use crate::web::{Online, Rehearsal, Rehearsed};
use crate::wire_up::{self, House};

/// Fetch a page within the address guard, in an envelope
///
/// Only public addresses are dialled, and only after all that the name
/// resolves to was judged; redirects are judged one by one. The page is
/// printed between two lines that mark it as text from outside.
///
/// Exit code: 0 fetched (or allowed), 3 ask, 4 refused, 2 usage or
/// configuration error, 1 no page.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  palisade fetch --extract https://docs.rs/url/latest/url/\n  palisade fetch --check http://169.254.169.254/\n  echo '{\"url\": [\"https://a.example/\", \"/b\"], \"dns\": {\"a.example\": [[\"10.0.0.1\"]]}}' | palisade fetch --check --batch"
)]
pub struct Arguments {
    /// The address, `http:` or `https:`.
    #[arg(required_unless_present = "batch")]
    url: Option<String>,
    /// Print a page's readable text as Markdown instead of its HTML.
    #[arg(long)]
    extract: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Judge the address alone. Nothing is connected and no name resolved, so
    /// that a name may still be refused for what it resolves to.
    #[arg(long)]
    check: bool,
    /// With `--check`: judge `{"url": "..", "dns": {"name": [["1.2.3.4"]]}}`
    /// lines of standard input, one object out for each. `url` may be a list:
    /// an address and the redirects that follow. `dns` are the answers of one
    /// lookup after another, the last one repeated; other names are public.
    #[arg(long, requires = "check", conflicts_with_all = ["url", "json", "extract"])]
    batch: bool,
    /// The session that remembers what was seen.
    #[arg(long, env = "PALISADE_SESSION", value_name = "ID")]
    session: Option<String>,
    /// Whether to ask on the terminal, where something is to be asked.
    #[arg(long, value_enum, default_value = "auto", env = "PALISADE_SURFACE")]
    surface: asks::Surfaces,
}

pub fn run(arguments: Arguments, profile: Option<&str>) -> Result<ExitCode, Failure> {
    if let Some(url) = arguments.url.as_deref().filter(|url| lacks_scheme(url)) {
        let url = reveal(url);
        return Err(Failure::Usage(format!(
            "`{url}` has no scheme: `palisade fetch https://{url}`"
        )));
    }
    let house = House::open(profile, arguments.session.as_deref())?;
    if arguments.check {
        return check(&arguments, &house);
    }
    house.prepare()?;
    let (surface, terminal) = arguments.surface.find();
    let keeper = house.keeper();
    let session = keeper.session()?;
    let grants = house.grants(&session);
    let mut at = house.circumstances(surface, &grants, &session);
    let url = arguments.url.as_deref().unwrap_or_default();
    let cwd = wire_up::cwd()?;
    let mut judged = judge_fetch(url, &cwd, &at);
    let actor = actor::here(arguments.session.as_deref());
    let asked = judged.decision.verdict() == Verdict::Ask;
    let subject = asked.then(|| Subject::of(&judged, &at, &actor, &[]));
    let desktop = Desktop(house.profile.config.tools.terminal.approval.notify);
    let mut asks = Asks::find(subject.as_ref(), terminal, &house, &actor, &desktop, at.now);
    if asked && asks.is_nobody() {
        // Nobody would see the question, so it is judged as what it is.
        at.posture.surface = Surface::Unattended;
        judged = judge_fetch(url, &cwd, &at);
    }
    let mut journal = house.journal()?;
    let mut web = Online::new(&house.profile.config.tools.fetch)?;
    let mut ports = Ports { actor: &actor, ask: &mut asks, journal: &mut journal, keeper: &keeper };
    let redactor = house.profile.redactor()?;
    let mut fetched = None;
    let done = carry_out(judged, &at, &mut ports, |permit| {
        let (mut outcome, what) = web.fetch(permit, arguments.extract);
        outcome.failure = redactor.redact(&outcome.failure).into_owned();
        fetched = Some(what);
        outcome
    })?;
    web.close();
    crate::show::signed(journal);
    if let Done::Refused(decision) = &done {
        if arguments.json {
            printed(|out| object(out, &Judged::of(decision)))?;
        } else {
            asks::refusal(decision, &asks, &at, &house);
        }
        return Ok(show::code(decision.verdict().max(Verdict::Deny)));
    }
    if let Done::Ran { unrecorded: Some(error), .. } = &done {
        let why = &error.message;
        show::note(&format!("warning: how the fetch ended is not in the journal: {why}"));
    }
    match fetched {
        Some(Fetched::Page(page)) => {
            // Whoever reads the output has seen it from then on.
            let mut taint = Taint::default();
            taint.saw_untrusted(&page.origin);
            keeper.saw(&taint)?;
            let enclosed = enclosed(&page)?;
            printed(|out| {
                if arguments.json {
                    object(out, &Shown::new(&page, &enclosed))
                } else {
                    words(out, &page, &enclosed)
                }
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Fetched::Refused(refused)) => {
            if arguments.json {
                printed(|out| object(out, &Judged::refused(&refused)))?;
            } else {
                show::note(&reveal(&refused.to_string()));
                show::note(&format!("  at `{}`", reveal(&refused.text)));
                show::note(&format!("  instead: {}", refused.instead));
            }
            Ok(show::code(Verdict::Deny))
        }
        Some(Fetched::Failed { why, help }) => {
            if arguments.json {
                printed(|out| object(out, &Unfetched { error: &why, help }))?;
                return Ok(ExitCode::FAILURE);
            }
            show::note(&format!("error: {}", reveal(&why)));
            if let Some(help) = help {
                show::note(&format!("help: {help}"));
            }
            Ok(ExitCode::FAILURE)
        }
        None => Err(Failure::Other("nothing was fetched".into())),
    }
}

/// Whether it is what people type into a browser: a domain, and what follows.
fn lacks_scheme(url: &str) -> bool {
    let host = url.split(['/', '?', '#']).next().unwrap_or_default();
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '.';
    let last = name.rsplit_once('.').map(|(_, last)| last);
    name.chars().all(letter)
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && last.is_some_and(|last| last.chars().any(|letter| letter.is_ascii_alphabetic()))
}

/// The page in its envelope.
fn enclosed(page: &Page) -> Result<Enclosed, Failure> {
    let id = getrandom::u64()
        .map_err(|error| Failure::Other(format!("the system has no random numbers: {error}")))?;
    let form = if page.html { Kind::Html } else { Kind::Text };
    Ok(enclose("page", &page.url, id, &page.text, form))
}

fn words(out: &mut dyn Write, page: &Page, enclosed: &Enclosed) -> io::Result<()> {
    let paint = Paint::on(&io::stdout());
    let mut line = |name: &str, what: &str| {
        writeln!(out, "{} {}", paint.text(Style::Dim, &format!("{name}:")), reveal(what))
    };
    line("status", &page.status.to_string())?;
    for hop in page.hops.iter().filter(|hop| hop.status.is_some()) {
        let status = hop.status.unwrap_or_default();
        line("redirect", &format!("{status} from {}", hop.url))?;
    }
    line("url", &page.url)?;
    let media = if page.media.is_empty() { "unknown" } else { &page.media };
    line("type", &format!("{media}, {} bytes", page.bytes))?;
    if page.hidden > 0 {
        line("hidden", &format!("{} letters that nobody would see were left out", page.hidden))?;
    }
    writeln!(out, "\n{}", enclosed.text)
}

/// What `--json` prints of a page.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    verdict: &'static str,
    status: u16,
    url: &'a str,
    hops: Vec<ShownHop<'a>>,
    media: &'a str,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    hidden: u64,
    findings: Vec<ShownHit>,
    text: &'a str,
}

#[derive(Debug, Serialize)]
struct ShownHop<'a> {
    url: &'a str,
    dialled: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

#[derive(Debug, Serialize)]
struct ShownHit {
    rule: &'static str,
    span: [u32; 2],
}

impl<'a> Shown<'a> {
    fn new(page: &'a Page, enclosed: &'a Enclosed) -> Self {
        let hop = |hop: &'a palisade_runtime::ports::Hop| ShownHop {
            url: &hop.url,
            dialled: &hop.dialled,
            status: hop.status,
        };
        let hit = |hit: &palisade_guards::content::Hit| ShownHit {
            rule: hit.rule,
            span: [hit.span.from, hit.span.to],
        };
        Self {
            verdict: Verdict::Allow.word(),
            status: page.status,
            url: &page.url,
            hops: page.hops.iter().map(hop).collect(),
            media: &page.media,
            bytes: page.bytes,
            title: page.title.as_deref(),
            hidden: page.hidden,
            findings: enclosed.findings.iter().map(hit).collect(),
            text: &enclosed.text,
        }
    }
}

/// What `--json` prints where there is no page.
#[derive(Debug, Serialize)]
struct Unfetched<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'static str>,
}

/// What `--check --json` prints, and `--json` of what was refused.
#[derive(Debug, Serialize)]
struct Judged<'a> {
    verdict: &'static str,
    findings: Vec<Found<'a>>,
}

#[derive(Debug, Serialize)]
struct Found<'a> {
    rule: &'a str,
    why: &'a str,
    text: &'a str,
    instead: &'a str,
}

impl<'a> Judged<'a> {
    fn of(decision: &'a Decision) -> Self {
        let found = decision.findings().iter().map(|finding| Found {
            rule: finding.rule,
            why: &finding.why,
            text: &finding.text,
            instead: finding.instead,
        });
        Self { verdict: decision.verdict().word(), findings: found.collect() }
    }

    fn refused(refusal: &'a Refusal) -> Self {
        let Refusal { rule, why, text, instead } = refusal;
        Self { verdict: Verdict::Deny.word(), findings: vec![Found { rule, why, text, instead }] }
    }
}

fn object(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// Judges without a connection.
fn check(arguments: &Arguments, house: &House) -> Result<ExitCode, Failure> {
    let session = house.keeper().session()?;
    let grants = house.grants(&session);
    let (surface, _) = arguments.surface.find();
    let at = house.circumstances(surface, &grants, &session);
    if arguments.batch {
        return batch(&at);
    }
    let url = arguments.url.as_deref().unwrap_or_default();
    let decision = judge_fetch(url, &wire_up::cwd()?, &at).decision;
    printed(|out| {
        if arguments.json {
            return object(out, &Judged::of(&decision));
        }
        let paint = Paint::on(&io::stdout());
        let verdict = decision.verdict();
        writeln!(out, "{}", paint.text(show::style(verdict), verdict.word()))?;
        for finding in decision.findings() {
            let rule = paint.text(Style::Bold, finding.rule);
            writeln!(out, "  {rule}: {}", reveal(&finding.why))?;
            writeln!(out, "    {}", paint.text(Style::Dim, finding.instead))?;
        }
        Ok(())
    })?;
    if decision.verdict() == Verdict::Allow && !arguments.json {
        show::note("no name was looked up: where one leads is judged when it is fetched");
    }
    Ok(show::code(decision.verdict()))
}

#[derive(Debug, Deserialize)]
struct Asked {
    url: Chain,
    #[serde(default)]
    dns: BTreeMap<String, Vec<Vec<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "`url` is neither an address nor a list of them")]
enum Chain {
    One(String),
    Hops(Vec<String>),
}

#[derive(Debug, Serialize)]
struct Answered {
    verdict: &'static str,
    rule: Option<&'static str>,
    dialled: Vec<String>,
}

fn batch(at: &Circumstances<'_>) -> Result<ExitCode, Failure> {
    let (stage, here) = (Rehearsal::new()?, wire_up::cwd()?);
    let reach = at.profile.config.tools.fetch.reach();
    each_line("{\"url\": \"https://a.example/\"}", |asked| {
        rehearsed(asked, &here, &stage, &reach, at).map_err(str::to_owned)
    })
}

fn rehearsed(
    asked: Asked,
    here: &str,
    stage: &Rehearsal,
    reach: &Reach,
    at: &Circumstances<'_>,
) -> Result<Answered, &'static str> {
    let mut hops = match asked.url {
        Chain::One(url) => vec![url],
        Chain::Hops(hops) => hops,
    }
    .into_iter();
    let Some(first) = hops.next() else {
        return Err("`url` is an empty list");
    };
    let decision = judge_fetch(&first, here, at).decision;
    let (verdict, rules) = (decision.verdict(), decision.rules());
    let target = match Target::parse(&first, reach) {
        Ok(target) if verdict == Verdict::Allow => target,
        Ok(_) | Err(_) => {
            let rule = rules.first().copied();
            return Ok(Answered { verdict: verdict.word(), rule, dialled: Vec::new() });
        }
    };
    let Rehearsed { rule, dialled } =
        stage.play(target, hops, script(&asked.dns, reach), reach.clone());
    let verdict = if rule.is_none() { Verdict::Allow } else { Verdict::Deny };
    Ok(Answered { verdict: verdict.word(), rule, dialled })
}

/// The script that `dns` stands for. An answer that is no address makes its
/// lookup fail.
fn script(dns: &BTreeMap<String, Vec<Vec<String>>>, reach: &Reach) -> Scripted {
    let script = Rehearsal::script();
    for (name, lookups) in dns {
        // The name as the guard writes it, in whatever way it stands here.
        let name = match Destination::new(name, 80, reach).map(|named| named.host().clone()) {
            Ok(Host::Name(name)) => name,
            Ok(Host::Literal(_)) | Err(_) => name.trim_end_matches('.').to_lowercase(),
        };
        for answers in lookups {
            let read = |answer: &String| {
                answer.split('%').next().and_then(|bare| bare.parse::<IpAddr>().ok())
            };
            match answers.iter().map(read).collect::<Option<Vec<_>>>() {
                Some(answers) => script.then(&name, answers),
                None => script.then_fails(&name),
            }
        }
    }
    script
}
