//! What all clients have in common: a table of tools, the names of their
//! fields, and the forms of their answers.

use crate::call::{Call, Event, Malformed, Payload, Use};
use crate::json::Json;
use crate::shape::{Shape, optional};

/// The names of tools are no longer than this, in bytes.
const LONGEST_NAME: usize = 512;

/// Whether a client's contract was seen on the real client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tested {
    /// Seen on this version.
    Run(&'static str),
    /// Taken from its documentation; never run.
    Documented,
}

/// What a client's hooks can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Support {
    /// Change the arguments of a call.
    pub rewrite: bool,
    /// Put other output in the place of a tool's.
    pub replace: bool,
    /// Its agent can type into programs that run, and no hook sees what.
    pub types_unseen: bool,
}

/// The names of the fields of a payload, joined by dots; empty where there is
/// no such field. The arguments `.` are all of the payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    pub(crate) event: &'static str,
    pub(crate) tool: &'static str,
    pub(crate) arguments: &'static str,
    pub(crate) output: &'static str,
    pub(crate) id: &'static str,
    pub(crate) stamp: &'static str,
    pub(crate) session: &'static str,
    pub(crate) subagent: &'static str,
    /// Whose subagent it is; where there is such a field and it is empty, it
    /// is none.
    pub(crate) parent: &'static str,
    pub(crate) cwd: &'static str,
    pub(crate) mode: &'static str,
    pub(crate) attended: &'static str,
    /// The server and the tool of an MCP tool, where the client says them.
    pub(crate) mcp: (&'static str, &'static str),
}

impl Fields {
    pub(crate) const NONE: Self = Self {
        event: "",
        tool: "",
        arguments: "",
        output: "",
        id: "",
        stamp: "",
        session: "",
        subagent: "",
        parent: "",
        cwd: "",
        mode: "",
        attended: "",
        mcp: ("", ""),
    };
}

/// One agent client.
#[derive(Debug)]
pub struct Client {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its name for a person.
    pub title: &'static str,
    /// Whether its contract was seen.
    pub tested: Tested,
    /// What its hooks can do.
    pub support: Support,
    /// Its tools.
    pub tools: &'static [(&'static str, Shape)],
    /// Its events, as it and its configuration spell them.
    pub events: &'static [(&'static str, Event)],
    /// The fields of its payloads: the first whose tool is there counts.
    pub(crate) fields: &'static [Fields],
    /// The server and the tool in the name of an MCP tool, in all ways in which
    /// the name can be read; the likeliest first.
    pub(crate) mcp: fn(&str) -> Vec<(&str, &str)>,
    /// The form of a refusal, or of withheld output after the event.
    pub(crate) deny: fn(Event, &str, Option<&Call>) -> Json,
    /// The form of a question to the client's own user, where it was seen to
    /// be put.
    pub(crate) ask: Option<fn(&str) -> Json>,
    /// The form of other arguments; they are all of the arguments.
    pub(crate) rewrite: Option<fn(Json) -> Json>,
    /// The form of other output.
    pub(crate) replace: Option<fn(Json) -> Json>,
    /// Under which keys the text that a tool gives stands in its output.
    pub(crate) texts: &'static [&'static str],
}

impl Client {
    /// The event of this name: as the client spells it, or `before`,
    /// `permission`, `after`.
    pub fn event(&self, name: &str) -> Option<Event> {
        match name {
            "before" => Some(Event::Before),
            "permission" => Some(Event::Permission),
            "after" => Some(Event::After),
            _ => self.events.iter().find(|(known, _)| *known == name).map(|(_, event)| *event),
        }
    }

    /// Reads what came on standard input. `event` is what the command line
    /// says; a payload that names its event itself is taken at its word, since
    /// both come from the client and one configured line may serve several
    /// events.
    ///
    /// # Errors
    /// Where it is no JSON within the bounds, or not a payload of this client.
    pub fn read(&self, event: Option<Event>, bytes: &[u8]) -> Result<Payload, Malformed> {
        let payload = Json::parse(bytes)?;
        let has = |path: &str| !path.is_empty() && payload.at(path).is_some();
        let fields = self
            .fields
            .iter()
            .find(|fields| has(fields.tool) && (has(fields.arguments) || fields.arguments == "."))
            .or_else(|| self.fields.iter().find(|fields| has(fields.tool)))
            .ok_or_else(|| Malformed::new("it names no tool"))?;
        let text = |path: &str| optional(&payload, path);
        let named = match text(fields.event)? {
            Some(name) => Some(
                self.event(&name).ok_or_else(|| Malformed::new("it is of an event not known"))?,
            ),
            None => None,
        };
        let output = Some(fields.output).filter(|path| has(path)).and_then(|path| payload.at(path));
        let event = match (named, event) {
            (Some(named), _) => named,
            // A client that names its events and did not is told by its line.
            (None, Some(event)) if !fields.event.is_empty() => event,
            (None, _) if output.is_some() => Event::After,
            (None, Some(event)) => event,
            (None, None) => Event::Before,
        };
        let arguments = self.arguments(&payload, fields)?;
        let tool = text(fields.tool)?.filter(|name| !name.is_empty());
        let tool = tool.ok_or_else(|| Malformed::new("it names no tool"))?;
        let within = tool.len() <= LONGEST_NAME;
        let tool = Some(tool).filter(|_| within);
        let tool = tool.ok_or_else(|| Malformed::new("the name of its tool is too long"))?;
        let cwd = text(fields.cwd)?.filter(|cwd| !cwd.is_empty());
        if cwd.as_deref().is_some_and(|cwd| !cwd.starts_with('/') || cwd.contains('\0')) {
            return Err(Malformed::new("its directory is not absolute"));
        }
        let stamp = match (fields.stamp, payload.at(fields.stamp)) {
            ("", _) | (_, None | Some(Json::Null)) => None,
            (_, Some(Json::Text(text))) => Some(text.clone()),
            (_, Some(Json::Number(number))) => Some(number.to_string()),
            _ => return Err(Malformed::new("its time is none")),
        };
        let attended = match (fields.attended, payload.at(fields.attended)) {
            ("", _) | (_, None | Some(Json::Null)) => false,
            (_, Some(Json::Bool(attended))) => *attended,
            _ => return Err(Malformed::new("a field has the wrong type")),
        };
        let subagent = text(fields.subagent)?.filter(|id| !id.is_empty());
        let first = !fields.parent.is_empty() && text(fields.parent)?.is_none();
        let (tool, arguments) = self.meant(tool, arguments)?;
        let mut uses = self.uses(&tool, &arguments)?;
        let (server, name) = (text(fields.mcp.0)?, text(fields.mcp.1)?);
        if let ([Use::Mcp { .. }], Some(server), Some(tool)) = (uses.as_slice(), server, name) {
            uses = vec![Use::Mcp { server, tool, otherwise: Vec::new() }];
        }
        let call = Call {
            uses,
            arguments,
            id: text(fields.id)?.filter(|id| !id.is_empty()),
            stamp,
            session: text(fields.session)?.filter(|id| !id.is_empty()),
            subagent: subagent.filter(|_| !first),
            cwd,
            mode: text(fields.mode)?,
            attended,
            tool,
        };
        Ok(Payload { event, call, output: output.cloned() })
    }

    /// An object; some clients give it as the text of one.
    fn arguments(&self, payload: &Json, fields: &Fields) -> Result<Json, Malformed> {
        if fields.arguments == "." {
            return Ok(payload.clone());
        }
        match payload.at(fields.arguments) {
            None | Some(Json::Null) => Ok(Json::Object(Vec::new())),
            Some(Json::Object(found)) => Ok(Json::Object(found.clone())),
            Some(Json::Text(text)) => match Json::parse(text.as_bytes()) {
                Ok(Json::Object(found)) => Ok(Json::Object(found)),
                // Free text is what a patch tool gets.
                _ if !text.trim_start().starts_with('{') => Ok(Json::Text(text.clone())),
                _ => Err(Malformed::new("its arguments are no object")),
            },
            Some(_) => Err(Malformed::new("its arguments are no object")),
        }
    }

    /// The tool that is used in the end, where one hands the call to another.
    fn meant(&self, mut tool: String, mut arguments: Json) -> Result<(String, Json), Malformed> {
        for _ in 0..4 {
            let Some(Shape::Another(name, inner)) = self.shape(&tool) else {
                return Ok((tool, arguments));
            };
            tool = crate::shape::required(&arguments, name)?.to_owned();
            arguments = match arguments.at(inner) {
                None | Some(Json::Null) => Json::Object(Vec::new()),
                Some(Json::Object(fields)) => Json::Object(fields.clone()),
                Some(_) => return Err(Malformed::new("its arguments are no object")),
            };
        }
        Err(Malformed::new("its tool only uses others"))
    }

    fn shape(&self, tool: &str) -> Option<Shape> {
        self.tools.iter().find(|(name, _)| *name == tool).map(|(_, shape)| *shape)
    }

    /// What a tool would do with these arguments.
    fn uses(&self, tool: &str, arguments: &Json) -> Result<Vec<Use>, Malformed> {
        const MOST_WAYS: usize = 32;
        if let Some(shape) = self.shape(tool) {
            return shape.uses(arguments);
        }
        let ways = (self.mcp)(tool);
        if ways.len() > MOST_WAYS {
            return Err(Malformed::new("the name of its tool can be read in too many ways"));
        }
        let mut ways = ways.into_iter().map(|(server, tool)| (server.to_owned(), tool.to_owned()));
        Ok(vec![match ways.next() {
            Some((server, tool)) => Use::Mcp { server, tool, otherwise: ways.collect() },
            None => Use::Unknown,
        }])
    }

    /// The server and the tool that a name in no table may stand for, in all
    /// ways: some clients join the two and do not say where one ends.
    pub fn readings<'a>(&self, tool: &'a str) -> Vec<(&'a str, &'a str)> {
        ["_", "-", "/", ".", ":"].iter().flat_map(|mark| ways(tool, mark)).collect()
    }

    /// A refusal; after the event, output withheld. `call` is what was read,
    /// if anything was.
    pub fn deny(&self, event: Event, reason: &str, call: Option<&Call>) -> String {
        (self.deny)(event, reason, call).line()
    }

    /// `reason` in the place of all that a tool gave, in the shape that it has.
    pub fn withhold(&self, output: &Json, reason: &str, call: Option<&Call>) -> String {
        let mut output = output.clone();
        let mut said = false;
        self.texts(&mut output, &mut |own, text| {
            let words = if own && !said { reason } else { "" };
            if own {
                *text = words.to_owned();
                said = true;
            }
        });
        match self.replace(output).filter(|_| said) {
            Some(line) => line,
            None => self.deny(Event::After, reason, call),
        }
    }

    /// A question to the client's own user; `None` where the client was not
    /// seen to put it.
    pub fn ask(&self, reason: &str) -> Option<String> {
        self.ask.map(|ask| ask(reason).line())
    }

    /// Other arguments for the call; `None` where the client does not take
    /// them.
    pub fn rewrite(&self, arguments: Json) -> Option<String> {
        self.rewrite.map(|rewrite| rewrite(arguments).line())
    }

    /// Other output for the call; `None` where the client does not take it.
    pub fn replace(&self, output: Json) -> Option<String> {
        self.replace.map(|replace| replace(output).line())
    }

    /// The arguments of a shell call with another line for each of its lines,
    /// in their order; `None` where it is no shell call or has another number
    /// of lines.
    pub fn with_lines(&self, call: &Call, lines: &[String]) -> Option<Json> {
        let of = |one: &&Use| matches!(one, Use::Shell { .. });
        if call.uses.iter().filter(of).count() != lines.len() {
            return None;
        }
        self.shape(&call.tool)?.with_lines(&call.arguments, lines)
    }

    /// Calls `change` with every text of a tool's output, and whether it is
    /// what the tool gave rather than a note of the client.
    pub fn texts(&self, output: &mut Json, change: &mut dyn FnMut(bool, &mut String)) {
        output.texts(&mut |key, text| change(key.is_empty() || self.texts.contains(&key), text));
    }
}

/// `mcp__server__tool`.
pub(crate) fn double_underscores(name: &str) -> Vec<(&str, &str)> {
    name.strip_prefix("mcp__").map(|rest| ways(rest, "__")).unwrap_or_default()
}

/// All ways to take a name apart at this mark.
pub(crate) fn ways<'a>(name: &'a str, mark: &str) -> Vec<(&'a str, &'a str)> {
    let parts = name.char_indices().filter_map(|(at, _)| {
        let (server, rest) = name.split_at_checked(at)?;
        let tool = rest.strip_prefix(mark)?;
        (!server.is_empty() && !tool.is_empty()).then_some((server, tool))
    });
    parts.collect()
}

/// The texts of an output, joined, for clients that take one text.
pub(crate) fn plain(mut output: Json, keys: &[&str]) -> String {
    let mut all = String::new();
    output.texts(&mut |key, text| {
        if key.is_empty() || keys.contains(&key) {
            if !all.is_empty() && !text.is_empty() {
                all.push('\n');
            }
            all.push_str(text);
        }
    });
    all
}
