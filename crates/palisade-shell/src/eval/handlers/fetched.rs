//! What a line brings into the tree from elsewhere: repositories, archives,
//! patches, copies of stores. Nobody can look at it before the line ends, so
//! what runs the project after that is a question.

use super::super::Eval;
use super::super::arguments;
use super::super::reaches::remote;
use super::super::value::Field;
use crate::effect::{EffectKind, Labels};
use crate::programs::Program;
use crate::text::Text;

const CAME: Labels = Labels::DOWNLOADED.and(Labels::FETCHED);

/// Programs that put what they are given into many files.
const UNPACK: &[&str] = &[
    "7z",
    "ar",
    "arj",
    "atool",
    "cpio",
    "git am",
    "git apply",
    "jar",
    "patch",
    "pax",
    "python",
    "python -m tarfile",
    "rar",
    "unzip",
];

/// Programs that copy a tree of a store on the network, from their first
/// operand that is an address to their last.
const COPY: &[&str] =
    &["aws", "aws s3", "gcloud", "gcloud storage", "gsutil", "mc", "rclone", "s3cmd"];

fn rest(fields: &[Field]) -> &[Field] {
    fields.get(1..).unwrap_or(&[])
}

fn words_of(fields: &[Field]) -> impl Iterator<Item = &str> {
    rest(fields).iter().filter_map(Field::literal)
}

/// What the command has fetched lies in the tree from here on.
pub(super) fn fetched(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) {
    let name = program.name.get();
    if UNPACK.contains(&name) {
        return unpacked(eval, program, fields);
    }
    let here = eval.directory().clone();
    // Of subcommands not all have entries of their own.
    let first = fields.get(1).and_then(Field::literal).unwrap_or("");
    match (name, first) {
        // Somebody else's branch, somebody else's results.
        ("gh pr" | "glab mr", "checkout") | ("gh run" | "gh release", "download") => {
            eval.note_changed(&here, ".git/index");
            return eval.fetch_tree(&here);
        }
        ("npm", "pack") if rest(fields).iter().skip(1).any(is_package) => {
            return eval.fetch_tree(&here);
        }
        _ => {}
    }
    match name {
        "git pull" | "git fetch" | "hg pull" => pulled(eval, name, fields),
        _ if TAKES.contains(&name) => taken(eval, program, fields),
        "wget" => mirrored(eval, program, fields),
        // It is called what the other side says.
        "curl"
            if words_of(fields).any(|word| word == "--remote-header-name" || short(word, 'J')) =>
        {
            eval.fetch_tree(&here);
        }
        "npm pack" if rest(fields).iter().any(is_package) => eval.fetch_tree(&here),
        "java" => class_path(eval, program, fields),
        _ if COPY.contains(&name) => copied(eval, fields),
        _ => cloned(eval, program, fields),
    }
}

/// Whether a bundle of one-letter flags has this one.
fn short(word: &str, flag: char) -> bool {
    word.strip_prefix('-').is_some_and(|flags| !flags.starts_with('-') && flags.contains(flag))
}

/// Whether a word of `npm pack` is a package of the registry, and not a folder.
fn is_package(word: &Field) -> bool {
    !word.text.raw().starts_with(['-', '.', '/', '~'])
}

/// What an archive or a patch from the network holds.
fn unpacked(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) {
    if program.name == "python"
        && !words_of(fields).any(|word| {
            matches!(word, "zipfile" | "tarfile")
                || word.contains("extractall")
                || word.contains("unpack_archive")
        })
    {
        return;
    }
    let own = eval.out.effects.iter().filter(|effect| effect.command == eval.node);
    let mut labels = own.fold(eval.stdin.labels, |all, one| all.and(one.labels));
    for word in rest(fields) {
        labels = labels.and(word.labels).and(eval.file_facts(&eval.resolve(&word.text)).0);
        // In code its name stands among others.
        for (path, file) in eval.state.files.iter().filter(|_| program.name == "python") {
            if path.rsplit('/').next().is_some_and(|name| word.text.raw().contains(name)) {
                labels = labels.and(file.labels);
            }
        }
    }
    if labels.of(CAME).is_none() {
        return;
    }
    let arguments = arguments::read(program, rest(fields), false);
    let into = arguments.value(&["-d", "-o", "--directory"]);
    let into = into.map(|into| eval.resolve(&into.text));
    let into = into.unwrap_or_else(|| eval.directory().clone());
    eval.fetch_tree(&into);
}

/// What of git's puts something that was fetched into the tree.
const TAKES: &[&str] = &[
    "git checkout",
    "git cherry-pick",
    "git merge",
    "git read-tree",
    "git rebase",
    "git reset",
    "git restore",
    "git stash",
    "git switch",
    "git worktree add",
];

/// What of git's prints it.
const SHOWS: &[&str] = &["git archive", "git cat-file", "git show"];

/// What the output of a command of git carries that shows what was fetched.
pub(super) fn shown(eval: &Eval<'_>, program: &Program, fields: &[Field]) -> Labels {
    if !SHOWS.contains(&program.name.get()) {
        return Labels::NONE;
    }
    let head = eval.file_facts(&eval.resolve(&Text::from(FETCH_HEAD))).0;
    let away = program.name == "git archive" && rest(fields).iter().any(elsewhere);
    if head.has(Labels::FETCHED) || away { Labels::DOWNLOADED } else { Labels::NONE }
}

/// Where git notes what it has fetched. What comes from a place that only the
/// line or the session has named is marked there.
const FETCH_HEAD: &str = ".git/FETCH_HEAD";

/// Whether a word, or the value of an option, is an address.
fn elsewhere(word: &Field) -> bool {
    let raw = word.text.raw();
    let raw = raw.strip_prefix("--remote=").unwrap_or(raw);
    !raw.starts_with('-') && (raw.contains("://") || raw.contains('@') && remote(&word.text))
}

/// `git pull ADDRESS`, `git fetch ADDRESS`: not from where the project comes
/// from.
fn pulled(eval: &mut Eval<'_>, name: &str, fields: &[Field]) {
    let here = eval.directory().clone();
    if !rest(fields).iter().any(elsewhere) && !eval.remotes_changed {
        return;
    }
    if name == "git fetch" {
        let head = eval.resolve(&Text::from(FETCH_HEAD));
        eval.fetch_tree(&head);
        eval.note_changed(&here, FETCH_HEAD);
    } else {
        eval.fetch_tree(&here);
    }
}

/// A command of git after such a fetch, in the line or, as far as its words
/// say so, earlier in the session.
fn taken(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) {
    let head = eval.resolve(&Text::from(FETCH_HEAD));
    let named = rest(fields).iter().find(|word| word.text.raw().starts_with("FETCH_HEAD"));
    if let Some(word) = named {
        eval.emit(EffectKind::List { path: head.clone() }, Labels::NONE, word.span);
    }
    let labels = eval.file_facts(&head).0;
    let session = named.is_some() && labels.has(Labels::WRITTEN);
    if !labels.has(Labels::FETCHED) && !session {
        return;
    }
    let into = match program.name.get() {
        "git worktree add" => arguments::read(program, rest(fields), false)
            .operands
            .first()
            .map(|place| eval.resolve(&place.text)),
        _ => None,
    };
    let into = into.unwrap_or_else(|| eval.directory().clone());
    eval.fetch_tree(&into);
}

/// `wget -r`: below a directory named after the host, or just here.
fn mirrored(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) {
    let many = |word: &str| {
        matches!(word, "--recursive" | "--mirror" | "--page-requisites")
            || short(word, 'r')
            || short(word, 'm')
    };
    if !words_of(fields).any(many) {
        return;
    }
    let arguments = arguments::read(program, rest(fields), false);
    let below = arguments.value(&["-P", "--directory-prefix"]).map(|into| eval.resolve(&into.text));
    let below = below.unwrap_or_else(|| eval.directory().clone());
    let flat = ["-nH", "--no-host-directories", "-nd", "--no-directories"];
    if words_of(fields).any(|word| flat.contains(&word)) {
        return eval.fetch_tree(&below);
    }
    for host in rest(fields).iter().filter_map(|word| word.text.raw().split_once("://")) {
        let mut into = below.clone();
        into.push("/");
        into.push(host.1.split(['/', '?']).next().unwrap_or(""));
        let into = eval.resolve(&into);
        eval.fetch_tree(&into);
    }
}

/// `aws s3 sync s3://bucket/ DIRECTORY`.
fn copied(eval: &mut Eval<'_>, fields: &[Field]) {
    let mut operands = rest(fields).iter().filter(|word| !word.text.raw().starts_with('-'));
    let from = operands.by_ref().find(|word| remote(&word.text));
    if let (Some(_), Some(into)) = (from, operands.next_back())
        && !remote(&into.text)
    {
        let into = eval.resolve(&into.text);
        eval.fetch_tree(&into);
    }
}

/// A repository or template.
fn cloned(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) {
    const FETCHERS: &[&str] = &[
        "git clone",
        "git submodule add",
        "git subtree",
        "gh repo",
        "glab repo",
        "hg clone",
        "svn",
        "jj git",
        "degit",
        "npm create",
        "cookiecutter",
        "cargo generate",
    ];
    if !FETCHERS.contains(&program.name.get()) {
        return;
    }
    let operands = arguments::read(program, rest(fields), false).operands;
    let mut operands: Vec<&Field> = operands.iter().collect();
    // `gh repo clone NAME`, `jj git clone URL`.
    match (program.name.get(), operands.first().and_then(|word| word.literal())) {
        ("gh repo" | "glab repo" | "jj git", Some("clone"))
        | ("svn", Some("checkout" | "co" | "export")) => drop(operands.remove(0)),
        // They change the tree that there is.
        ("svn", Some("switch" | "sw")) | ("git subtree", Some("add" | "pull" | "merge"))
            if operands.iter().any(|word| elsewhere(word)) =>
        {
            let here = eval.directory().clone();
            return eval.fetch_tree(&here);
        }
        ("gh repo" | "glab repo" | "jj git" | "git subtree" | "svn", _) => return,
        _ => {}
    }
    let Some(from) = operands.first() else { return };
    let into = match operands.get(1) {
        Some(directory) => directory.text.clone(),
        None => {
            let raw = from.text.raw().trim_end_matches('/').trim_end_matches(".git");
            Text::new(raw.rsplit(['/', ':']).next().unwrap_or(raw))
        }
    };
    let into = eval.resolve(&into);
    eval.fetch_tree(&into);
}

/// What a Java program is taken from.
fn class_path(eval: &mut Eval<'_>, program: &'static Program, fields: &[Field]) {
    let arguments = arguments::read(program, rest(fields), false);
    let names = ["-cp", "-classpath", "--class-path", "-p", "--module-path"];
    for value in arguments.values(&names).cloned().collect::<Vec<_>>() {
        for place in value.text.raw().split(':') {
            let path = eval.resolve(&Text::new(place.trim_end_matches("/*")));
            let labels = eval.file_facts(&path).0;
            if !labels.of(CAME).is_none() {
                eval.emit(EffectKind::Load { path }, labels, value.span);
            }
        }
    }
}

/// Endings of names that hold data and nothing that a build or a linter obeys.
const DATA: &[&str] = &[
    "7z",
    "aac",
    "aif",
    "arff",
    "avi",
    "avif",
    "avro",
    "bib",
    "bin",
    "bmp",
    "br",
    "bz2",
    "csv",
    "css",
    "dat",
    "db",
    "dcm",
    "docx",
    "eot",
    "epub",
    "fasta",
    "fastq",
    "feather",
    "flac",
    "geojson",
    "gguf",
    "gif",
    "gz",
    "h5",
    "hdf5",
    "heic",
    "htm",
    "html",
    "ico",
    "ics",
    "jpeg",
    "jpg",
    "json",
    "jsonl",
    "log",
    "lz4",
    "m4a",
    "md",
    "mkv",
    "mov",
    "mp3",
    "mp4",
    "mpeg",
    "ndjson",
    "nc",
    "npy",
    "npz",
    "odt",
    "ogg",
    "onnx",
    "opus",
    "otf",
    "out",
    "parquet",
    "pbf",
    "pdf",
    "pem",
    "png",
    "pptx",
    "ps",
    "rss",
    "rst",
    "rtf",
    "safetensors",
    "sig",
    "sha256",
    "sqlite",
    "srt",
    "svg",
    "tar",
    "tgz",
    "tif",
    "tiff",
    "tsv",
    "ttf",
    "txt",
    "vtt",
    "wav",
    "webm",
    "webp",
    "woff",
    "woff2",
    "xls",
    "xlsx",
    "xml",
    "xz",
    "zip",
    "zst",
];

/// Directories that are called after the data in them.
const DATA_PLACES: &[&str] = &[
    "assets", "data", "dataset", "datasets", "docs", "fixtures", "images", "media", "models",
    "static", "testdata",
];

/// JSON that tools obey.
const OBEYED_JSON: &[&str] = &[
    "angular",
    "biome",
    "bower",
    "composer",
    "deno",
    "lerna",
    "nx",
    "package",
    "package-lock",
    "project",
    "renovate",
    "rush",
    "turbo",
    "workspace",
];

/// Linters and formatters, which read their operands and obey other files.
const READERS: &[&str] = &["eslint", "flake8", "mypy", "prettier", "stylelint", "xo"];

/// Whether a file is data by its name.
fn is_data(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    if DATA_PLACES.contains(&name) {
        return true;
    }
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    let ending = ending.to_ascii_lowercase();
    // `.eslintrc.json`, `tsconfig.app.json`, `jest.config.json`.
    let obeyed = ending == "json"
        && (name.starts_with('.') || stem.contains("config") || OBEYED_JSON.contains(&stem));
    !stem.is_empty() && DATA.contains(&ending.as_str()) && !obeyed
}

impl Eval<'_> {
    /// The file of the line that a module's name stands for, if there is one.
    pub(in super::super) fn written_module(&self, name: &str) -> Option<Text> {
        const ENDINGS: &[&str] = &[
            "",
            ".js",
            ".cjs",
            ".lua",
            ".pm",
            ".py",
            ".rb",
            ".so",
            "/__init__.py",
            "/__main__.py",
        ];
        let dotted = name.replace('.', "/");
        let spelled = [name, dotted.as_str()].into_iter();
        let mut paths = spelled.flat_map(|name| {
            ENDINGS.iter().map(move |ending| self.resolve(&Text::new(format!("{name}{ending}"))))
        });
        paths.find(|path| path.literal().is_some_and(|path| self.state.files.contains_key(path)))
    }

    /// A file or directory that the line has brought into the tree and that
    /// may be more than data, other than those that the command only reads.
    pub(super) fn brought(&self, program: Option<&Program>) -> Option<Text> {
        let within = |path: &str| {
            let below =
                |place: &str| path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'));
            below(&self.context.cwd) || self.state.cwd.iter().filter_map(Text::literal).any(below)
        };
        let reads = program.is_some_and(|program| READERS.contains(&program.name.get()));
        let read = |path: &str| {
            reads
                && self.out.effects.iter().any(|effect| {
                    effect.command == self.node
                        && matches!(&effect.kind, EffectKind::Read { path: read }
                            | EffectKind::Write { path: read, .. } if read.literal() == Some(path))
                })
        };
        let mut files = self.state.files.iter();
        files.find_map(|(path, file)| {
            // What a link leads to is what is found.
            let target = file.link.as_ref().and_then(Text::literal);
            let linked = target.and_then(|target| self.state.files.get(target));
            let labels = linked.map_or(file.labels, |one| file.labels.and(one.labels));
            let came = !labels.of(CAME.and(Labels::DECODED)).is_none();
            let counts = came && within(path) && !path.contains("/.git/") && !is_data(path);
            (counts && !read(path)).then(|| Text::from(path.as_str()))
        })
    }
}
