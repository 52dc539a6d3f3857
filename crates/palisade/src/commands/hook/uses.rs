//! What a call would do, judged.

use palisade_core::ports::FileTools;
use palisade_core::{Action, Command, FileFacts, FileUse, Verdict, judge};
use palisade_guards::call::Standing;
use palisade_guards::{Taint, command, file, typed};
use palisade_runtime::{
    Circumstances, Error, Judged, Keeper, Request, ToolRequest, judge_command, judge_fetch,
    judge_file, judge_tool,
};
use palisade_shell::{Analysis, Labels};
use palisade_wire::{Call, Client, Use};

use super::session::Opened;

/// A judged part of a call.
pub(super) struct Part {
    pub(super) judged: Judged,
    /// What the model will have seen once it has happened.
    pub(super) shows: Taint,
}

/// Judges every part of a call: each thing that it does, and the tool with its
/// arguments as the profile's rules see it. A call that does nothing outside
/// the conversation, and of which no rule speaks, has no parts. Without a
/// `keeper` nothing is counted.
///
/// # Errors
/// Where a rule counts calls and the count cannot be kept.
pub(super) fn judged(
    client: &Client,
    call: &Call,
    opened: &Opened,
    at: &Circumstances<'_>,
    keeper: Option<&Keeper<'_>>,
) -> Result<Vec<Part>, Error> {
    let (cwd, files) = (opened.cwd.as_str(), opened.house.files());
    let mut parts = Vec::new();
    // All ways to read a name; the strictest verdict is the one that counts.
    let mut named: Vec<Vec<(Option<&str>, &str)>> = Vec::new();
    for one in &call.uses {
        match one {
            Use::Mcp { server, tool, otherwise } => {
                let others = otherwise.iter().map(|(server, tool)| (server, tool));
                let all = std::iter::once((server, tool)).chain(others);
                named.push(
                    all.map(|(server, tool)| (Some(server.as_str()), tool.as_str())).collect(),
                )
            }
            Use::Unknown => named.push(vec![(None, call.tool.as_str())]),
            _ => {}
        }
    }
    let arguments = call.arguments.line();
    for ways in &named {
        let mut worst: Option<Part> = None;
        for (server, tool) in ways {
            let request = ToolRequest::of_json(*server, tool, &arguments, cwd, Standing::Unknown);
            let mut shows = Taint::default();
            shows.saw_untrusted(&format!("the tool {}", request.name()));
            let part = Part { judged: judge_tool(request, at, keeper)?, shows };
            let grade =
                |part: &Part| (part.judged.decision.verdict(), part.judged.decision.severity());
            if worst.as_ref().is_none_or(|worst| grade(worst) < grade(&part)) {
                worst = Some(part);
            }
        }
        parts.extend(worst);
    }
    // What is in no table can be the tool of a server, whose name the client
    // puts before it: a rule about that server speaks of it as well.
    if call.uses.contains(&Use::Unknown) {
        for (server, tool) in client.readings(&call.tool) {
            let request =
                ToolRequest::of_json(Some(server), tool, &arguments, cwd, Standing::Known);
            let judged = judge_tool(request, at, keeper)?;
            if !judged.decision.findings().is_empty() {
                parts.push(Part { judged, shows: Taint::default() });
            }
        }
    }
    // Under the name that the client gives it, every tool is looked at.
    let whole = ToolRequest::of_json(None, &call.tool, &arguments, cwd, Standing::Known);
    let counted = keeper.filter(|_| named.is_empty());
    let whole = judge_tool(whole, at, counted)?;
    if !whole.decision.findings().is_empty() {
        parts.push(Part { judged: whole, shows: Taint::default() });
    }
    for one in &call.uses {
        parts.extend(part(client, call, one, (cwd, &files), at));
    }
    Ok(parts)
}

fn part(
    client: &Client,
    call: &Call,
    one: &Use,
    (cwd, files): (&str, &dyn FileTools),
    at: &Circumstances<'_>,
) -> Option<Part> {
    let file = |how, path: &str, content: Option<&str>| {
        let path = path.strip_prefix('@').filter(|_| client.name == "pi").unwrap_or(path);
        let judged = judge_file(how, (path, content), cwd, files, at);
        let shows = shown_of(&judged, at);
        Part { judged, shows }
    };
    // Some clients take `..` out of the text before they open, others let the
    // kernel follow it through links.
    let both = |how, path: &str, content: Option<&str>| {
        let part = file(how, path, content);
        if !path.contains("..") {
            return part;
        }
        let plain = file(how, &files.absolute(path, cwd), content);
        let worse = plain.judged.decision.verdict() > part.judged.decision.verdict();
        if worse { plain } else { part }
    };
    Some(match one {
        Use::Shell { command: line, cwd: place } => {
            shell(client, line, place.as_deref(), (cwd, files), at)
        }
        Use::File { how, path, content } => {
            both(*how, path, content.as_deref().filter(|_| *how == FileUse::Write))
        }
        Use::Notebook { path } => both(FileUse::Edit, path, None),
        Use::Fetch { url } => fetch(url, cwd, at),
        Use::WebSearch => {
            let mut shows = Taint::default();
            shows.saw_untrusted("a search of the web");
            Part { judged: plain(call, cwd, at), shows }
        }
        Use::Untrusted => {
            let mut shows = Taint::default();
            shows.saw_untrusted(&format!("the tool {}", call.tool));
            Part { judged: plain(call, cwd, at), shows }
        }
        Use::Subagent => Part { judged: plain(call, cwd, at), shows: Taint::default() },
        Use::WriteStdin { text } => {
            let action = tool(call, cwd);
            let decision = judge(action, typed::typed(text), at.posture, at.grants, None, at.now);
            let judged = Judged { decision, analysis: Analysis::default(), text: text.clone() };
            Part { judged, shows: Taint::default() }
        }
        // Judged by their names above.
        Use::Internal | Use::Mcp { .. } | Use::Unknown => return None,
    })
}

fn shell(
    client: &Client,
    line: &str,
    place: Option<&str>,
    (cwd, files): (&str, &dyn FileTools),
    at: &Circumstances<'_>,
) -> Part {
    let cwd = place.map_or_else(|| cwd.to_owned(), |place| files.absolute(place, cwd));
    let request = Request { command: Command::Shell(line.to_owned()), cwd };
    let mut judged = judge_command(request, at);
    if client.support.types_unseen {
        let more = typed::conversations(line, &judged.analysis);
        if !more.is_empty() {
            let mut findings = judged.decision.findings().to_vec();
            findings.extend(more);
            let action = judged.decision.action().clone();
            judged.decision = judge(action, findings, at.posture, at.grants, None, at.now);
        }
    }
    let shows = command::shown(&judged.analysis);
    Part { judged, shows }
}

/// An address is judged by its text here: the client looks its name up and
/// follows its redirects by itself.
fn fetch(url: &str, cwd: &str, at: &Circumstances<'_>) -> Part {
    let judged = judge_fetch(url, cwd, at);
    let mut shows = Taint::default();
    if judged.decision.verdict() != Verdict::Deny {
        // The host alone: what follows it may be long, and is the model's own.
        let rest = judged.text.split_once("://").map_or(judged.text.as_str(), |(_, rest)| rest);
        shows.saw_untrusted(rest.split(['/', '?', '#']).next().unwrap_or(rest));
    }
    Part { judged, shows }
}

fn tool(call: &Call, cwd: &str) -> Action {
    Action::Tool { name: call.tool.clone(), arguments: call.arguments.line(), cwd: cwd.to_owned() }
}

fn plain(call: &Call, cwd: &str, at: &Circumstances<'_>) -> Judged {
    let action = tool(call, cwd);
    let decision = judge(action, Vec::new(), at.posture, at.grants, None, at.now);
    let text = format!("{} {}", call.tool, call.arguments.line());
    Judged { decision, analysis: Analysis::default(), text }
}

/// What the model sees of a file that it reads or searches.
fn shown_of(judged: &Judged, at: &Circumstances<'_>) -> Taint {
    let mut shows = Taint::default();
    let Action::File { how: FileUse::Read | FileUse::Search, path, real, .. } =
        judged.decision.action()
    else {
        return shows;
    };
    let facts = FileFacts { real: real.clone(), ..FileFacts::of_text(real.as_str()) };
    let labels = at.session.labels(path).and(at.session.labels(real));
    let secret = labels.has(Labels::SECRET) || labels.has(Labels::ENVIRONMENT);
    if secret || file::is_private(&facts, at.places) {
        shows.saw_private(path);
    }
    if labels.has(Labels::DOWNLOADED) || file::is_foreign(&facts, at.places) {
        shows.saw_untrusted(&format!("the file {path}"));
    }
    shows
}
