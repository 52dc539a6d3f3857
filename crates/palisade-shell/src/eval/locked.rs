//! Installs of exactly what a lock file says, which the person's repository
//! holds: whoever builds or tests the project runs that code anyway.

use super::Eval;
use crate::effect::Install;
use crate::programs::Program;
use crate::text::Text;

/// By package manager: its lock files, of which one is enough, and the files
/// that say what is to be in them.
const LOCKS: &[(&str, &[&str], &[&str])] = &[
    ("npm", &["package-lock.json", "npm-shrinkwrap.json"], &["package.json"]),
    ("yarn", &["yarn.lock"], &["package.json"]),
    ("pnpm", &["pnpm-lock.yaml"], &["package.json"]),
    ("bun", &["bun.lock", "bun.lockb"], &["package.json"]),
    ("uv", &["uv.lock"], &["pyproject.toml"]),
    ("poetry", &["poetry.lock"], &["pyproject.toml"]),
    ("pdm", &["pdm.lock"], &["pyproject.toml"]),
    ("pipenv", &["Pipfile.lock"], &["Pipfile"]),
    ("bundle", &["Gemfile.lock"], &["Gemfile"]),
    ("composer", &["composer.lock"], &["composer.json"]),
    // With a hash of each.
    ("pip", &["requirements.txt"], &[]),
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
        let Some((_, locks, manifests)) = LOCKS.iter().find(|(name, ..)| *name == family) else {
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
        let asked = exact && (plain.count() == 1 || matches!(family, "yarn" | "pnpm" | "bun"));
        let Some(directory) = self.directory().literal().filter(|_| asked) else { return false };
        let known = self.context.files.get(directory).is_some_and(|fact| fact.locked);
        let written = |name: &&str| self.state.files.contains_key(&format!("{directory}/{name}"));
        if known {
            return !locks.iter().chain(*manifests).any(written);
        }
        let directory = directory.to_owned();
        self.out.installs.push(Install { directory, locks, manifests });
        false
    }
}
