//! Which code may run: code that is read, and the project's own.

use palisade_shell::programs::Language;
use palisade_shell::{Code, Effect, EffectKind, Labels, Text};

use super::report::{Report, Scene};
use super::{Guard, Look};
use crate::path::{Mark, Region, base, below_home, see};
use crate::rules::{self, Rule};

pub(super) static GUARD: Guard = Guard {
    name: "execute",
    manual: "Stops code that comes from the network or out of a decoder from being run, by whatever way it flows: pipe, \
             substitution, file, variable. Asks about code that is not known before it runs, about shell scripts that \
             could not be read, about programs started by their path, and about anything run from temporary or download \
             directories. Code that is read is judged by what it does. The project's own code may run.",
    gaps: "Scripts in other languages than shell are taken for the project's own where they lie in the workspace.",
    look: Look::Effects(look),
};

fn look(effect: &Effect, scene: &Scene<'_>, report: &mut Report<'_>) {
    match &effect.kind {
        EffectKind::Execute { language, code } => {
            if let Some(rule) =
                of_flow(effect.labels, *language).or_else(|| of_code(*language, code, scene))
            {
                match code {
                    Code::File(path) => report.raise_at(rule, effect, "runs", path),
                    Code::Analysed | Code::Opaque | Code::Input => report.raise(rule, effect),
                }
            }
        }
        EffectKind::Program { path } => {
            let rule =
                of_flow(effect.labels, Language::Other).unwrap_or_else(|| of_program(path, scene));
            report.raise_at(rule, effect, "runs", path);
        }
        EffectKind::Load { path } => {
            if let Some(rule) =
                of_flow(effect.labels, Language::Other).or_else(|| of_library(path, scene))
            {
                report.raise_at(rule, effect, "loads", path);
            }
        }
        EffectKind::UnknownWord => {
            report.raise(
                of_flow(effect.labels, Language::Shell).unwrap_or(&rules::COMMAND_UNKNOWN_WORD),
                effect,
            );
        }
        _ => {}
    }
}

/// Whether a language can start programs or change files by itself.
const fn acts(language: Language) -> bool {
    match language {
        Language::Sql | Language::Jq | Language::Sed => false,
        Language::Shell
        | Language::Python
        | Language::Perl
        | Language::Ruby
        | Language::JavaScript
        | Language::Php
        | Language::Lua
        | Language::Awk
        | Language::Ex
        | Language::Make
        | Language::PowerShell
        | Language::AppleScript
        | Language::Tcl
        | Language::R
        | Language::Debugger
        | Language::Cron
        | Language::Settings
        | Language::Other => true,
    }
}

fn of_flow(labels: Labels, language: Language) -> Option<&'static Rule> {
    if labels.has(Labels::DOWNLOADED) {
        Some(if acts(language) {
            &rules::FLOW_DOWNLOADED_CODE
        } else {
            &rules::FLOW_DOWNLOADED_STATEMENTS
        })
    } else if labels.has(Labels::DECODED) && acts(language) {
        Some(&rules::FLOW_DECODED_CODE)
    } else if labels.has(Labels::FETCHED) && acts(language) {
        Some(&rules::FLOW_FETCHED_CODE)
    } else {
        None
    }
}

fn of_code(language: Language, code: &Code, scene: &Scene<'_>) -> Option<&'static Rule> {
    if !acts(language) {
        return None;
    }
    match code {
        Code::Analysed => None,
        Code::Opaque => Some(&rules::EXECUTE_OPAQUE),
        Code::Input => Some(&rules::EXECUTE_INPUT),
        Code::File(path) => of_script(language, path, scene),
    }
}

fn of_script(language: Language, path: &Text, scene: &Scene<'_>) -> Option<&'static Rule> {
    let seen = see(path, scene.places);
    if untrusted(path, seen.region, scene) {
        return Some(&rules::EXECUTE_UNTRUSTED_PLACE);
    }
    // Every shell runs these anyway, and the system's own scripts are its own.
    let startup = seen.mark == Some(Mark::ShellStartup) && language == Language::Shell;
    if startup || matches!(seen.region, Region::System | Region::Vital) {
        return None;
    }
    Some(match (language, seen.region) {
        (Language::Shell, _) if path.literal().is_some_and(environment) => &rules::RUN_PROJECT_CODE,
        (Language::Shell, _) => &rules::EXECUTE_SCRIPT,
        (_, Region::Workspace | Region::Project | Region::Above | Region::Unknown) => {
            &rules::RUN_PROJECT_CODE
        }
        _ => &rules::EXECUTE_OUTSIDE_SCRIPT,
    })
}

/// Scripts that package tools write to set a shell's variables.
fn environment(path: &str) -> bool {
    const ENDS: &[&str] = &[
        "/bin/activate",
        "/bin/activate.fish",
        "/.cargo/env",
        "/.env",
        "/.envrc",
        "/.nvm/bash_completion",
        "/.nvm/nvm.sh",
        "/.sdkman/bin/sdkman-init.sh",
        "/.ghcup/env",
        "/etc/profile.d/conda.sh",
        "/.asdf/asdf.sh",
        "/emsdk_env.sh",
        "/oe-init-build-env",
        "/setup.bash",
    ];
    ENDS.iter().any(|end| path.ends_with(end))
}

fn of_program(path: &Text, scene: &Scene<'_>) -> &'static Rule {
    let seen = see(path, scene.places);
    if untrusted(path, seen.region, scene) {
        return &rules::EXECUTE_UNTRUSTED_PLACE;
    }
    match path.literal() {
        Some(text)
            if matches!(seen.region, Region::Workspace | Region::Project)
                && (launcher(text) || named_script(text) || built(path, scene)) =>
        {
            &rules::RUN_PROJECT_CODE
        }
        _ => &rules::EXECUTE_PROGRAM,
    }
}

/// Programs of a project that everybody knows by their names or places.
fn launcher(path: &str) -> bool {
    const NAMES: &[&str] = &[
        "configure",
        "gradlew",
        "gradlew.bat",
        "mvnw",
        "mvnw.cmd",
        "manage.py",
        "bootstrap",
        "rails",
        "rake",
        "rspec",
        "console",
        "autogen.sh",
        "a.out",
        "config",
        "bazelw",
        "sbt",
        "artisan",
        "dev-server",
        "waf",
        "pants",
        "x.py",
        "mach",
        "nx",
        "turbow",
        "millw",
    ];
    const PLACES: &[&str] = &[
        "/target/debug/",
        "/target/release/",
        "/node_modules/.bin/",
        "/venv/bin/",
        "/.venv/bin/",
        "/env/bin/",
        "/vendor/bin/",
        "/build/",
        "/dist/",
        "/out/",
        "/cmake-build-debug/",
        "/.tox/",
        "/result/bin/",
    ];
    NAMES.contains(&base(path)) || PLACES.iter().any(|place| path.contains(place))
}

/// A script of the project that says its language: `./a.py` is `python a.py`.
/// Shell scripts are not among them, as those are read where they can be.
fn named_script(path: &str) -> bool {
    const ENDS: &[&str] = &[".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".lua"];
    ENDS.iter().any(|end| path.ends_with(end))
}

/// Whether a compiler of the same line has made the program.
fn built(path: &Text, scene: &Scene<'_>) -> bool {
    scene.analysis.effects.iter().any(|effect| {
        matches!(&effect.kind, EffectKind::Write { path: written, .. } if written == path)
            && of_flow(effect.labels, Language::Other).is_none()
            && COMPILERS.contains(&scene.program(effect))
    })
}

/// Programs that make programs of source files.
const COMPILERS: &[&str] = &[
    "c++",
    "cc",
    "clang",
    "clang++",
    "dmd",
    "fpc",
    "g++",
    "gcc",
    "gdc",
    "gfortran",
    "ghc",
    "gnatmake",
    "go",
    "ldc2",
    "nasm",
    "ld",
    "nim",
    "ocamlfind",
    "ocamlopt",
    "rustc",
    "swiftc",
    "tcc",
    "zig",
];

fn untrusted(path: &Text, region: Region, scene: &Scene<'_>) -> bool {
    region == Region::Temporary
        || path
            .literal()
            .and_then(|text| below_home(text, scene.places))
            .is_some_and(|rest| rest.starts_with("Downloads/") || rest.starts_with(".cache/"))
}

fn of_library(path: &Text, scene: &Scene<'_>) -> Option<&'static Rule> {
    match see(path, scene.places).region {
        Region::System | Region::Vital | Region::Local => None,
        // A name without a directory is found among what is installed.
        _ if path.literal().is_some_and(|text| !text.contains('/')) => None,
        _ => Some(&rules::LOAD_LIBRARY),
    }
}
