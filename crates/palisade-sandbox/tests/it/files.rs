//! What can be read and written.

use crate::house::{House, backends, native};

#[test]
fn only_the_workspace_is_seen_and_written() {
    for backend in backends("only_the_workspace_is_seen_and_written") {
        let house = House::new();
        let run = |script: &str| house.with(&["--backend", backend], script);
        assert_eq!(
            run("echo hi > new && mkdir -p a/b && mv a c && ln -s new l && ln new h && cat l h")
                .out,
            "hi\nhi\n"
        );
        assert!(house.has("new") && house.has("c/b"));
        for attack in [
            "cat ~/.ssh/id_rsa",
            "ls ~/.ssh",
            "cat \"$OUTSIDE/secret\"",
            "echo x > \"$OUTSIDE/new\"",
            "echo x > ../new",
            "echo x >> ~/.bashrc",
            "echo x > /usr/local/bin/planted",
            "echo x > /etc/planted",
            "echo x > /planted",
            "ln -s \"$OUTSIDE/new\" out && echo x > out",
            "ln -s ~/.ssh/id_rsa in && cat in",
            "mount -o remount,rw /usr",
            "cat /etc/shadow",
            "for p in /proc/[0-9]*; do cat $p/root$HOME/.ssh/id_rsa && exit 0; done; exit 1",
            "mknod d c 1 3",
            "test -e /dev/kmsg -o -e /dev/kvm -o -e /dev/mem -o -e /sys/kernel",
            "echo x > /proc/sys/kernel/core_pattern",
            "cat /proc/sys/kernel/hostname > /proc/sys/kernel/hostname",
        ] {
            let said = run(attack);
            assert_ne!(said.code, 0, "{backend}: {attack}: {}", said.out);
            assert!(!said.out.contains("PLANTED"), "{backend}: {attack}");
        }
        assert!(!house.root.join("outside/new").exists() && !house.home().join(".bashrc").exists());
        assert!(!house.home().join("new").exists());
    }
}

#[test]
fn read_and_write_sets_widen_and_hidden_paths_stay_hidden() {
    if !native("read_and_write_sets_widen_and_hidden_paths_stay_hidden") {
        return;
    }
    let house = House::new();
    let outside = house.root.join("outside");
    let outside = outside.to_str().unwrap();
    assert_eq!(house.with(&["--read", outside], "cat \"$OUTSIDE/secret\"").out, "PLANTED");
    assert_ne!(house.with(&["--read", outside], "echo x > \"$OUTSIDE/new\"").code, 0);
    assert_eq!(house.with(&["--write", outside], "echo x > \"$OUTSIDE/new\"").code, 0);
    house.write(".state/key", "PLANTED");
    let state = house.project().join(".state");
    let said = house.with(
        &["--hide", state.to_str().unwrap()],
        "cat .state/key; ls -A .state; echo x > .state/new",
    );
    assert!(said.code != 0 && !said.out.contains("PLANTED") && said.out.is_empty(), "{}", said.out);
    assert!(!house.has(".state/new"));
    assert_eq!(house.with(&["--workspace", house.home().to_str().unwrap()], "true").code, 125);
    assert_eq!(house.with(&["--hide", house.root.to_str().unwrap()], "true").code, 125);
}

#[test]
fn what_the_host_runs_later_is_protected() {
    for backend in backends("what_the_host_runs_later_is_protected") {
        let house = House::new();
        house.repository(".");
        house.repository("vendor/lib");
        house.repository(".git/modules/sub/x");
        house.write(".vscode/settings.json", "{}");
        house.write(".envrc", "true");
        let run = |script: &str| house.with(&["--backend", backend], script);
        for attack in [
            "echo x > .git/hooks/pre-commit",
            "echo '[core] fsmonitor = x' >> .git/config",
            "cp .git/config .git/c && mv .git/c .git/config",
            "mv .git .git-old",
            "rm -rf .git/hooks && mkdir .git/hooks && echo x > .git/hooks/pre-commit",
            "echo x > vendor/lib/.git/hooks/post-checkout",
            "mv vendor/lib/.git vendor/lib/old",
            "echo x > .git/modules/sub/x/.git/hooks/h",
            "echo x > .vscode/tasks.json",
            "echo x > .envrc",
        ] {
            assert_ne!(run(attack).code, 0, "{backend}: {attack}");
        }
        assert!(
            !house.has(".git/hooks/pre-commit")
                && !house.has("vendor/lib/.git/hooks/post-checkout")
        );
        // Work goes on.
        assert_eq!(
            run("echo o > .git/objects/o && echo i > .git/index && echo r > .git/refs/heads/main")
                .code,
            0
        );
    }
}

#[test]
fn what_appears_is_put_aside_and_told() {
    for backend in backends("what_appears_is_put_aside_and_told") {
        let house = House::new();
        house.repository(".");
        std::fs::remove_dir(house.project().join(".git/hooks")).unwrap();
        let said = house.with(
            &["--backend", backend],
            "mkdir -p .claude sub/.git/objects sub/.git/refs sub/.git/hooks .git/hooks bare/objects bare/refs bare/hooks
             echo x > .claude/settings.json; echo x > .mcp.json; echo x > .Git-not; echo ../evil > .git/commondir
             echo x > .git/hooks/pre-commit; echo x > .git/hooks/update.sample
             echo ref > sub/.git/HEAD; printf '[core]\\n\\tbare = false\\n\\tfsmonitor = x\\n' > sub/.git/config
             echo x > sub/.git/hooks/pre-push; echo ref > bare/HEAD; echo x > bare/hooks/update
             mkdir deep; echo 'gitdir: /elsewhere' > deep/.git; ln -s /elsewhere deep/.envrc; mkfifo .npmrc",
        );
        assert_eq!(said.code, 0, "{}", said.err);
        for gone in [
            ".claude",
            ".mcp.json",
            ".git/commondir",
            ".git/hooks/pre-commit",
            "sub/.git/hooks/pre-push",
            "bare/hooks/update",
            "deep/.git",
            "deep/.envrc",
            ".npmrc",
        ] {
            assert!(!house.has(gone), "{backend}: {gone}\n{}", said.err);
            assert!(
                house.has(&format!("{gone}.palisade-refused")),
                "{backend}: {gone} is kept under another name"
            );
        }
        assert!(house.has(".git/hooks/update.sample") && house.has(".Git-not"));
        let config = std::fs::read_to_string(house.project().join("sub/.git/config")).unwrap();
        assert!(!config.contains("fsmonitor") && config.contains("bare = false"), "{config}");
        assert!(said.err.contains(".mcp.json") && said.err.contains("MCP servers"), "{}", said.err);
    }
}

#[test]
fn no_set_user_id_bit_reaches_the_workspace() {
    for backend in backends("no_set_user_id_bit_reaches_the_workspace") {
        let house = House::new();
        let said = house.with(
            &["--backend", backend],
            "cp /bin/true t; chmod 4755 t; chmod u+s t; chmod g+s t; python3 -c 'import os; os.open(\"u\", os.O_CREAT|os.O_WRONLY, 0o4755)'; exit 0",
        );
        assert_eq!(said.code, 0, "{}", said.err);
        for name in ["t", "u"] {
            if let Ok(found) = std::fs::metadata(house.project().join(name)) {
                use std::os::unix::fs::PermissionsExt;
                assert_eq!(found.permissions().mode() & 0o6000, 0, "{backend}: {name}");
            }
        }
    }
}

#[test]
fn files_made_inside_belong_to_the_caller() {
    if !native("files_made_inside_belong_to_the_caller") {
        return;
    }
    use std::os::unix::fs::MetadataExt;
    let house = House::new();
    assert_eq!(house.run("touch new && mkdir dir").code, 0);
    let own = std::fs::metadata(house.project()).unwrap();
    for name in ["new", "dir"] {
        let made = std::fs::metadata(house.project().join(name)).unwrap();
        assert_eq!((made.uid(), made.gid()), (own.uid(), own.gid()), "{name}");
    }
}

#[test]
fn refusals_are_told_in_words() {
    for backend in backends("refusals_are_told_in_words") {
        let house = House::new();
        std::fs::write(house.home().join(".bashrc"), "").unwrap();
        let said = house.with(
            &["--backend", backend, "--reads"],
            "echo x >> ~/.bashrc; cat ~/.ssh/id_rsa; python3 -c 'import socket; socket.create_connection((\"192.0.2.1\", 80), 1)'; unshare -U true; true",
        );
        for words in [
            "write to `~/.bashrc` refused",
            "read of `~/.ssh/id_rsa` refused",
            "connection to 192.0.2.1:80 refused",
            "namespace refused",
        ] {
            assert!(said.err.contains(words), "{backend}: {words}\n{}", said.err);
        }
        assert!(
            !house.run("true").err.contains("refused"),
            "an ordinary command is not commented on"
        );
    }
}

#[test]
fn a_pipe_in_the_place_of_a_configuration_stops_nobody() {
    if !native("a_pipe_in_the_place_of_a_configuration_stops_nobody") {
        return;
    }
    let house = House::new();
    let plant =
        "mkdir -p r/.git/objects r/.git/refs && echo x > r/.git/HEAD && mkfifo r/.git/config";
    assert_eq!(house.run(plant).code, 0);
    assert_eq!(house.run("true").code, 0, "the next run starts");
}

#[test]
fn landlock_alone_puts_protected_files_right() {
    let house = House::new();
    house.repository(".");
    house.write(".envrc", "old");
    let said = house.with(
        &["--backend", "landlock"],
        "echo x > .git/hooks/pre-commit; echo evil >> .git/config; rm .envrc; echo new > file",
    );
    if said.code == 125 {
        eprintln!("SKIPPED landlock_alone_puts_protected_files_right: {}", said.err.trim());
        return;
    }
    assert!(!house.has(".git/hooks/pre-commit") && house.has("file"), "{}", said.err);
    let read = |path: &str| std::fs::read_to_string(house.project().join(path)).unwrap();
    assert!(!read(".git/config").contains("evil") && read(".envrc") == "old", "{}", said.err);
}

#[test]
fn less_than_the_minimum_is_a_refusal() {
    let house = House::new();
    let mut policy = house.policy();
    policy.backend = palisade_sandbox::Backend::Landlock;
    let refused = palisade_sandbox::Sandbox::new(policy).unwrap_err();
    assert!(refused.to_string().contains("minimum"), "{refused}");
    let said = house.with(&["--backend", "landlock", "--minimum-everything"], "echo ran > ran");
    assert!(said.code == 125 && !house.has("ran"), "{}", said.err);
}

#[test]
fn a_home_of_its_own_shows_another_directory_and_nothing_of_the_real_one() {
    for backend in backends("a_home_of_its_own_shows_another_directory_and_nothing_of_the_real_one")
    {
        let house = House::new();
        let own = house.root.join("state");
        std::fs::create_dir(&own).unwrap();
        std::fs::create_dir(house.home().join("tools")).unwrap();
        std::fs::write(house.home().join("tools/one"), "tool").unwrap();
        let tools = house.home().join("tools");
        let options = ["--backend", backend, "--own-home"];
        let options =
            [&options[..], &[own.to_str().unwrap(), "--read", tools.to_str().unwrap()]].concat();
        let said = house.with(
            &options,
            "cat ~/tools/one; echo kept > ~/.rc && mv ~/.rc ~/.profile; echo x > project/made; ls ~/.ssh; echo x > ~/tools/two",
        );
        assert_eq!(said.out, "tool", "{backend}: {}", said.err);
        assert_eq!(std::fs::read_to_string(own.join(".profile")).unwrap(), "kept\n", "{backend}");
        assert!(
            !house.home().join(".profile").exists() && !house.home().join("tools/two").exists()
        );
        // What it left there is there again.
        assert_eq!(house.with(&options, "cat ~/.profile").out, "kept\n", "{backend}");
        if backend == "native" {
            // A link in the place of what is hung there leads nowhere: it does not start.
            std::fs::remove_dir(own.join("tools")).unwrap();
            std::os::unix::fs::symlink(house.root.join("outside"), own.join("tools")).unwrap();
            assert_eq!(house.with(&options, "true").code, 125);
            assert!(std::fs::read_dir(house.root.join("outside")).unwrap().count() == 1);
        }
    }
}
