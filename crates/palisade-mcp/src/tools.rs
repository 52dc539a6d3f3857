//! Palisade's own tools as an MCP server: each call through the pipeline.

use std::io;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use palisade_core::ports::{EventKind, FileTools, Outcome};
use palisade_core::{Answer, Command, FileFacts, FileWork, Permit, Search};
use palisade_guards::Taint;
use palisade_guards::call::{Standing, Value};
use palisade_guards::content::scan::Kind;
use palisade_guards::content::{enclose, hygiene, reveal};
use palisade_runtime::ports::Fetched;
use palisade_runtime::{
    Done, Error, FileDone, FileRequest, Request, ToolRequest, judge_command, judge_fetch, use_file,
};
use palisade_shell::EffectKind;

use crate::dispatch::Handler;
use crate::front::{Call, Front, Ticker};
use crate::gate::{Gate, refusal};
use crate::message::{self, code};
use crate::served::{named, unjudged};

/// The tools, as clients are told of them.
static TOOLS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let shown = Value::from_json(SHOWN).unwrap_or(Value::Null);
    let tools = Value::from_json(include_str!("tools.json")).unwrap_or(Value::Null);
    let tools = tools.as_list().unwrap_or(&[]).iter().cloned();
    tools
        .map(|mut tool| {
            if tool.get("outputSchema").and_then(Value::as_text) == Some("shown") {
                tool.set("outputSchema", shown.clone());
            }
            tool
        })
        .collect()
});

/// What the file tools answer.
const SHOWN: &str = r#"{"type":"object","properties":{"text":{"type":"string"},"notes":{"type":"array","items":{"type":"string"}},"more":{"type":"boolean","description":"Something was left out"}},"required":["text","notes","more"]}"#;

/// How long a command has, where nobody says.
const TIMEOUT: u64 = 120;
/// How long a question of an agent waits, where it does not say.
const QUESTION: u64 = 300;
/// How much of a command's output is kept, where the profile does not say.
const OUTPUT: usize = 64 << 10;

/// What a command wrote.
#[derive(Debug, Default)]
pub struct Captured {
    /// The output, without its middle where that was too much.
    pub output: Vec<u8>,
    /// How many bytes were left out.
    pub left_out: u64,
    /// Whether it was ended for its time.
    pub timed_out: bool,
}

/// Somebody who runs commands and keeps what they write.
pub trait Terminal: Sync {
    /// Runs what `permit` allows, as confined as it demands, without input,
    /// for at most `longest` and only while `going` says so; then it and all
    /// that it started are ended. At most `most` bytes of output are kept.
    fn run(
        &self,
        permit: Permit,
        longest: Duration,
        most: usize,
        going: &dyn Fn() -> bool,
    ) -> (Outcome, Captured);
}

/// Makes whoever fetches pages, for one page.
pub type Web<'a> = dyn Fn() -> io::Result<Box<dyn palisade_runtime::ports::Web>> + Sync + 'a;

/// Palisade's own tools.
pub struct Tools<'a> {
    /// What judges and records.
    pub gate: &'a Gate<'a>,
    /// The client's side.
    pub front: Front,
    /// The file tools.
    pub files: &'a (dyn FileTools + Sync),
    /// Who runs commands.
    pub terminal: &'a dyn Terminal,
    /// Who fetches pages, where this build can.
    pub web: Option<&'a Web<'a>>,
    /// Says something to the person.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

impl Handler for Tools<'_> {
    fn front(&self) -> &Front {
        &self.front
    }

    fn hello(&self) -> Value {
        Value::map([
            ("capabilities", Value::map([("tools", Value::Map(Vec::new()))])),
            (
                "serverInfo",
                Value::map([
                    ("name", "palisade".into()),
                    ("version", env!("CARGO_PKG_VERSION").into()),
                ]),
            ),
        ])
    }

    fn request(&self, call: &Arc<Call>, method: &str, message: &Value) {
        match method {
            "tools/list" => {
                let offered = TOOLS.iter().filter(|tool| {
                    let name = tool.get("name").and_then(Value::as_text).unwrap_or("");
                    self.offers(name)
                });
                call.answer(Value::map([("tools", offered.cloned().collect::<Vec<_>>().into())]));
            }
            "tools/call" => self.call(call, message),
            _ => call.fail(code::METHOD, "there is no such method"),
        }
    }

    // A cancelled call sees that by itself.
    fn cancelled(&self, _: &str) {}
    fn notification(&self, _: &str, _: &Value) {}
    fn response(&self, _: &str, _: Value) {}
}

/// What a tool answers: text, and the same in the shape of its schema.
struct Answered {
    text: String,
    structured: Option<Value>,
}

impl Tools<'_> {
    fn offers(&self, name: &str) -> bool {
        let web = !name.starts_with("web_") || self.web.is_some();
        web && !self.gate.profile.calls.denies(Some("palisade"), name)
    }

    fn call(&self, call: &Arc<Call>, request: &Value) {
        let (name, arguments) = match named(request) {
            Ok(named) => named,
            Err(why) => return call.fail(code::PARAMS, why),
        };
        let tool =
            TOOLS.iter().find(|tool| tool.get("name").and_then(Value::as_text) == Some(&name));
        let Some(tool) = tool.filter(|_| self.offers(&name)) else {
            return call.fail(code::PARAMS, "there is no such tool");
        };
        if let Err(why) = fits(tool, &arguments) {
            return call.fail(code::PARAMS, &why);
        }
        let asked = Arguments(&arguments);
        let ruled = self.ruled(call, &name, &arguments);
        let done = match name.as_str() {
            _ if ruled.is_err() => {
                ruled.map(|()| Answered { text: String::new(), structured: None })
            }
            "terminal" => self.terminal(call, &asked),
            "web_fetch" | "web_extract" => self.page(call, &asked, name == "web_extract"),
            "request_approval" => self.approval(call, &asked),
            name => self.file(call, name, &asked),
        };
        match done {
            Ok(Answered { text, structured }) => {
                let content = Value::map([("type", "text".into()), ("text", text.into())]);
                let mut result = Value::map([("content", vec![content].into())]);
                if let Some(structured) = structured {
                    result.set("structuredContent", structured);
                }
                call.answer(result);
            }
            Err(why) => call.answer(message::failed_call(&why)),
        }
    }

    /// The profile's rules over arguments hold for our own tools, too: what
    /// they say is judged and recorded before the tool's own judge is asked.
    fn ruled(&self, call: &Arc<Call>, name: &str, arguments: &Value) -> Result<(), String> {
        if !self.gate.profile.calls.speaks_of(Some("palisade"), name) {
            return Ok(());
        }
        let request = ToolRequest {
            server: Some("palisade".to_owned()),
            tool: name.to_owned(),
            arguments: Ok(arguments.clone()),
            cwd: self.gate.cwd.clone(),
            standing: Standing::Known,
        };
        let done = self.gate.tool(&self.front, call, request, |permit| {
            // What was permitted is to go on to the tool's own judge.
            let _ = permit.spend();
            Outcome::default()
        });
        self.ran(call, done).map(|_| ())
    }

    fn terminal(&self, call: &Arc<Call>, asked: &Arguments<'_>) -> Result<Answered, String> {
        let cwd = self.directory(asked)?;
        let longest =
            Duration::from_secs(asked.number("timeout_s").unwrap_or(TIMEOUT).clamp(1, 3600));
        let limits = &self.gate.profile.config.tools.terminal.limits;
        let longest = limits.wall_s.map_or(longest, |wall| longest.min(Duration::from_secs(wall)));
        let kib = limits.output_kb.and_then(|kib| usize::try_from(kib).ok());
        let most = kib.map_or(OUTPUT, |kib| kib.saturating_mul(1024));
        let command = Command::Shell(asked.text("command").to_owned());
        let request = Request { command, cwd };
        let mut captured = None;
        let mut reaches = false;
        let ticker = Ticker::start(call, "the command is running");
        let done = self.gate.carry(
            &self.front,
            call,
            |at| {
                let judged = judge_command(request, at);
                let connects = |kind: &EffectKind| {
                    matches!(kind, EffectKind::Connect { .. } | EffectKind::RemoteShell)
                };
                reaches = judged.analysis.effects.iter().any(|effect| connects(&effect.kind));
                Ok(judged)
            },
            |permit| {
                let going = || !call.is_cancelled() && !self.front.is_closed();
                let (outcome, output) = self.terminal.run(permit, longest, most, &going);
                captured = Some(output);
                outcome
            },
        );
        drop(ticker);
        let outcome = self.ran(call, done)?;
        let captured = captured.unwrap_or_default();
        if !outcome.failure.is_empty() {
            return Err(format!(
                "the command could not be started: {}",
                self.gate.redactor.redact(&outcome.failure)
            ));
        }
        let output = String::from_utf8_lossy(&captured.output);
        let output = self.gate.redactor.redact(&output);
        let output = match reaches {
            true => {
                enclose(
                    "command output",
                    "a command that reaches the network",
                    (self.gate.lot)(),
                    &output,
                    Kind::Terminal,
                )
                .text
            }
            false => hygiene::written_out(&output, Kind::Terminal).into_owned(),
        };
        let code = i64::from(outcome.exit.unwrap_or_else(|| 128 + outcome.signal.unwrap_or(0)));
        let mut text = output.clone();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        if captured.left_out > 0 {
            text.push_str(&format!("[{} bytes were left out of the middle]\n", captured.left_out));
        }
        if captured.timed_out {
            text.push_str(&format!("[ended after {} seconds]\n", longest.as_secs()));
        }
        text.push_str(&format!("[exit code {code}]"));
        let structured = Value::map([
            ("output", output.into()),
            ("exit_code", code.into()),
            ("timed_out", captured.timed_out.into()),
            ("left_out", i64::try_from(captured.left_out).unwrap_or(i64::MAX).into()),
        ]);
        Ok(Answered { text, structured: Some(structured) })
    }

    fn directory(&self, asked: &Arguments<'_>) -> Result<String, String> {
        match asked.text("cwd") {
            "" => Ok(self.gate.cwd.clone()),
            path if path.starts_with('/') => Ok(path.to_owned()),
            path => Ok(format!("{}/{path}", self.gate.cwd)),
        }
    }

    fn ran(&self, call: &Call, done: Result<Done, Error>) -> Result<Outcome, String> {
        match done {
            Ok(Done::Ran { outcome, unrecorded }) => {
                if let Some(error) = unrecorded {
                    (self.tell)(&format!(
                        "how a call ended is not in the journal: {}",
                        error.message
                    ));
                }
                Ok(outcome)
            }
            Ok(Done::Refused(decision)) => Err(refusal(&decision, self.gate.redactor, call)),
            Err(error) => Err(unjudged(&error, self.tell)),
        }
    }

    fn file(
        &self,
        call: &Arc<Call>,
        name: &str,
        asked: &Arguments<'_>,
    ) -> Result<Answered, String> {
        let work = match name {
            "read_file" => FileWork::Read {
                from: asked.number("from").unwrap_or(0),
                lines: asked.number("lines"),
                numbered: asked.flag("numbered"),
            },
            "write_file" => FileWork::Write {
                content: asked.text("content").to_owned(),
                parents: asked.flag("make_directories"),
            },
            "edit_file" => FileWork::Edit {
                old: asked.text("old").to_owned(),
                new: asked.text("new").to_owned(),
                all: asked.flag("all"),
            },
            "list" => FileWork::List,
            _ => FileWork::Search(Search {
                pattern: asked.text("pattern").to_owned(),
                literal: asked.flag("literal"),
                ignore_case: asked.flag("ignore_case"),
                globs: asked.texts("globs"),
                all: asked.flag("all"),
                context: asked.number("context").map_or(0, |lines| lines.min(20) as usize),
                most: asked.number("most").and_then(|most| usize::try_from(most).ok()),
            }),
        };
        let path = Some(asked.text("path")).filter(|path| !path.is_empty()).unwrap_or(".");
        let request = FileRequest { path: path.to_owned(), cwd: self.gate.cwd.clone(), work };
        let done = self.gate.file(&self.front, call, &request, self.files, use_file);
        let shown = match done {
            Ok(FileDone::Refused(decision)) => {
                return Err(refusal(&decision, self.gate.redactor, call));
            }
            Ok(FileDone::Tried { result, unrecorded }) => {
                if let Some(error) = unrecorded {
                    (self.tell)(&format!(
                        "how a call ended is not in the journal: {}",
                        error.message
                    ));
                }
                result.map_err(|fault| reveal(&self.gate.redactor.redact(&fault.to_string())))?
            }
            Err(error) => return Err(unjudged(&error, self.tell)),
        };
        let foreign = shown.sources.iter().any(|source| {
            let facts = FileFacts {
                real: source.real.clone(),
                ..FileFacts::of_text(source.placed.as_str())
            };
            palisade_guards::file::is_foreign(&facts, self.gate.places)
        });
        let text = self.gate.redactor.redact(&shown.text);
        let text = match foreign {
            true => enclose("file", path, (self.gate.lot)(), &text, Kind::Text).text,
            false => hygiene::written_out(&text, Kind::Code).into_owned(),
        };
        let notes: Vec<Value> = shown
            .notes
            .iter()
            .map(|note| self.gate.redactor.redact(note).into_owned().into())
            .collect();
        let mut whole = text.clone();
        for note in &notes {
            if !whole.is_empty() && !whole.ends_with('\n') {
                whole.push('\n');
            }
            whole.push_str(&format!("[{}]", note.as_text().unwrap_or("")));
        }
        let structured = Value::map([
            ("text", text.into()),
            ("notes", notes.into()),
            ("more", shown.more.into()),
        ]);
        Ok(Answered { text: whole, structured: Some(structured) })
    }

    fn page(
        &self,
        call: &Arc<Call>,
        asked: &Arguments<'_>,
        extract: bool,
    ) -> Result<Answered, String> {
        let _ticker = Ticker::start(call, "the page is fetched");
        let web = self.web.ok_or("this build fetches no pages")?;
        let cwd = &self.gate.cwd;
        let mut fetched = None;
        let done = self.gate.carry(
            &self.front,
            call,
            |at| Ok(judge_fetch(asked.text("url"), cwd, at)),
            |permit| match web() {
                Ok(mut web) => {
                    let (outcome, what) = web.fetch(permit, extract);
                    fetched = Some(what);
                    outcome
                }
                Err(error) => {
                    // The permit is spent on nothing.
                    let _ = permit.spend();
                    Outcome { failure: error.to_string(), ..Outcome::default() }
                }
            },
        );
        self.ran(call, done)?;
        let page = match fetched {
            Some(Fetched::Page(page)) => page,
            Some(Fetched::Refused(refused)) => {
                return Err(format!(
                    "refused: {}\ninstead: {}",
                    reveal(&refused.to_string()),
                    refused.instead
                ));
            }
            Some(Fetched::Failed { why, help }) => {
                let help = help.map_or(String::new(), |help| format!(" ({help})"));
                return Err(format!("{}{help}", reveal(&why)));
            }
            None => return Err("the page could not be fetched".into()),
        };
        // The model has seen it from then on.
        let mut taint = Taint::default();
        taint.saw_untrusted(&page.origin);
        self.gate.keeper.saw(&taint).map_err(|error| unjudged(&error, self.tell))?;
        let text = self.gate.redactor.redact(&page.text);
        let form = if page.html { Kind::Html } else { Kind::Text };
        let enclosed = enclose("page", &page.url, (self.gate.lot)(), &text, form);
        let mut head = format!("[status {}, {} bytes]\n", page.status, page.bytes);
        if page.hidden > 0 {
            head.push_str(&format!(
                "[{} letters that nobody would see were left out]\n",
                page.hidden
            ));
        }
        Ok(Answered { text: head + &enclosed.text, structured: None })
    }

    fn approval(&self, call: &Arc<Call>, asked: &Arguments<'_>) -> Result<Answered, String> {
        let _ticker = Ticker::start(call, "waiting for approval");
        let wait =
            Duration::from_secs(asked.number("timeout_s").unwrap_or(QUESTION).clamp(1, 3600));
        let question = Question {
            action: asked.text("action"),
            details: asked.text("details"),
            risk: asked.text("risk"),
            wait,
        };
        let text = self.gate.redactor.redact(&question.text()).into_owned();
        self.gate
            .event(EventKind::Approval, &format!("asked by the agent: {text}"))
            .map_err(|error| unjudged(&error, self.tell))?;
        let (answer, word) = self.gate.question(&self.front, call, &question);
        let approved = matches!(answer, Some(Answer::Once | Answer::Session | Answer::Always));
        let said = match answer {
            Some(_) if approved => "once",
            Some(_) => "denied",
            None => "nobody could be asked",
        };
        self.gate
            .event(EventKind::Approval, &format!("{said}: {text}"))
            .map_err(|error| unjudged(&error, self.tell))?;
        let text = match (answer, approved) {
            (None, _) => {
                "nobody could be asked, which is a no: tell the user what you want to do".to_owned()
            }
            (_, true) => format!("approved: {word}"),
            (_, false) => format!("denied: {word}"),
        };
        let text = text.trim_end_matches(": ").to_owned();
        let structured = Value::map([("approved", approved.into()), ("word", word.into())]);
        Ok(Answered { text, structured: Some(structured) })
    }
}

/// A question that an agent puts by itself.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What it wants to do.
    pub action: &'a str,
    /// What the person needs to know.
    pub details: &'a str,
    /// What it says of the risk: `low`, `medium`, `high` or `critical`.
    pub risk: &'a str,
    /// How long it waits.
    pub wait: Duration,
}

impl Question<'_> {
    /// All of it as text.
    pub fn text(&self) -> String {
        format!("{}\n{}\nrisk, as the agent says: {}", self.action, self.details, self.risk)
    }
}

/// Arguments that fit the tool's schema.
struct Arguments<'a>(&'a Value);

impl Arguments<'_> {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_text).unwrap_or("")
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    fn number(&self, name: &str) -> Option<u64> {
        match self.0.get(name) {
            Some(Value::Number(number)) => number.text().parse().ok(),
            _ => None,
        }
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let values = self.0.get(name).and_then(Value::as_list).unwrap_or(&[]);
        values.iter().filter_map(Value::as_text).map(str::to_owned).collect()
    }
}

/// Whether arguments are what the tool's schema says: as much of JSON Schema
/// as our own schemas use.
fn fits(tool: &Value, arguments: &Value) -> Result<(), String> {
    let schema = tool.get("inputSchema").unwrap_or(&Value::Null);
    let properties = schema.get("properties").unwrap_or(&Value::Null);
    let Value::Map(entries) = arguments else { return Err("the arguments are no map".into()) };
    for (name, value) in entries {
        let Some(property) = properties.get(name) else {
            return Err(format!("there is no argument `{}`", reveal(name)));
        };
        let kind = property.get("type").and_then(Value::as_text).unwrap_or("");
        let fits = match (kind, value) {
            ("string", Value::Text(text)) => property
                .get("enum")
                .and_then(Value::as_list)
                .is_none_or(|known| known.iter().any(|one| one.as_text() == Some(text))),
            ("boolean", Value::Bool(_)) => true,
            ("integer", Value::Number(number)) => number.text().parse::<u64>().is_ok(),
            ("array", Value::List(values)) => values.iter().all(|value| value.as_text().is_some()),
            _ => false,
        };
        if !fits {
            return Err(format!("the argument `{name}` is not what the schema says"));
        }
    }
    for name in schema.get("required").and_then(Value::as_list).unwrap_or(&[]) {
        let name = name.as_text().unwrap_or("");
        if arguments.get(name).is_none() {
            return Err(format!("the argument `{name}` is missing"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_are_whole() {
        assert_eq!(TOOLS.len(), 9);
        for tool in TOOLS.iter() {
            let name = tool.get("name").unwrap().as_text().unwrap();
            assert!(
                tool.get("description").is_some() && tool.get("annotations").is_some(),
                "{name}"
            );
            assert!(tool.get("inputSchema").unwrap().get("type").is_some(), "{name}");
            assert!(
                tool.get("outputSchema").is_none_or(|schema| matches!(schema, Value::Map(_))),
                "{name}"
            );
        }
        let tool = &TOOLS[0];
        let fit = |text: &str| fits(tool, &Value::from_json(text).unwrap());
        assert_eq!(fit(r#"{"command":"ls","timeout_s":3}"#), Ok(()));
        for text in [
            r#"{"command":1}"#,
            "{}",
            r#"{"command":"ls","shell":"x"}"#,
            r#"{"command":"ls","timeout_s":-1}"#,
        ] {
            assert!(fit(text).is_err(), "{text}");
        }
    }
}
