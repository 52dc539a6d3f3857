//! Codex runs a hook only after its user has trusted exactly that entry. The
//! state of that stands in its `config.toml`, as a digest of the entry.
//!
//! It is read from the files, without starting Codex. It is written by Codex
//! itself, through its app-server, after the person said yes.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use toml_edit::{DocumentMut, Item, TableLike};

use super::jsonc::{self, Node};
use super::{Around, Client, Entries, Scope, WAIT, What, kept};

/// How long Codex may take for everything.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it has to end by itself.
const LEAVE: Duration = Duration::from_secs(3);

/// What is known about the trust in our entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Each is trusted as it stands.
    Full,
    /// Some are not; these events.
    Missing(Vec<&'static str>),
    /// Hooks are switched off altogether.
    Off,
}

/// Codex's own file of settings.
pub fn settings(around: &Around) -> PathBuf {
    around.or_home("CODEX_HOME", ".codex").join("config.toml")
}

/// Whether Codex trusts our entries.
///
/// # Errors
/// In words, where its files cannot be read.
pub fn look(client: &Client, around: &Around, scope: Scope) -> Result<Trust, String> {
    let Some((path, entries)) = file(client, around, scope) else {
        return Err("it has no file of hooks".into());
    };
    let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
    let root = jsonc::parse(&text).map_err(|broken| broken.to_string())?;
    let settings = match fs::read_to_string(settings(around)) {
        Ok(text) => text.parse::<DocumentMut>().map_err(|error| error.to_string())?,
        Err(_) => DocumentMut::new(),
    };
    let feature =
        |name: &str| settings.get("features").and_then(Item::as_table_like)?.get(name)?.as_bool();
    if feature("hooks") == Some(false) || feature("codex_hooks") == Some(false) {
        return Ok(Trust::Off);
    }
    let state = settings
        .get("hooks")
        .and_then(Item::as_table_like)
        .and_then(|hooks| hooks.get("state"))
        .and_then(Item::as_table_like);
    let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
    let mut missing = Vec::new();
    for event in entries.events {
        let Some((group, handler, hash)) = place(&root, entries, event.name) else {
            missing.push(event.name);
            continue;
        };
        let trusted = [&path, &real].into_iter().any(|path| {
            let key = format!("{}:{}:{group}:{handler}", path.display(), snake(event.name));
            state.and_then(|state| state.get(&key)).and_then(Item::as_table_like).is_some_and(
                |entry| {
                    let is = |key: &str| entry.get(key);
                    is("trusted_hash").and_then(Item::as_str) == Some(&hash)
                        && is("enabled").and_then(Item::as_bool) != Some(false)
                },
            )
        });
        if !trusted {
            missing.push(event.name);
        }
    }
    Ok(if missing.is_empty() { Trust::Full } else { Trust::Missing(missing) })
}

fn file(client: &Client, around: &Around, scope: Scope) -> Option<(PathBuf, &'static Entries)> {
    (client.files)(around, scope).into_iter().find_map(|place| match place.what {
        What::Entries(entries) => Some((place.path, entries)),
        What::Own { .. } => None,
    })
}

/// Where our entry of an event stands, and Codex's digest of it.
fn place(root: &Node, entries: &Entries, event: &str) -> Option<(usize, usize, String)> {
    let groups = root.at(&["hooks", event])?.elements()?;
    groups.iter().enumerate().find_map(|(at, group)| {
        let handlers = group.get("hooks")?.elements()?;
        let ours = |handler: &Node| {
            handler.get(entries.key).and_then(Node::text).is_some_and(|line| entries.is_ours(line))
        };
        let index = handlers.iter().position(ours)?;
        let handler = handlers.get(index)?;
        let command = handler.get("command")?.text()?;
        let matcher = group.get("matcher")?.text()?;
        // In the order of the alphabet and without blanks, as Codex does it.
        let text = format!(
            r#"{{"event_name":"{}","hooks":[{{"async":false,"command":{},"timeout":{WAIT},"type":"command"}}],"matcher":{}}}"#,
            snake(event),
            Value::from(command),
            Value::from(matcher)
        );
        Some((at, index, format!("sha256:{}", kept::digest(text.as_bytes()))))
    })
}

/// `PreToolUse` as `pre_tool_use`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// Has Codex trust our entries, and no others.
///
/// # Errors
/// In words: where Codex does not answer, or does not list them.
pub fn give(codex: &Path, client: &Client, around: &Around, scope: Scope) -> Result<(), String> {
    let (_, entries) = file(client, around, scope).ok_or("it has no file of hooks")?;
    let settings = settings(around);
    let fresh = Fresh::look(&settings);
    let given = with_its_mode(&settings, || {
        ask(&mut Server::start(codex, around)?, around, scope, entries)
    });
    // Only now that Codex has ended.
    if let Some(fresh) = fresh {
        fresh.tidy();
    }
    given
}

/// Codex writes its file anew, for its owner alone: who reads it is left to the
/// person, where it was there before.
fn with_its_mode<T>(file: &Path, act: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let before = fs::metadata(file).map(|found| found.permissions());
    let done = act()?;
    if let Ok(before) = before
        && fs::metadata(file).is_ok_and(|found| found.permissions() != before)
    {
        fs::set_permissions(file, before)
            .map_err(|error| format!("`{}`: {error}", file.display()))?;
    }
    Ok(done)
}

fn ask(
    server: &mut Server,
    around: &Around,
    scope: Scope,
    entries: &Entries,
) -> Result<(), String> {
    server.call(
        "initialize",
        &json!({
            "clientInfo": {"name": "palisade", "version": env!("CARGO_PKG_VERSION")},
            "capabilities": {"experimentalApi": true}
        }),
    )?;
    server.send(&json!({"jsonrpc": "2.0", "method": "initialized"}))?;
    let ours = server.ours(around, entries)?;
    if ours.is_empty() {
        return Err(match scope {
            Scope::User => "it does not list our hooks".into(),
            Scope::Project => "it does not list our hooks: trust the project in Codex first".into(),
        });
    }
    for hook in ours.iter().filter(|hook| hook["trustStatus"] != "trusted") {
        let (Some(key), Some(hash)) = (hook["key"].as_str(), hook["currentHash"].as_str()) else {
            return Err("it lists our hooks without a digest".into());
        };
        let mut value = serde_json::Map::new();
        value.insert(key.to_owned(), json!({"trusted_hash": hash}));
        server.call(
            "config/batchWrite",
            &json!({"edits": [{"keyPath": "hooks.state", "mergeStrategy": "upsert", "value": value}]}),
        )?;
    }
    let after = server.ours(around, entries)?;
    let trusted = |hook: &Value| hook["trustStatus"] == "trusted" || hook["isManaged"] == true;
    if after.iter().all(trusted) {
        Ok(())
    } else {
        Err("it still does not trust them: use `/hooks` in Codex".into())
    }
}

/// Codex's directory as it was before Codex ever ran there. Its app-server
/// unpacks skills and makes databases at every first start; a person who asked
/// for trust did not ask for those.
struct Fresh {
    directory: PathBuf,
    before: BTreeSet<OsString>,
}

impl Fresh {
    /// `None` where Codex has been at work: then everything there is its own.
    fn look(settings: &Path) -> Option<Self> {
        let directory = settings.parent()?.to_owned();
        let before = names(&directory)?;
        let lived_in = before.iter().any(|name| {
            let name = name.to_string_lossy();
            name == "installation_id" || name == "sessions" || name.contains(".sqlite")
        });
        (!lived_in).then_some(Self { directory, before })
    }

    /// Takes out what was made since, of what a first start is known to make:
    /// a login at the same moment stays.
    fn tidy(self) {
        for name in names(&self.directory).unwrap_or_default() {
            let text = name.to_string_lossy();
            let made = ["skills", "tmp", ".tmp", "installation_id"].contains(&text.as_ref())
                || text.contains(".sqlite");
            if !made || self.before.contains(&name) {
                continue;
            }
            let path = self.directory.join(name);
            // What cannot be removed is Codex's ordinary state, and harmless.
            let _ = match fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => fs::remove_dir_all(&path),
                _ => fs::remove_file(&path),
            };
        }
    }
}

fn names(directory: &Path) -> Option<BTreeSet<OsString>> {
    Some(fs::read_dir(directory).ok()?.flatten().map(|entry| entry.file_name()).collect())
}

/// Takes out of the text of `config.toml` what was written for our entries.
///
/// # Errors
/// Where it is not TOML.
pub fn without(text: &str, hooks: &Path) -> Result<String, String> {
    let mut document = text.parse::<DocumentMut>().map_err(|error| error.to_string())?;
    let prefix = format!("{}:", hooks.display());
    let mut emptied = false;
    if let Some(hooks) = document.get_mut("hooks").and_then(Item::as_table_like_mut) {
        if let Some(state) = hooks.get_mut("state").and_then(Item::as_table_like_mut) {
            let keys: Vec<String> = state.iter().map(|(key, _)| key.to_owned()).collect();
            for key in keys.iter().filter(|key| key.starts_with(&prefix)) {
                state.remove(key);
            }
            emptied = state.is_empty();
        }
        if emptied {
            hooks.remove("state");
            emptied = TableLike::is_empty(hooks);
        }
    }
    if emptied {
        document.remove("hooks");
    }
    Ok(document.to_string())
}

/// Codex's app-server: one JSON object a line.
struct Server {
    child: Child,
    lines: Receiver<String>,
    calls: u64,
    end: Instant,
}

impl Server {
    fn start(codex: &Path, around: &Around) -> Result<Self, String> {
        let mut command = Command::new(codex);
        command.arg("app-server").current_dir(&around.project);
        command.env("HOME", &around.home);
        // Codex is often a script that starts the real program.
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let failed = |error: std::io::Error| format!("`{}`: {error}", codex.display());
        let mut child = command.spawn().map_err(failed)?;
        let out = child.stdout.take().ok_or("it has no output")?;
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, lines, calls: 0, end: Instant::now() + PATIENCE })
    }

    fn send(&mut self, message: &Value) -> Result<(), String> {
        let pipe = self.child.stdin.as_mut().ok_or("it has no input")?;
        writeln!(pipe, "{message}").and_then(|()| pipe.flush()).map_err(|error| error.to_string())
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a JSON value read by key is null where it is not there"
    )]
    fn call(&mut self, method: &str, parameters: &Value) -> Result<Value, String> {
        self.calls += 1;
        let id = self.calls;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters}))?;
        loop {
            let rest = self.end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(rest).map_err(|_| "Codex does not answer")?;
            let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
            if message["id"] == id {
                if !message["error"].is_null() {
                    return Err(format!("{method}: {}", message["error"]["message"]));
                }
                return Ok(message["result"].clone());
            }
        }
    }

    /// Our hooks as Codex lists them.
    fn ours(&mut self, around: &Around, entries: &Entries) -> Result<Vec<Value>, String> {
        let listed = self.call("hooks/list", &json!({"cwds": [around.project]}))?;
        let hooks = listed.get("data").and_then(Value::as_array).into_iter().flatten();
        let hooks =
            hooks.flat_map(|one| one.get("hooks").and_then(Value::as_array).into_iter().flatten());
        let ours = |hook: &&Value| {
            hook.get("command").and_then(Value::as_str).is_some_and(|line| entries.is_ours(line))
        };
        Ok(hooks.filter(ours).cloned().collect())
    }
}

impl Drop for Server {
    /// The end of its input ends it; what then still runs is ended.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let end = Instant::now() + LEAVE;
        // Its output ends when the last of its processes has.
        while let Ok(_) | Err(RecvTimeoutError::Timeout) =
            self.lines.recv_timeout(end.saturating_duration_since(Instant::now()))
            && Instant::now() < end
        {}
        if let Ok(group) = i32::try_from(self.child.id()) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_one_that_codex_makes() {
        // As Codex 0.169.0 listed it.
        let entries = super::super::clients::named("codex").and_then(|client| {
            file(client, &Around::of(Path::new("/h"), Path::new("/p")), Scope::User)
        });
        let root = jsonc::parse(
            r#"{"hooks": {"PreToolUse": [{"matcher": ".*", "hooks": [{"type":"command","command":"/x/palisade hook --client codex --event PreToolUse || printf '%s' 'x'","timeout":600}]}]}}"#,
        )
        .unwrap();
        assert_eq!(
            place(&root, entries.unwrap().1, "PreToolUse"),
            Some((
                0,
                0,
                "sha256:9f02b31e88b5d8e59db440823f7c32a4d3cd97d40bde917ef1c81d7324a2eb14".into()
            ))
        );
    }

    #[test]
    fn a_file_that_codex_writes_anew_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt;
        let at = tempfile::tempdir().unwrap();
        let file = at.path().join("config.toml");
        let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        let write = |mode: u32| {
            let _ = fs::remove_file(&file);
            fs::write(&file, "a = 1").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            Ok(())
        };
        with_its_mode(&file, || write(0o600)).unwrap();
        assert_eq!(mode(), 0o600);
        write(0o644).unwrap();
        with_its_mode(&file, || write(0o600)).unwrap();
        assert_eq!(mode(), 0o644);
    }

    #[test]
    fn only_a_directory_that_codex_never_used_is_tidied() {
        let at = tempfile::tempdir().unwrap();
        let settings = at.path().join("config.toml");
        fs::write(at.path().join("hooks.json"), "{}").unwrap();
        let fresh = Fresh::look(&settings).unwrap();
        fs::write(&settings, "a = 1").unwrap();
        fs::write(at.path().join("state_5.sqlite"), "").unwrap();
        fs::create_dir_all(at.path().join("skills/.system")).unwrap();
        std::os::unix::fs::symlink("/", at.path().join("tmp")).unwrap();
        fs::write(at.path().join("auth.json"), "").unwrap();
        fresh.tidy();
        let left: Vec<OsString> = names(at.path()).unwrap().into_iter().collect();
        assert_eq!(left, ["auth.json", "config.toml", "hooks.json"]);
        fs::write(at.path().join("installation_id"), "").unwrap();
        assert!(Fresh::look(&settings).is_none());
    }

    #[test]
    fn what_codex_wrote_goes_and_the_rest_stays() {
        let mine = "# mine\nmodel = \"m\"   # keep\n\n[[hooks.Stop]]\nmatcher = \"x\"\n";
        let state = "\n[hooks.state]\n\n[hooks.state.\"/h/.codex/hooks.json:pre_tool_use:0:0\"]\ntrusted_hash = \"sha256:9f\"\n";
        let hooks = Path::new("/h/.codex/hooks.json");
        assert_eq!(without(&format!("{mine}{state}"), hooks).unwrap(), mine);
        let other = state.replace("hooks.json", "config.toml");
        assert_eq!(
            without(&format!("{mine}{other}"), hooks).unwrap(),
            format!("{mine}{other}"),
            "the trust in others' hooks is theirs"
        );
        assert_eq!(without(&format!("a = 1\n{state}"), hooks).unwrap(), "a = 1\n");
        assert!(without("a = ", hooks).is_err());
    }
}
