//! Installs of exactly what a lock file says, which the person's repository
//! holds: whoever builds or tests the project runs that code anyway.

use super::Eval;
use crate::effect::{EffectKind, Install};
use crate::programs::Program;
use crate::text::Text;

/// By package manager: its lock files, of which one is enough, the files that
/// say what is to be in them, and those that say from where and how it comes.
const LOCKS: &[Locks] = &[
    ("npm", &["package-lock.json", "npm-shrinkwrap.json"], &["package.json"], NODE),
    ("yarn", &["yarn.lock"], &["package.json"], NODE),
    ("pnpm", &["pnpm-lock.yaml"], &["package.json"], NODE),
    ("bun", &["bun.lock", "bun.lockb"], &["package.json"], NODE),
    ("uv", &["uv.lock"], &["pyproject.toml"], PYTHON),
    ("poetry", &["poetry.lock"], &["pyproject.toml"], PYTHON),
    ("pdm", &["pdm.lock"], &["pyproject.toml"], PYTHON),
    ("pipenv", &["Pipfile.lock"], &["Pipfile"], PYTHON),
    ("bundle", &["Gemfile.lock"], &["Gemfile"], &[".bundle/config", ".ruby-version"]),
    ("composer", &["composer.lock"], &["composer.json"], &["auth.json"]),
    // With a hash of each.
    ("pip", &["requirements.txt"], &[], PYTHON),
];
type Locks =
    (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);
const NODE: &[&str] = &[
    ".npmrc",
    ".pnp.cjs",
    ".pnpmfile.cjs",
    ".yarnrc",
    ".yarnrc.yml",
    "binding.gyp",
    "bunfig.toml",
    "pnpm-workspace.yaml",
];
const PYTHON: &[&str] =
    &[".python-version", "pip.conf", "pip.ini", "poetry.toml", "pdm.toml", "setup.py", "uv.toml"];

/// Whether a path in a repository decides what is installed, by its name.
pub(crate) fn decides(path: &str) -> bool {
    let named = |name: &&str| {
        path.strip_suffix(*name).is_some_and(|above| above.is_empty() || above.ends_with('/'))
    };
    LOCKS.iter().any(|(_, locks, manifests, settings)| {
        locks.iter().chain(*manifests).chain(*settings).any(named)
    })
}

/// Words of package managers that change neither what is to be installed nor
/// from where.
const APART: &[&str] = &[
    "--version",
    "-V",
    "-v",
    "cache",
    "ls",
    "list",
    "outdated",
    "run",
    "start",
    "t",
    "test",
    "venv",
    "version",
    "why",
];
/// Programs that put down files whose names they do not say.
const UNPACKERS: &[&str] = &["7z", "7za", "bsdtar", "cpio", "patch", "pax", "tar", "unzip"];
/// Variables that no package manager takes a place, a file or code from.
const HARMLESS: &[&str] = &[
    "CI",
    "COLUMNS",
    "DEBIAN_FRONTEND",
    "FORCE_COLOR",
    "HUSKY",
    "LANG",
    "LC_ALL",
    "NODE_ENV",
    "NO_COLOR",
    "OLDPWD",
    "PWD",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
    "TERM",
    "TZ",
];

/// What is asked of a package manager, and how, where the lock file decides.
const WORDS: &[&str] = &["ci", "clean-install", "i", "install", "sync"];
const OPTIONS: &[&str] = &[
    "-D",
    "-n",
    "-q",
    "-s",
    "-v",
    "--all-extras",
    "--all-groups",
    "--ci",
    "--deploy",
    "--dev",
    "--frozen",
    "--frozen-lockfile",
    "--ignore-scripts",
    "--immutable",
    "--immutable-cache",
    "--include=dev",
    "--loglevel=error",
    "--locked",
    "--no-ansi",
    "--no-audit",
    "--no-dev",
    "--no-fund",
    "--no-interaction",
    "--no-progress",
    "--no-root",
    "--no-scripts",
    "--offline",
    "--omit=dev",
    "--omit=optional",
    "--optimize-autoloader",
    "--prefer-dist",
    "--prefer-offline",
    "--production",
    "--quiet",
    "--silent",
    "--sync",
    "--verbose",
];

impl Eval<'_> {
    /// Whether the current command installs what a lock file says that nobody
    /// has touched. Notes what would have to be known for that.
    pub(super) fn installs_as_locked(&mut self, program: &Program) -> bool {
        let family = program.name.split(' ').next().unwrap_or("");
        let Some((family, locks, manifests, settings)) =
            LOCKS.iter().copied().find(|(name, ..)| *name == family)
        else {
            return false;
        };
        let current = self.node.and_then(|at| self.out.commands.get(at as usize));
        let words: Option<Vec<&str>> = current
            .map(|one| one.arguments.iter().map(Text::literal).collect())
            .unwrap_or_default();
        let Some(mut words) = words else { return false };
        if family == "pip" {
            const HASHED: &[&str] = &["--require-hashes", "-r", "requirements.txt"];
            if !HASHED.iter().all(|word| words.contains(word)) {
                return false;
            }
            words.retain(|word| !HASHED.contains(word));
        }
        let plain = words.iter().filter(|word| !word.starts_with('-'));
        let exact = plain.clone().count() <= 1
            && plain.clone().all(|word| WORDS.contains(word))
            && words.iter().filter(|word| word.starts_with('-')).all(|word| OPTIONS.contains(word));
        // `yarn` alone installs; others say so.
        let asked =
            exact && (plain.count() == 1 || matches!(family, "yarn" | "pnpm" | "bun" | "bundle"));
        let Some(directory) = self.directory().literal().filter(|_| asked) else { return false };
        if self.is_changed_by_line(family, directory, &[locks, manifests, settings]) {
            return false;
        }
        if self.context.files.get(directory).is_some_and(|fact| fact.locked.contains(&family)) {
            return true;
        }
        let directory = directory.to_owned();
        self.out.installs.push(Install { family, directory, locks, manifests, settings });
        false
    }

    /// Whether anything before it in the line may decide what is installed: a
    /// variable, a file of those, a commit, the package manager itself.
    fn is_changed_by_line(&self, family: &str, directory: &str, names: &[&[&str]]) -> bool {
        // What is not exported by itself may be so already, but for the short
        // names of loops.
        let told = |name: &str| {
            !HARMLESS.contains(&name)
                && (name.contains(|letter: char| letter == '_' || letter.is_ascii_uppercase())
                    || self.state.exported.contains(name)
                    || self.temporary.iter().any(|(known, _)| **known == *name))
        };
        let given = self.temporary.iter().map(|(name, _)| name);
        if self
            .state
            .variables
            .keys()
            .chain(&self.state.exported)
            .chain(given)
            .any(|name| told(name))
        {
            return true;
        }
        // What git has changed, and files of those names wherever in it.
        let all = || names.iter().copied().flatten();
        let named = |path: &str, name: &str| {
            path.strip_suffix(name).is_some_and(|above| above.ends_with('/'))
        };
        let decides =
            |path: &str| path.ends_with("/.git/index") || all().any(|name| named(path, name));
        let takes_in = |path: &Text| match path.literal() {
            Some(path) => {
                decides(path)
                    || directory.strip_prefix(path).is_some_and(|rest| {
                        path.ends_with('/') || rest.is_empty() || rest.starts_with('/')
                    })
            }
            None => {
                path.is_unknown()
                    || all().any(|name| path.may_match(&format!("{directory}/{name}")))
            }
        };
        let touched = self.out.effects.iter().any(|effect| match &effect.kind {
            EffectKind::Write { path, .. } | EffectKind::Delete { path, .. } => takes_in(path),
            _ => false,
        });
        if touched || self.state.files.keys().any(|path| decides(path)) {
            return true;
        }
        let before = self.node.map_or(0, |node| node as usize);
        self.out.commands.iter().take(before).any(|one| {
            let program = one.program.literal().and_then(|name| name.rsplit('/').next());
            let word = one.arguments.first();
            program.is_some_and(|name| UNPACKERS.contains(&name))
                || program == Some(family)
                    && word.is_some_and(|word| {
                        let known = |word| APART.contains(&word) || WORDS.contains(&word);
                        !word.literal().is_some_and(known)
                    })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::effect::{Context, EffectKind, FileFact};

    /// Whether the line installs as nobody has touched it.
    fn as_locked(line: &str) -> bool {
        let fact = FileFact { locked: vec!["npm"], ..FileFact::default() };
        let context = Context {
            cwd: "/w".to_owned(),
            home: "/home/u".to_owned(),
            files: BTreeMap::from([("/w".to_owned(), fact)]),
            ..Context::default()
        };
        let effects = super::super::analyse(line, &context).effects;
        let install = EffectKind::Hazard("package/install-project");
        !effects.iter().any(|effect| effect.kind == install)
    }

    #[test]
    fn only_what_nothing_in_the_line_changes() {
        for line in [
            "npm ci",
            "npm install --no-audit",
            "CI=1 NODE_ENV=test npm ci",
            "git fetch && git status && npm ci > /tmp/log 2>&1",
            "for d in .; do (cd $d && npm ci); done",
            "rm -rf node_modules && npm cache clean --force && npm ci && npm test",
        ] {
            assert!(as_locked(line), "{line}");
        }
        for line in [
            "HTTPS_PROXY=http://a.example npm ci",
            "export npm_config_registry=http://a.example; npm ci",
            "npm pkg set scripts.postinstall=x && npm ci",
            "git commit -qam x && npm ci",
            "(git stash pop); npm ci",
            "git $x; npm ci",
            "GIT_DIR=.git git add .; npm ci",
            "sed -i s/a/b/ packages/a/package.json && npm ci",
            "echo x > .npmrc; npm ci",
            "rm package-lock.json && npm install",
            "cp -r tpl/. . && npm ci",
            "unzip x.zip && npm ci",
            "npm ci --unknown",
            "npm ci left-pad",
            "uv sync",
        ] {
            assert!(!as_locked(line), "{line}");
        }
    }
}
