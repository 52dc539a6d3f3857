//! Effects in words.

use palisade_shell::{Code, EffectKind, Text, Writing};

/// One effect as a few words: `read /etc/hosts`, `connect to example.com`.
pub fn effect(kind: &EffectKind) -> String {
    let with = |verb: &str, what: &Text| format!("{verb} {what}");
    match kind {
        EffectKind::Execute { language, code } => {
            let language = format!("{language:?}").to_lowercase();
            match code {
                Code::Analysed => format!("execute {language} code"),
                Code::Opaque => format!("execute {language} code that is not analysed"),
                Code::Input => format!("execute {language} code from standard input"),
                Code::File(path) => format!("execute {language} code of {path}"),
            }
        }
        EffectKind::Program { path } => with("start", path),
        EffectKind::Read { path } => with("read", path),
        EffectKind::List { path } => with("list", path),
        EffectKind::Write { path, how } => match how {
            Writing::Replace | Writing::Settings => with("write", path),
            Writing::Append => with("append to", path),
            Writing::Edit => with("edit", path),
            Writing::Attributes => with("change attributes of", path),
            Writing::Link => with("link", path),
        },
        EffectKind::Delete { path, recursive: true } => with("delete with all below it", path),
        EffectKind::Delete { path, recursive: false } => with("delete", path),
        EffectKind::Mode { path, mode, recursive: true } => {
            format!("set mode {mode} of {path} and all below it")
        }
        EffectKind::Mode { path, mode, recursive: false } => format!("set mode {mode} of {path}"),
        EffectKind::Owner { path, recursive: true } => {
            format!("set the owner of {path} and all below it")
        }
        EffectKind::Owner { path, recursive: false } => with("set the owner of", path),
        EffectKind::Connect { host, sends: true } => with("send to", host),
        EffectKind::Connect { host, sends: false } => with("connect to", host),
        EffectKind::RemoteShell => "wire a shell to the network".into(),
        EffectKind::Escalate => "take other privileges".into(),
        EffectKind::DumpEnvironment => "show the whole environment".into(),
        EffectKind::Environment { name, value } => format!("set {name} to {value}"),
        EffectKind::Load { path } => with("load code from", path),
        EffectKind::Device { path } => with("write the device", path),
        EffectKind::ForkBomb => "start itself without end".into(),
        EffectKind::Hazard(what) => (*what).into(),
        EffectKind::UnrecognisedProgram => "start a program that is not known".into(),
        EffectKind::UnrecognisedOption => "use an option that is not known".into(),
        EffectKind::UnknownWord => "start a program whose name is not known before it runs".into(),
        EffectKind::Deceptive { what } => format!("show {what}"),
        EffectKind::ZshOnly => "run code that only zsh sees".into(),
        EffectKind::Unreadable { message, .. } => format!("not readable to its end: {message}"),
    }
}
