//! What bash would really execute, against what was predicted.
//!
//! Each line runs in a real bash whose `PATH` holds nothing but stubs that
//! write down their arguments. Whatever ran must be among the predicted
//! commands; where the prediction is only a pattern, the pattern must fit.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use palisade_shell::{Context, Text, analyse};

/// Lines with harmless programs only: `aa`, `bb` and `cc` are stubs.
const LINES: &[&str] = &[
    "aa one two",
    "aa 'one two' three",
    "aa \"a b\" 'c'\\''d'",
    "a\\a x",
    "'aa' x",
    "$'\\x61a' x",
    "$'\\141\\141' x",
    "x=aa; $x y",
    "x=a; y=a; $x$y z",
    "x='aa one  two'; $x",
    "x='one  two'; aa \"$x\" $x",
    "aa {1,2,3}",
    "aa {1..4}",
    "aa {01..03} {c..a}",
    "aa x{1,2}y{3,4}",
    "aa {a,b{c,d}}",
    "aa \"{1,2}\"",
    "aa {1}",
    "{aa,one,two}",
    "IFS=,; x=aa,one,two; $x",
    "IFS=:; x=a:b; aa $x \"$x\"",
    "aa${IFS}one",
    "set -- p q r; aa \"$@\"",
    "set -- p 'q r'; aa $@",
    "set -- p q; aa \"$*\" $#",
    "set -- p q r; shift; aa $1",
    "a=(x y 'z w'); aa \"${a[@]}\"",
    "a=(x y); aa ${a[1]} ${#a[@]}",
    "a=(x); a+=(y); aa ${a[@]}",
    "declare -A m; m[k]=v; aa ${m[k]}",
    "x=abcdef; aa ${x:1:3} ${x:2} ${x: -2}",
    "x=path/to/file.txt; aa ${x##*/} ${x%.*} ${x%%/*} ${x#*/}",
    "x=hello; aa ${x^} ${x^^} ${x/l/L} ${x//l/L}",
    "x=HELLO; aa ${x,} ${x,,}",
    "x=abc; aa ${#x}",
    "unset q; aa ${q:-dflt} ${q-d2}",
    "q=; aa ${q:-dflt} \"${q-d2}\"",
    "q=v; aa ${q:+alt} ${q:-d}",
    "unset q; aa ${q:=set} $q",
    "x=y; y=z; aa ${!x}",
    "aa $(echo one two)",
    "aa \"$(echo one two)\"",
    "aa $(printf '%s-%s' a b)",
    "$(echo aa) x",
    "aa `echo one`",
    "aa $((1+2*3)) $((2**4)) $(( (7-1)/2 ))",
    "i=5; aa $((i+1)) $((i%3))",
    "eval 'aa one'",
    "eval \"aa 'one two'\"",
    "eval aa one",
    "x='aa q'; eval $x",
    "f() { aa \"$1\" in; }; f arg",
    "f() { aa \"$@\"; }; f 'a b' c",
    "f() { bb; }; f() { aa; }; f",
    "for i in 1 2 3; do aa $i; done",
    "for i in a 'b c'; do aa \"$i\"; done",
    "if aa; then bb; fi",
    "aa && bb",
    "aa || bb; cc",
    "aa; bb\ncc",
    "( aa; bb ) ; { cc; }",
    "case abc in a*) aa one;; esac",
    "while aa; do bb; break; done",
    "echo 'aa piped' | bash",
    "bash -c 'aa $0 $1' zero one",
    "bash -c 'aa \"$@\"' _ 'x y' z",
    "sh -c 'aa one'",
    "bash <<'END'\naa here\nEND",
    "bash <<END\naa doc\nEND",
    "bash <<< 'aa string'",
    "x=v; bash -c \"aa $x\"",
    "echo YWEgZGVjb2RlZAo= | base64 -d | bash",
    "echo 'dettor aa' | rev | sed 's/aa/bb/' >/dev/null; aa",
    "env X=1 aa y",
    "env -S 'aa one two'",
    "env -u HOME aa z",
    "command aa x",
    "builtin eval 'aa x'",
    "exec aa last",
    "timeout 5 aa t",
    "nice -n 1 aa n",
    "nohup aa h",
    "printf '%s\\n' one two | xargs aa",
    "printf '%s\\n' one two | xargs -n1 aa",
    "printf '%s\\n' one | xargs -I{} aa pre-{}-post",
    "echo x | xargs sh -c 'aa \"$0\"'",
    "find . -maxdepth 0 -exec aa {} +",
    "find . -maxdepth 0 -exec aa x \\;",
    "trap 'aa trapped' EXIT",
    "x=one aa y",
    "aa > out.txt",
    "aa 2>&1 | bb",
    "aa |& bb",
    "! aa",
    "time aa",
    "aa & wait",
    "aa # comment",
    "aa x#y",
    "aa \\\n continued",
    "aa 'multi\nline'",
    "cat <(aa sub)",
    "x=$(aa inner); bb",
    "[[ $(aa t) ]] || bb",
    "echo ${z:-$(aa deflt)}",
    "echo $(( $(aa n >/dev/null; echo 1) + 1 ))",
    "a=1; a+=2; aa $a",
    "export V=1; aa $V",
    "local_() { local v=in; aa $v; }; local_",
    "readonly R=ro; aa $R",
    "printf -v pv '%s' made; aa $pv",
    "read r <<< 'rd'; aa $r",
    "read a b <<< 'one two three'; aa $a \"$b\"",
    "mapfile -t m <<< 'line'; aa ${m[0]}",
    "shopt -s expand_aliases\nalias al='aa aliased'\nal more",
    "aa ~ ~/x",
    "aa \"~\"",
    "aa $HOME/y",
    "aa \"\" ''",
    "aa -- -x",
    "aa $'tab\\there'",
    "aa \"q\\\"uote\" 'back\\slash'",
    "x='*'; aa \"$x\"",
    "aa \\*",
    "set -- one; bash -c 'aa'",
    "bash -c 'f() { aa \"$1\"; }; f deep'",
    "eval eval aa twice",
    "eval \"eval \\\"aa thrice\\\"\"",
    "bash -c \"bash -c 'aa nested'\"",
    "coproc aa co; wait",
    "function g { aa fn; }; g",
    "for ((i=0;i<1;i++)); do aa c; done",
    "until aa; do bb; done",
    "select s in one; do aa $s; break; done <<< 1",
    "{ aa; } > o2.txt",
    "aa 3>&1 4>&2",
    "exec 3>o3.txt; aa fd",
    "echo 'aa from file' > s.sh; bash s.sh",
    "echo 'aa sourced' > s2.sh; . ./s2.sh",
    "awk 'BEGIN { system(\"aa awk\") }'",
    "sed -n '1e aa sed' <<< x",
];

#[test]
fn real_bash_runs_what_was_predicted() {
    if Command::new("bash").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: real_bash_runs_what_was_predicted: no bash here");
        return;
    }
    let root = std::env::temp_dir().join(format!("palisade-argv-{}", std::process::id()));
    let stubs = root.join("stubs");
    fs::create_dir_all(&stubs).unwrap();
    let log = root.join("ran");
    fs::create_dir_all(&log).unwrap();
    for name in ["aa", "bb", "cc"] {
        let file = stubs.join(name);
        // Each run has a file of its own: its fields, each ended by \x1f.
        let text = format!(
            "#!/bin/sh\nprintf '%s\\037' {name} \"$@\" > {}.$$\n",
            log.join(name).display()
        );
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (number, line) in LINES.iter().enumerate() {
        let work = root.join(format!("work{number}"));
        fs::create_dir_all(&work).unwrap();
        let _ = fs::remove_dir_all(&log);
        fs::create_dir_all(&log).unwrap();
        let path = format!("{}:/usr/bin:/bin", stubs.display());
        let _ = Command::new("timeout")
            .args(["10", "bash", "-c", line])
            .current_dir(&work)
            .env_clear()
            .env("PATH", path)
            .env("HOME", "/home/u")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let ran: Vec<String> = fs::read_dir(&log)
            .unwrap()
            .map(|file| fs::read_to_string(file.unwrap().path()).unwrap_or_default())
            .collect();
        let context = Context {
            cwd: work.display().to_string(),
            home: "/home/u".into(),
            ..Context::default()
        };
        let analysis = analyse(line, &context);
        let predicted: Vec<Vec<&Text>> = analysis
            .commands
            .iter()
            .map(|command| std::iter::once(&command.program).chain(&command.arguments).collect())
            .collect();
        for record in &ran {
            seen += 1;
            let argv: Vec<&str> =
                record.strip_suffix('\u{1f}').unwrap_or(record).split('\u{1f}').collect();
            let fits = predicted.iter().any(|words| covers(words, &argv));
            if !fits {
                wrong.push(format!("`{line}` ran {argv:?}, predicted {predicted:?}"));
            }
        }
        if ran.is_empty() && !line.starts_with("echo $((") {
            wrong.push(format!("`{line}` ran no stub at all: the case is no use"));
        }
    }
    let _ = fs::remove_dir_all(&root);
    assert!(seen > 140, "only {seen} commands seen");
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether predicted words, some unknown, take in a real argument vector. An
/// unknown word may stand for any number of them.
fn covers(words: &[&Text], argv: &[&str]) -> bool {
    match (words.split_first(), argv.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((word, rest)), _) if word.is_unknown() => {
            (0..=argv.len()).any(|skip| covers(rest, &argv[skip..]))
        }
        (Some(_), None) => false,
        (Some((word, rest)), Some((first, more))) => {
            let same = match word.literal() {
                Some(text) => text == *first,
                None => word.may_match(first),
            };
            same && covers(rest, more)
        }
    }
}
