//! What patterns, links and lists on disk mean for a verdict.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use palisade_core::{Command, Posture, Verdict};
use palisade_guards::Places;
use palisade_runtime::{
    Circumstances, Home, Profile, ProfileName, Request, Session, judge_command,
};
use tempfile::TempDir;

/// A home with secrets and a project in it, and a profile.
pub(crate) struct House {
    room: TempDir,
    profile: Profile,
    places: Places,
}

impl House {
    pub(crate) fn new() -> Self {
        let room = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(room.path()).unwrap();
        for directory in [".ssh", ".palisade/profiles/default", ".config", "p/src", "p/sub"] {
            fs::create_dir_all(home.join(directory)).unwrap();
        }
        for file in [
            ".ssh/id_rsa",
            ".palisade/profiles/default/config.yaml",
            ".palisade/profiles/default/.env",
            ".bashrc",
            "p/src/a.rs",
            "p/src/b.rs",
        ] {
            fs::write(home.join(file), "").unwrap();
        }
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let palisade = home.join(".palisade");
        let locate = |name: &str| (name == "PALISADE_HOME").then(|| palisade.clone().into());
        let profile =
            Profile::new(&Home::locate(locate).unwrap(), ProfileName::parse("default").unwrap());
        let places = Places {
            home: text(&home),
            cwd: text(&home.join("p")),
            workspace: text(&home.join("p")),
            palisade_home: text(&palisade),
            ..Places::default()
        };
        Self { room, profile, places }
    }

    /// With links in the project, each to something of the home.
    pub(crate) fn linked(links: &[(&str, &str)]) -> Self {
        let house = Self::new();
        links.iter().for_each(|(to, name)| house.link(to, name));
        house
    }

    /// With files in the project.
    pub(crate) fn holding(files: &[(&str, &str)]) -> Self {
        let house = Self::new();
        files.iter().for_each(|(name, content)| house.write(name, content));
        house
    }

    pub(crate) fn link(&self, to: &str, name: &str) {
        symlink(self.room.path().join(to), self.project(name)).unwrap();
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::write(self.project(name), content).unwrap();
    }

    pub(crate) fn project(&self, name: &str) -> std::path::PathBuf {
        self.room.path().join("p").join(name)
    }

    pub(crate) fn verdict(&self, line: &str) -> Verdict {
        let at = Circumstances {
            profile: &self.profile,
            posture: Posture::default(),
            grants: &[],
            places: &self.places,
            session: &Session::default(),
            now: 0,
        };
        let request =
            Request { command: Command::Shell(line.to_owned()), cwd: self.places.cwd.clone() };
        judge_command(request, &at).decision.verdict()
    }

    #[track_caller]
    pub(crate) fn expect(&self, verdict: Verdict, lines: &[&str]) {
        for line in lines {
            assert_eq!(self.verdict(line), verdict, "{line}");
        }
    }
}

use Verdict::{Allow, Ask, Deny};

#[test]
fn a_pattern_behind_a_link_is_where_the_link_leads() {
    let house = House::linked(&[(".palisade/profiles/default", "q"), (".ssh", "s")]);
    let denied = [
        "cp x q/config.y*",
        "cat q/.e*",
        "cat q/*",
        "tee q/c[o]nfig.yaml",
        "echo x > q/conf*",
        "rm q*/config.yaml",
        "cat s/*",
        "cat s/i*",
        "cat */id_*",
        "python3 -c 'import glob; print([open(f).read() for f in glob.glob(\"*/id_*\")])'",
        "cd s; cat *",
    ];
    house.expect(Deny, &denied);
    house.expect(Allow, &["cat src/*.rs", "ls s/*", "ls -la q", "wc -l */*.rs", "grep -rn foo ."]);
}

#[test]
fn a_link_under_an_innocent_name_is_found_by_a_pattern() {
    let house = House::linked(&[
        (".ssh/id_rsa", "sub/notes.txt"),
        (".bashrc", "sub/rc.txt"),
        ("p/src/a.rs", "sub/a.rs"),
    ]);
    let denied = [
        "cat sub/*.txt",
        "cat */notes.t*",
        "cat < sub/no*",
        "for f in sub/*; do cat \"$f\"; done",
        "ls sub/* | xargs cat",
        "shopt -s dotglob; cat sub/*",
    ];
    house.expect(Deny, &denied);
    house.expect(Ask, &["echo x >> sub/rc*", "sed -i s/a/b/ sub/r*"]);
    // What is taken away is the link.
    house.expect(Allow, &["rm sub/*", "rm -f sub/rc*", "cat sub/*.rs"]);
}

#[test]
fn a_way_up_from_a_link_on_disk_goes_up_from_its_target() {
    let house = House::new();
    fs::create_dir(house.room.path().join(".ssh/sub")).unwrap();
    house.link(".ssh/sub", "e");
    let denied = ["cat e/../id_rsa", "cd e/..; cat id_rsa", "cat e/../i*", "cd e; cat ../id_rsa"];
    house.expect(Deny, &denied);
    house.expect(Allow, &["cat src/../README.md"]);
}

#[test]
fn names_in_a_list_are_judged() {
    let house = House::holding(&[
        ("secrets.txt", "src/a.rs\n../.ssh/id_rsa\n"),
        ("nul", "../.ssh/id_rsa\0"),
        ("good", "src/a.rs\nsrc/b.rs\n"),
    ]);
    let denied = [
        "cat $(cat secrets.txt)",
        "cat $(<secrets.txt)",
        "xargs cat < secrets.txt",
        "cat secrets.txt | xargs cat",
        "xargs -a secrets.txt cat",
        "xargs -0 cat < nul",
        "tar cf - -T secrets.txt",
        "tar cf x.tar --files-from=secrets.txt",
        "while read f; do cat $f; done < secrets.txt",
        "mapfile -t a < secrets.txt; cat \"${a[@]}\"",
        "tail -1 secrets.txt | xargs base64",
        "f=$(tail -1 secrets.txt); cat \"$f\"",
        "parallel cat :::: secrets.txt",
        "find -files0-from nul -exec cat {} +",
    ];
    house.expect(Deny, &denied);
    let allowed = [
        "cat $(cat good)",
        "xargs wc -l < good",
        "while read f; do wc -l \"$f\"; done < good",
        "tar cf x.tar -T good",
        "cat nowhere | xargs wc -l",
        "git ls-files | xargs wc -l",
        "git commit -m \"$(cat good)\"",
    ];
    house.expect(Allow, &allowed);
}

#[test]
fn a_list_that_is_written_meanwhile_is_not_what_it_was() {
    let house = House::new();
    house.write("l", "src/a.rs\n");
    house.expect(Deny, &["echo ../.ssh/id_rsa > l; cat $(cat l)"]);
    house.expect(Ask, &["curl -s https://a.example/l > l; rm -rf $(cat l)"]);
}

#[test]
fn many_files_that_are_alike_hide_no_other() {
    let house = House::new();
    for number in 0..64 {
        house.write(&format!("sub/{number}.key"), "");
    }
    house.link(".ssh/id_rsa", "sub/zz.key");
    house.expect(Deny, &["cat sub/*.key", "cat sub/*"]);
}

#[test]
fn what_holds_secrets_is_not_taken_up() {
    let house = House::new();
    house.write(".env", "/etc/shadow\n");
    // Its names would be a refusal; it is the question that it always was.
    house.expect(Ask, &["export $(cat .env | xargs)", "for f in $(cat .env); do cat $f; done"]);
}

#[test]
fn what_a_build_makes_again_may_go() {
    let house = House::new();
    let lines = ["rm -rf node_modules", "rm -rf target", "rm -rf ./build"];
    for directory in ["node_modules", "target", "build", "dist/.git", "out", "kept/target"] {
        fs::create_dir_all(house.project(directory)).unwrap();
    }
    // By the name alone they are not known.
    house.expect(Ask, &lines);
    fs::create_dir(house.project(".git")).unwrap();
    house.write(".gitignore", "/build/\ndist\nout\n!out\n");
    house.write("package.json", "{}");
    house.write("Cargo.toml", "");
    house.write("kept/Cargo.toml", "");
    house
        .write(".git/index", "DIRC\0\0\0\u{2}....\0\u{8}src/a.rs\0....\0\u{11}kept/target/notes\0");
    house.expect(Allow, &lines);
    house.expect(Allow, &["rm -rf node_modules target", "cd src; rm -rf ../target"]);
    // Other data under such a name is not what a build makes.
    for (directory, file) in
        [("node_modules", "letters"), ("__pycache__", "a.py"), (".ruff_cache", "x")]
    {
        fs::create_dir_all(house.project(directory)).unwrap();
        house.write(&format!("{directory}/{file}"), "");
        house.expect(Ask, &[&format!("rm -rf {directory}")]);
    }
    house.write("node_modules/.package-lock.json", "{}");
    house.write("target/CACHEDIR.TAG", "");
    fs::remove_file(house.project("__pycache__/a.py")).unwrap();
    house.write("__pycache__/a.cpython-313.pyc", "");
    house.expect(
        Allow,
        &["rm -rf node_modules __pycache__", "rm -rf target", "rm -rf target/..data"],
    );
    // An environment is made in the place of another.
    fs::create_dir_all(house.project(".venv/bin")).unwrap();
    house.write(".venv/pyvenv.cfg", "");
    house.write(".venv/bin/python3", "");
    house.expect(
        Allow,
        &[
            "python3 -m venv .venv",
            "python3 -m venv --clear .venv",
            "rm -rf .venv && python -m venv .venv",
        ],
    );
    house.expect(Ask, &["python3 -m venv .git/hooks", "python3 -m venv --clear src"]);
    fs::remove_dir_all(house.project(".venv")).unwrap();
    // By a search or a pattern for that name, as long as all of them are caches.
    let searched = [
        "find . -name __pycache__ -type d -exec rm -rf {} +",
        "find . -type d -name __pycache__ | xargs rm -rf",
        "rm -rf **/__pycache__",
    ];
    house.expect(Allow, &searched);
    let others = [
        "mv src __pycache__ && find . -name __pycache__ -exec rm -rf {} +",
        "find . -name '__p*' -exec rm -rf {} +",
        "find . -name __pycache__ -o -name src -exec rm -rf {} +",
        "find / -name __pycache__ -exec rm -rf {} +",
    ];
    house.expect(Ask, &others);
    fs::create_dir_all(house.project("src/a/__pycache__")).unwrap();
    house.write("src/a/__pycache__/notes.txt", "");
    house.expect(Ask, &searched);
    fs::remove_dir_all(house.project("src/a")).unwrap();
    // What is not there may go as well, and a single file, as without `-r`.
    let none = [
        "rm -rf .pytest_cache absent node_modules/.cache",
        "rm -rf coverage && mkdir coverage",
        "cd src && rm -rf absent",
        "rm -rf package.json",
    ];
    house.expect(Allow, &none);
    let meanwhile = [
        "mv src .tox; rm -rf .tox",
        "mv src absent; rm -rf absent",
        "cp -al src absent; rm -rf src/* absent",
        "git mv src absent && rm -rf absent",
        "(sleep 9; rm -rf absent) &",
        "trap 'rm -rf absent' EXIT",
        "cd absent; rm -rf src",
        "cd package.json; rm -rf src",
        "rm -rf absent/../src",
        "mv kept away; cd kept; rm -rf src",
        "rmdir out; cd out; rm -rf src",
    ];
    house.expect(Ask, &meanwhile);
    let asked = [
        "rm -rf dist",
        "rm -rf out",
        "rm -rf kept/target",
        "rm -rf src",
        "rm -rf target src",
        "cp -r src target/; rm -rf target",
        "mv src target; rm -rf target",
        "rm -rf node_modules *",
    ];
    house.expect(Ask, &asked);
    house.write(".git/index", "DIRC\0\0\0\u{4}....");
    house.expect(Ask, &lines);
    fs::remove_dir_all(house.project("target")).unwrap();
    house.link("p/src", "target");
    house.expect(Ask, &["rm -rf target/"]);
}

#[test]
fn what_a_copy_takes_along_is_written() {
    let house = House::new();
    for directory in ["tpl/.claude", "plain/src", "repo/.git/hooks", "old/.vscode"] {
        fs::create_dir_all(house.project(directory)).unwrap();
    }
    let files = [
        "tpl/.claude/settings.local.json",
        "tpl/README",
        "plain/src/a.rs",
        "repo/.git/hooks/pre-commit",
        "repo/.git/hooks/x.sample",
    ];
    files.iter().for_each(|file| house.write(file, ""));
    let asked = [
        "cp -r tpl/. .",
        "cp -a tpl/. ./",
        "cp -rT tpl .",
        "cp -r --no-target-directory tpl .",
        "rsync -a tpl/ .",
        "rsync -a tpl/ ./",
        "cd tpl && cp -r . ..",
        "cp -r tpl/.[a-z]* .",
        "mv tpl/.c* .",
        "shopt -s dotglob; mv tpl/* .",
        "cp -r repo/. .",
        "cp -r tpl/. ~",
        "env cp -r tpl/. .",
        "node -e \"require('fs').cpSync('tpl','.',{recursive:true})\"",
        "python3 -c \"import shutil; shutil.copytree('tpl','.',dirs_exist_ok=True)\"",
        "cd tpl && find . -type f | cpio -pdm ..",
        "tar cf - -C tpl . | tar xf -",
        "(cd tpl && tar cf - .) | tar xf -",
        "find tpl -maxdepth 0 -exec cp -r {}/. . \\;",
        "mv tpl x && cp -r x/. .",
        "cp -r tpl x; cp -r x/. .",
        "mv tpl x; rsync -a x/ .",
        "cd tpl && pax -rw . ..",
    ];
    house.expect(Ask, &asked);
    house.expect(
        Allow,
        &[
            "cp -r plain/. .",
            "cp -r tpl/* .",
            "mv tpl/* src",
            "rsync -a plain/ src",
            "cp -r plain sub",
            "mv plain x && cp -r x/. .",
            "cp -r tpl x",
            "cp -r . /tmp",
            "tar cf - src | tar xf - -C sub",
            "python3 -c \"import shutil; shutil.copytree('plain','sub',dirs_exist_ok=True)\"",
        ],
    );
}

#[test]
fn what_an_archive_or_a_patch_holds_is_written() {
    let house = House::new();
    fs::create_dir_all(house.project("tpl/.claude")).unwrap();
    fs::create_dir_all(house.project(format!("deep/{}/.vscode", "d".repeat(120)).as_str()))
        .unwrap();
    house.write("tpl/.claude/settings.local.json", "{}");
    house.write(&format!("deep/{}/.vscode/tasks.json", "d".repeat(120)), "{}");
    house.write(
        "settings.patch",
        "--- a/.claude/settings.json\n+++ b/.claude/settings.json\n@@ -1 +1 @@\n-a\n+b\n",
    );
    house.write("new.patch", "diff --git a/.mcp.json b/.mcp.json\nnew file mode 100644\n");
    house.write(
        "cargo.patch",
        "--- a/.cargo/config.toml\n+++ b/.cargo/config.toml\n@@ -1 +1 @@\n-a\n+b\n",
    );
    house.write("plain.patch", "--- a/src/a.rs\n+++ b/src/a.rs\n@@ -1 +1 @@\n-a\n+b\n");
    let made = |line: &str| {
        let mut sh = std::process::Command::new("sh");
        sh.arg("-c")
            .arg(line)
            .current_dir(house.project("."))
            .status()
            .is_ok_and(|status| status.success())
    };
    assert!(made(
        "tar cf t.tar -C tpl . && tar czf t.tgz -C tpl . && tar cf plain.tar src && tar cf gnu.tar -C deep . \
         && tar --format=pax -cf pax.tar -C deep ."
    ));
    let mut asked = vec![
        "tar -xf t.tar",
        "tar xzf t.tgz",
        "tar -xf t.tar -C sub",
        "cat t.tar | tar -x",
        "tar xf gnu.tar --strip-components=2",
        "tar xf pax.tar --strip-components=2",
        "patch -p1 < settings.patch",
        "patch -p1 -i settings.patch",
        "cat settings.patch | patch -p1",
        "git apply settings.patch",
        "git apply new.patch",
        "git am settings.patch",
        "patch -p1 < cargo.patch",
        "git apply cargo.patch",
    ];
    // Where this machine has the programs that pack so.
    if made("xz -9 -k t.tar") {
        asked.push("tar xf t.tar.xz");
    }
    if made("zstd -q --ultra -22 t.tar") {
        asked.push("tar xf t.tar.zst");
    }
    if made("python3 -m zipfile -c t.zip tpl/.claude") {
        asked.extend(["unzip t.zip", "unzip -o t.zip -d sub", "python3 -m zipfile -e t.zip ."]);
    }
    house.expect(Ask, &asked);
    house.expect(
        Allow,
        &[
            "tar -xf plain.tar",
            "patch -p1 < plain.patch",
            "git apply plain.patch",
            "tar tf plain.tar",
        ],
    );
}
