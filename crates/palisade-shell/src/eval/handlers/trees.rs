//! Programs that read, pack or name all that lies in a directory.

use super::super::Eval;
use super::super::arguments::Arguments;
use super::super::lower::Flow;
use super::super::trees::{certain, widened};
use super::super::value::{Field, Stream};
use crate::effect::{Labels, Writing};
use crate::programs::Program;
use crate::text::Text;
use crate::trees::{Held, Ignored, Needle, Syntax, Tree};

/// The name that a program of several was started by.
fn invoked(fields: &[Field]) -> &str {
    let name = fields.first().and_then(Field::literal).unwrap_or("");
    name.rsplit('/').next().unwrap_or(name)
}

/// Whether a program looks through files for lines.
fn searches(program: &Program) -> bool {
    matches!(program.name.get(), "grep" | "rg" | "ag" | "ack" | "git grep")
}

/// Whether no line of what a search finds is shown.
pub(super) fn only_names(arguments: &Arguments) -> bool {
    arguments.has(&[
        "-l",
        "-L",
        "-c",
        "-q",
        "--files-with-matches",
        "--files-without-match",
        "--files-without-matches",
        "--name-only",
        "--count",
        "--count-matches",
        "--quiet",
        "--silent",
        "--files",
    ])
}

/// Which lines a search shows, where its words say so.
pub(in super::super) fn needle(
    program: &Program,
    fields: &[Field],
    arguments: &Arguments,
) -> Option<Needle> {
    let has = |names: &[&str]| arguments.has(names);
    if !searches(program)
        || has(&[
            "-v",
            "--invert-match",
            "-f",
            "--file",
            "-z",
            "--null-data",
            "--passthru",
            "--passthrough",
        ])
    {
        return None;
    }
    let called = invoked(fields);
    let plain = matches!(called, "fgrep" | "zfgrep" | "bzfgrep" | "xzfgrep");
    let basic = program.name == "git grep" || program.name == "grep" && called.contains("grep");
    let extended = matches!(called, "egrep" | "zegrep" | "bzegrep" | "xzegrep" | "ugrep");
    let syntax = if plain || has(&["-F", "--fixed-strings", "-Q", "--literal"]) {
        Syntax::Fixed
    } else if basic && !extended && !has(&["-E", "--extended-regexp", "-P", "--perl-regexp"]) {
        Syntax::Basic
    } else {
        Syntax::Extended
    };
    let given: Vec<&Field> = arguments.values(&["-e", "--regexp"]).collect();
    let patterns = match given.is_empty() {
        true => arguments.operands.first().into_iter().collect(),
        false => given,
    };
    let patterns: Option<Vec<String>> =
        patterns.into_iter().map(|field| field.literal().map(str::to_owned)).collect();
    let patterns = patterns.filter(|patterns| !patterns.is_empty())?;
    let lines = patterns.iter().flat_map(|pattern| pattern.split('\n')).map(str::to_owned);
    let numbered = |field: &Field| {
        let digits = field.text.raw().strip_prefix('-').unwrap_or("");
        digits.starts_with(|letter: char| letter.is_ascii_digit())
    };
    Some(Needle {
        patterns: lines.collect(),
        syntax,
        caseless: has(&["-i", "-y", "--ignore-case", "-S", "--smart-case"])
            || matches!(called, "ag"),
        around: has(&[
            "-A",
            "-B",
            "-C",
            "--context",
            "--after-context",
            "--before-context",
            "-p",
            "-W",
            "--show-function",
            "--function-context",
            "-U",
            "--multiline",
            "-l",
            "--files-with-matches",
            "--name-only",
        ]) || arguments.unknown.iter().any(numbered),
    })
}

/// The trees that a search reads.
fn searched(
    eval: &Eval<'_>,
    program: &Program,
    fields: &[Field],
    arguments: &Arguments,
) -> Vec<Tree> {
    let has = |names: &[&str]| arguments.has(names);
    let (mut hidden, mut ignored, mut held) = (true, Ignored::Nothing, Held::Either);
    match program.name.get() {
        "grep" => {
            let recursive = has(&["-r", "-R", "--recursive", "--dereference-recursive"])
                || invoked(fields) == "rgrep"
                // As getopt takes it.
                || arguments.unknown.iter().any(|word| word.text.raw().starts_with("--rec"))
                || arguments
                    .value(&["-d", "--directories"])
                    .and_then(Field::literal)
                    .is_some_and(|how| how == "recurse");
            if !recursive {
                return Vec::new();
            }
        }
        "rg" | "ag" => {
            let is_ag = program.name == "ag";
            let less = ["-u", "--unrestricted"];
            let given = arguments.unknown.iter().filter_map(Field::literal);
            let times = given.filter(|word| less.contains(word)).count();
            hidden = has(&["-.", "--hidden"]) || times > usize::from(!is_ag);
            let all = times > 0
                || has(&["--no-ignore", "--no-ignore-vcs", "--skip-vcs-ignores"])
                || is_ag && has(&["-U", "-a", "--all-types"]);
            if !all {
                ignored = Ignored::OnDisk;
            }
        }
        "git grep" => {
            held = Held::Only;
            if has(&["--untracked", "--no-index", "--no-exclude-standard"]) {
                held = Held::Either;
                ignored = Ignored::OnDisk;
            }
            if has(&["--no-exclude-standard", "--no-index"]) && !has(&["--exclude-standard"]) {
                ignored = Ignored::Nothing;
            }
        }
        "ack" => {}
        _ => return Vec::new(),
    }
    // Types are of source files.
    let typed = arguments
        .values(&["-t", "--type"])
        .any(|kind| !kind.literal().is_some_and(|kind| matches!(kind, "all" | "env" | "dotenv")));
    if typed && program.name != "grep" {
        return Vec::new();
    }
    let mut tree = Tree { hidden, ignored, held, ..Tree::all("") };
    tree.links = has(&["-R", "--dereference-recursive", "-L", "--follow"]);
    for glob in arguments.values(&["--include", "-g", "--glob", "--iglob"]) {
        match glob.text.raw().strip_prefix('!') {
            Some(rest) => tree.but.extend(certain(&glob.with(rest))),
            None => {
                tree.only.push(widened(glob));
                // What a glob of rg names is searched though it is ignored.
                if program.name == "rg" && !glob.text.raw().starts_with(['*', '?', '[', '{']) {
                    (tree.hidden, tree.ignored) = (true, Ignored::Nothing);
                }
            }
        }
    }
    let left_out = arguments.values(&["--exclude", "--exclude-dir", "--ignore", "--ignore-dir"]);
    tree.but.extend(left_out.filter_map(certain));
    let from = usize::from(!has(&["--files"]) || has(&["-e", "--regexp", "-f", "--file"]));
    let roots = arguments.operands.get(from..).unwrap_or(&[]);
    // What comes in is searched where no place is named.
    if roots.is_empty()
        && program.name != "git grep"
        && !eval.stdin.is_nothing()
        && !has(&["--files"])
    {
        return Vec::new();
    }
    if program.name == "git grep" {
        let here = eval.directory().clone();
        let specs = roots.iter();
        let magic: Vec<Tree> =
            specs.filter_map(|spec| by_pathspec(eval, &here, spec, &tree)).collect();
        if !magic.is_empty() {
            return magic;
        }
    }
    rooted(eval, &tree, roots)
}

/// The tree that a pathspec of git with a pattern or with magic stands for
/// (gitglossary, pathspec): its `*` is any text, slashes included.
fn by_pathspec(eval: &Eval<'_>, at: &Text, spec: &Field, tree: &Tree) -> Option<Tree> {
    let word = spec.literal()?;
    let (magic, pattern) = match word.strip_prefix(":(") {
        Some(rest) => rest.split_once(')').unwrap_or((rest, "")),
        None => ("", word),
    };
    if magic.is_empty() && !pattern.contains(['*', '?', '[', '\\']) {
        return None;
    }
    let whole = ["exclude", "icase", "attr"].iter().any(|kind| magic.contains(kind));
    let root = eval.resolve(at).named()?.to_owned();
    let mut tree = Tree { root, ..tree.clone() };
    if magic.contains("top") && tree.held == Held::Not {
        tree.held = Held::NotAnywhere;
    }
    if !whole && !pattern.is_empty() {
        let pattern = widened(&spec.with(pattern));
        // Of a directory that it names, all below; `**/` may be nothing.
        let plain = pattern.replace("**/", "*");
        tree.only = vec![format!("./{plain}"), format!("./{plain}/*")];
    }
    Some(tree)
}

/// One tree for each place that is named, or for where the command runs.
fn rooted(eval: &Eval<'_>, tree: &Tree, roots: &[Field]) -> Vec<Tree> {
    let here = [Field::new(".", Default::default())];
    let roots = if roots.is_empty() { &here } else { roots };
    let at = roots.iter().map(|root| eval.resolve(&root.text));
    at.filter_map(|at| at.named().map(|root| Tree { root: root.to_owned(), ..tree.clone() }))
        .collect()
}

/// What a search or an archiver by data takes in of trees.
pub(in super::super) fn read(
    eval: &mut Eval<'_>,
    program: &'static Program,
    fields: &[Field],
    arguments: &Arguments,
    flow: &mut Flow,
) {
    let span = fields.first().map(|field| field.span).unwrap_or_default();
    let mut all = Stream::nothing();
    if searches(program) && !only_names(arguments) {
        for tree in searched(eval, program, fields, arguments) {
            all.then(eval.read_below(tree, span));
        }
    }
    // What is only on one side is shown in full.
    let outside = fields.iter().any(|field| field.literal() == Some("--no-index"));
    if program.name == "git diff" && outside
        || program.name == "diff"
            && arguments.has(&["-r", "--recursive"])
            && arguments.has(&["-N", "--new-file", "-P", "--unidirectional-new-file"])
    {
        for tree in rooted(eval, &Tree::all(""), &arguments.operands) {
            all.then(eval.read_below(tree, span));
        }
    }
    for tree in packed(eval, program, arguments) {
        let labels = eval.carried_below(tree, span);
        all.then(Stream { labels, ..Stream::nothing() });
    }
    if all.labels.is_none() {
        return;
    }
    // What an archive in a file carries is not printed.
    let archive = match program.name.get() {
        "7z" | "rar" if !arguments.has(&["-so"]) => arguments.operands.get(1),
        "zip" => arguments.operands.first(),
        "jar" => arguments.operands.iter().find(|word| word.text.raw().ends_with("ar")),
        "pax" => arguments.value(&["-f"]),
        _ => None,
    };
    if let Some(archive) = archive.filter(|archive| archive.literal() != Some("-")) {
        let plain = program.name == "zip" && !archive.text.raw().contains('.');
        let name = format!("{}{}", archive.text.raw(), if plain { ".zip" } else { "" });
        let path = eval.resolve(&Text::new(name));
        flow.written.retain(|(known, ..)| *known != path);
        eval.store(&path, Writing::Replace, &Stream { text: None, ..all }, archive.span);
        return;
    }
    match &mut flow.read {
        Some(read) => read.then(all),
        None => flow.read = Some(all),
    }
}

/// The trees that an archiver packs into a file.
fn packed(eval: &Eval<'_>, program: &Program, arguments: &Arguments) -> Vec<Tree> {
    let first = arguments.operands.first().and_then(Field::literal);
    let from = match program.name.get() {
        "zip" if arguments.has(&["-r", "-R", "--recurse-paths"]) => 1,
        "7z" if matches!(first, Some("a" | "u")) => 2,
        "rar" if matches!(first, Some("a" | "u" | "m" | "mf")) => 2,
        "jar" => 0,
        "pax" if arguments.has(&["-w"]) && !arguments.has(&["-r"]) => 0,
        _ => return Vec::new(),
    };
    let roots = arguments.operands.get(from..).unwrap_or(&[]);
    if roots.is_empty() {
        return Vec::new();
    }
    let mut tree = Tree::all("");
    tree.but.extend(arguments.values(&["-x", "--exclude"]).filter_map(certain));
    rooted(eval, &tree, roots)
}

/// What a program that copies takes along of a directory; `None` where it
/// leaves directories out.
pub(super) fn copied(program: &Program, arguments: &Arguments) -> Option<Tree> {
    let whole = ["-r", "-R", "-a", "--recursive", "--archive"];
    let all = matches!(program.name.get(), "mv" | "ditto") || arguments.has(&whole);
    let mut tree = Tree::all("");
    tree.but.extend(arguments.values(&["--exclude"]).filter_map(certain));
    all.then_some(tree)
}

/// The trees that `tar` packs.
pub(super) fn archived(eval: &Eval<'_>, arguments: &Arguments) -> Vec<Tree> {
    let mut tree = Tree::all("");
    tree.links = arguments.has(&["-h", "--dereference"]);
    tree.but.extend(arguments.values(&["--exclude"]).filter_map(certain));
    if arguments.operands.is_empty() {
        Vec::new()
    } else {
        rooted(eval, &tree, &arguments.operands)
    }
}

/// Whether a program may print names of what lies in a tree.
pub(super) fn prints_names(program: &Program) -> bool {
    searches(program) || matches!(program.name.get(), "git ls-files" | "tree")
}

/// The files of secrets whose names a program prints.
pub(super) fn named(
    eval: &mut Eval<'_>,
    program: &'static Program,
    fields: &[Field],
    arguments: &Arguments,
) -> Vec<Text> {
    let has = |names: &[&str]| arguments.has(names);
    let trees = match program.name.get() {
        "rg" if has(&["--files"]) => searched(eval, program, fields, arguments),
        "git ls-files" => {
            let mut tree = Tree { held: Held::Only, ..Tree::all("") };
            if has(&["-o", "--others", "-i", "--ignored"]) {
                tree.held = if has(&["-c", "--cached"]) { Held::Either } else { Held::Not };
                if has(&["--exclude-standard"]) && !has(&["-i", "--ignored"]) {
                    tree.ignored = eval.rules_of_ignoring();
                }
            }
            tree.but.extend(arguments.values(&["-x", "--exclude"]).filter_map(certain));
            rooted(eval, &tree, &arguments.operands)
        }
        "tree" if has(&["-a"]) && has(&["-f"]) => rooted(eval, &Tree::all(""), &arguments.operands),
        _ if searches(program) && has(&["-l", "--files-with-matches", "--name-only"]) => {
            // Those in which a line fits.
            let needle = needle(program, fields, arguments);
            let trees = searched(eval, program, fields, arguments);
            let outer = std::mem::replace(&mut eval.needle, needle);
            let mut found: Vec<Text> =
                trees.into_iter().flat_map(|tree| eval.below(tree)).collect();
            found.retain(|path| !eval.passes_over(path));
            eval.needle = outer;
            return found;
        }
        _ => return Vec::new(),
    };
    trees.into_iter().flat_map(|tree| eval.below(tree)).collect()
}

/// What `find` finds below one of its starting points, by its tests.
pub(super) fn found(eval: &mut Eval<'_>, root: &Text, words: &[Field]) -> Vec<Text> {
    let Some(root) = eval.resolve(root).named().map(str::to_owned) else { return Vec::new() };
    let mut tree = Tree::all(root);
    let is = |name: &str| words.iter().any(|word| word.literal() == Some(name));
    let (either, prunes) = (is("-o") || is("-or"), is("-prune"));
    tree.links = !is("-type") || is("-L") || is("-follow");
    let mut positive = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let value = words.get(at + 1);
        let next = |step: usize| words.get(at + 1 + step).and_then(Field::literal);
        match (word.literal(), value) {
            (Some("-maxdepth"), Some(value)) => {
                tree.shallow |= matches!(value.literal(), Some("0" | "1"));
            }
            (Some("-type" | "-xtype"), Some(value))
                if value.literal().is_some_and(|kinds| !kinds.contains(['f', 'l'])) && !either =>
            {
                return Vec::new();
            }
            (
                Some(test @ ("-name" | "-iname" | "-path" | "-ipath" | "-wholename")),
                Some(value),
            ) => {
                // A pattern of paths says so by a slash.
                let spelled = |glob: String| match test.ends_with("name") && test != "-wholename" {
                    false if !glob.contains('/') => format!("./{glob}"),
                    _ => glob,
                };
                let before = at.checked_sub(1).and_then(|at| words.get(at));
                let negated = matches!(before.and_then(Field::literal), Some("!" | "-not"));
                if negated || prunes && matches!(next(1), Some("-prune" | ")" | "-o")) {
                    if !either || prunes {
                        tree.but.extend(certain(value).map(spelled));
                    }
                } else {
                    positive.push(spelled(widened(value)));
                }
            }
            (Some("-regex" | "-iregex" | "-empty"), _) => return Vec::new(),
            _ => {}
        }
    }
    // One of several, of which others are not names.
    let names = words.iter().filter(|word| word.literal() == Some("-o")).count();
    if !either || positive.len() > names - usize::from(prunes && names > 0) {
        tree.only = positive;
    }
    eval.below(tree)
}

/// What `fd` finds below one of its starting points.
pub(super) fn found_by_pattern(
    eval: &mut Eval<'_>,
    root: &Text,
    arguments: &Arguments,
    names: &[Text],
) -> Vec<Text> {
    let Some(root) = eval.resolve(root).named().map(str::to_owned) else { return Vec::new() };
    let all = arguments.has(&["-u", "--unrestricted"]);
    let mut tree = Tree { ignored: Ignored::OnDisk, ..Tree::all(root) };
    tree.hidden = all || arguments.has(&["-H", "--hidden"]);
    if all || arguments.has(&["-I", "--no-ignore", "--no-ignore-vcs"]) {
        tree.ignored = Ignored::Nothing;
    }
    tree.only.extend(names.iter().map(Text::to_string));
    let endings = arguments.values(&["-e", "--extension"]).filter_map(Field::literal);
    let endings: Vec<String> = endings.map(|end| format!("*.{end}")).collect();
    if !endings.is_empty() {
        tree.only = endings;
    }
    tree.but.extend(arguments.values(&["-E", "--exclude"]).filter_map(certain));
    eval.below(tree)
}

/// What is added to a repository by its directory.
pub(super) fn added(eval: &mut Eval<'_>, worked_in: &Text, words: &[Field]) {
    let flag = |long: &str, short: char| {
        words.iter().filter_map(Field::literal).any(|word| {
            word == long || word.starts_with('-') && !word.starts_with("--") && word.contains(short)
        })
    };
    if flag("--dry-run", 'n') || flag("--update", 'u') {
        return;
    }
    let ignored = match flag("--force", 'f') {
        true => Ignored::Nothing,
        false => eval.rules_of_ignoring(),
    };
    let span = words.first().map(|word| word.span).unwrap_or_default();
    let operands: Vec<&Field> =
        words.iter().skip(1).filter(|word| !word.text.raw().starts_with('-')).collect();
    let anywhere = operands.iter().any(|word| matches!(word.literal(), Some(":/" | ":")));
    let mut trees = Vec::new();
    if operands.is_empty() && flag("--all", 'A') || anywhere {
        let root = worked_in.literal().unwrap_or("").to_owned();
        trees.push(Tree { ignored: ignored.clone(), held: Held::NotAnywhere, ..Tree::all(root) });
    }
    for operand in operands {
        let held = Tree { ignored: ignored.clone(), held: Held::Not, ..Tree::all("") };
        if let Some(tree) = by_pathspec(eval, worked_in, operand, &held) {
            trees.push(tree);
            continue;
        }
        let mut root = worked_in.clone();
        root.push("/");
        // A pattern that git reads takes in all below as well.
        let plain = operand.literal().map(|word| word.trim_end_matches('*'));
        root.push(plain.unwrap_or(operand.text.raw()));
        let root = if operand.text.raw().starts_with(['/', '~']) { &operand.text } else { &root };
        if let Some(root) = eval.resolve(root).named() {
            let ignored = ignored.clone();
            trees.push(Tree { ignored, held: Held::Not, ..Tree::all(root) });
        }
    }
    for tree in trees {
        // Where nobody has looked, what is left out for being secret is there.
        let whole =
            tree.held == Held::NotAnywhere || Some(tree.root.as_str()) == worked_in.literal();
        let looked = eval.context.trees.contains_key(&tree);
        if whole && !looked && tree.ignored == Ignored::Nothing {
            let path = eval.resolve(&Text::new(format!("{}/.env", tree.root)));
            let _ = eval.read(&path, span);
        }
        let _ = eval.read_below(tree, span);
    }
}

/// A path as it stands in a list of names.
pub(super) fn spelled(eval: &Eval<'_>, path: &Text) -> Text {
    let here = eval.directory().literal().unwrap_or("");
    let below = path.raw().strip_prefix(here).and_then(|rest| rest.strip_prefix('/'));
    below
        .filter(|_| here.len() > 1)
        .map_or_else(|| path.clone(), |rest| Text::new(format!("./{rest}")))
}

/// Adds names of files to the names that a program prints.
pub(super) fn more_names(
    eval: &Eval<'_>,
    printed: &mut Stream,
    found: &[Text],
    here: bool,
    end: &str,
) {
    if found.is_empty() {
        return;
    }
    let mut text = match printed.text.take() {
        Some(text) => text,
        // What else there is lies below the directory.
        None if here => Text::new(format!("./{}{end}", crate::text::ANY)),
        None => Text::new(format!("{}{end}", crate::text::ANY)),
    };
    for path in found {
        text.push(spelled(eval, path).raw());
        text.push(end);
    }
    printed.text = Some(text);
    printed.names = here;
    printed.labels = printed.labels.without(Labels::SETUP);
}
