//! The way out of a sandbox, and agents confined as a whole, with real
//! programs. Skipped by name where this kernel has no namespaces or a program
//! is missing.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::house::House;

/// Whether the sandbox works here and these programs are there; says what is
/// skipped otherwise.
pub fn works(test: &str, programs: &[&str]) -> bool {
    let found = |program: &str| {
        ["/usr/bin", "/usr/local/bin"].iter().any(|place| Path::new(place).join(program).exists())
    };
    if let Some(program) = programs.iter().find(|program| !found(program)) {
        eprintln!("SKIPPED {test}: {program} is not installed");
        return false;
    }
    crate::sandbox::works(test)
}

/// A server on the host's loopback that says who was asked for.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // All of it: what is not read when a socket is closed resets it.
            let mut head = Vec::new();
            let mut part = [0; 4096];
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read(&mut part) {
                    Ok(count @ 1..) => head.extend_from_slice(&part[..count]),
                    _ => break,
                }
            }
            let text = String::from_utf8_lossy(&head).into_owned();
            let line = text.lines().next().unwrap_or_default();
            let body = format!("served {line}\n");
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

/// A shell under a name that says nothing: what an agent does inside, no guard
/// reads.
fn agent(house: &House) {
    fs::copy("/bin/sh", house.work().join("agent")).unwrap();
}

fn records(house: &House) -> String {
    let mut records = String::new();
    for entry in fs::read_dir(house.palisade().join("journal/log")).unwrap().flatten() {
        records.push_str(&fs::read_to_string(entry.path()).unwrap());
    }
    records
}

#[test]
fn a_confined_command_reaches_what_is_listed_and_nothing_else() {
    let name = "a_confined_command_reaches_what_is_listed_and_nothing_else";
    if !works(name, &["curl", "python3"]) {
        return;
    }
    let port = server();
    let house = House::with(&format!(
        "tools: {{terminal: {{sandbox: true, allow_domains: ['*.allowed.example'], allow_private: ['localhost:{port}']}}}}\n"
    ));
    agent(&house);
    // As its own loopback, without a proxy; and through the proxy by its name.
    let script = format!(
        "curl -sS http://127.0.0.1:{port}/forwarded; curl -sS --noproxy '' http://localhost:{port}/proxied; \
         curl -sS --noproxy '' -p http://localhost:{port}/tunnelled; \
         curl -sS --socks5-hostname 127.0.0.1:3128 --noproxy '' http://localhost:{port}/socks"
    );
    let said = house.run(&["run", "--", "./agent", "-c", &script]);
    assert_eq!(
        said.out,
        "served GET /forwarded HTTP/1.1\nserved GET /proxied HTTP/1.1\nserved GET /tunnelled HTTP/1.1\nserved GET /socks HTTP/1.1\n",
        "{}",
        said.err
    );
    let script = "curl -sS http://evil.example/; curl -sS http://169.254.169.254/; python3 - <<'PY'\n\
                  import socket, urllib.request\n\
                  try: urllib.request.urlopen('https://evil.example/')\n\
                  except Exception as error: print(error)\n\
                  try: socket.getaddrinfo('evil.example', 443); print('RESOLVED')\n\
                  except OSError: pass\n\
                  try: socket.create_connection(('93.184.216.34', 443), 1); print('CONNECTED')\n\
                  except OSError: pass\nPY";
    let said = house.run(&["run", "--", "./agent", "-c", script]);
    for words in [
        "egress/unlisted",
        "add `evil.example` to `tools.terminal.allow_domains`",
        "fetch/metadata",
        "Tunnel connection failed: 403 Refused by Palisade (egress/unlisted): evil.example:443",
    ] {
        assert!(said.out.contains(words), "{words}\n{}\n{}", said.out, said.err);
    }
    assert!(!said.out.contains("RESOLVED") && !said.out.contains("CONNECTED"), "{}", said.out);
    assert!(
        said.err.contains("connection to evil.example:443 refused by egress/unlisted"),
        "{}",
        said.err
    );
    let records = records(&house);
    for words in [
        "\"connect\"",
        "evil.example:443",
        "egress/unlisted",
        "bytes up",
        "network through the proxy only",
    ] {
        assert!(records.contains(words), "{words}\n{records}");
    }
    assert!(house.run(&["log", "verify"]).code == Some(0));
}

#[test]
fn what_cannot_be_meant_is_a_usage_error_before_anything_runs() {
    if !works("what_cannot_be_meant_is_a_usage_error_before_anything_runs", &[]) {
        return;
    }
    let house = House::new();
    for (domain, code) in [("https://a.example", 125), ("a.*.example", 125), ("", 125)] {
        let said = house.run(&["sandbox", "--allow-domain", domain, "--", "touch", "ran"]);
        assert_eq!(said.code, Some(code), "{domain}: {}", said.err);
        assert!(said.err.contains("is no domain to allow"), "{}", said.err);
    }
    let metadata = ["sandbox", "--allow-private", "169.254.169.254:80", "--", "touch", "ran"];
    assert_eq!(house.run(&metadata).code, Some(125));
    let both = ["sandbox", "--net", "--allow-domain", "a.example", "--", "touch", "ran"];
    assert_eq!(house.run(&both).code, Some(2));
    assert!(!house.work().join("ran").exists());
    let open = ["proxy", "--listen", "0.0.0.0:0", "--allow-domain", "a.example"];
    assert_eq!(house.run(&open).code, Some(2));
}

/// The processes of proxies whose parent is `pid`.
fn proxies(pid: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|candidate| {
        let of = |name: &str| fs::read(format!("/proc/{candidate}/{name}")).unwrap_or_default();
        let stat = String::from_utf8_lossy(&of("stat")).into_owned();
        let parent =
            stat.rsplit_once(") ").and_then(|(_, tail)| tail.split(' ').nth(1)?.parse().ok());
        parent == Some(pid)
            && String::from_utf8_lossy(&of("cmdline")).contains("--palisade-egress-proxy")
    })
    .collect()
}

#[test]
fn the_proxy_dies_with_its_run_however_that_ends() {
    if !works("the_proxy_dies_with_its_run_however_that_ends", &[]) {
        return;
    }
    let house = House::new();
    let mut command = std::process::Command::new(crate::house::binary());
    command.args([
        "sandbox",
        "--allow-domain",
        "a.example",
        "--",
        "sh",
        "-c",
        "echo ready; sleep 60",
    ]);
    house.prepare(&mut command);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = [0; 6];
    child.stdout.take().unwrap().read_exact(&mut ready).unwrap();
    let found = proxies(child.id());
    assert_eq!(found.len(), 1);
    child.kill().unwrap();
    child.wait().unwrap();
    for _ in 0..1000 {
        if found.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the proxy outlived its run");
}

#[test]
fn an_agent_has_a_home_of_its_own_and_cannot_see_the_governor() {
    if !works("an_agent_has_a_home_of_its_own_and_cannot_see_the_governor", &["curl"]) {
        return;
    }
    let port = server();
    let house = House::with(&format!(
        "agents: {{mine: {{programs: [agent], allow_private: ['127.0.0.1:{port}'], read: [~/.mine/settings.json], \
         copy: [~/.mine/credentials.json], env: [MINE_*], set: {{QUIET: '1'}}}}}}\n"
    ));
    agent(&house);
    let home = house.palisade().parent().unwrap().to_path_buf();
    fs::create_dir(home.join(".mine")).unwrap();
    fs::create_dir(home.join(".ssh")).unwrap();
    fs::write(home.join(".ssh/id_ed25519"), "key").unwrap();
    fs::write(home.join(".mine/settings.json"), "settings").unwrap();
    fs::write(home.join(".mine/credentials.json"), "token").unwrap();
    let run = |script: &str| {
        let mut command = house.command(&[
            "run",
            "--agent",
            "mine",
            "--",
            "./agent",
            "-c",
            "eval \"$MINE_SCRIPT\"",
        ]);
        command.env("MINE_SCRIPT", script).env("MINE_KEY", "k").env("OTHER_KEY", "o");
        crate::house::Said::from(command.output().unwrap())
    };
    let said = run(&format!(
        "cat ~/.mine/settings.json ~/.mine/credentials.json; echo $MINE_KEY $OTHER_KEY $QUIET; \
         echo 2 > ~/.mine/state; echo new > ~/.mine/credentials.json; echo x > made; \
         curl -sS http://127.0.0.1:{port}/model"
    ));
    assert_eq!(said.out, "settingstokenk 1\nserved GET /model HTTP/1.1\n", "{}", said.err);
    assert!(house.work().join("made").exists());
    for attempt in [
        "cat ~/.ssh/id_ed25519",
        "ls ~/.palisade",
        &format!("ls {}", house.palisade().display()),
        &format!("cat {}", house.config().display()),
        "echo x > ~/.mine/settings.json",
        "rm ~/.mine/settings.json",
        "mv ~/.mine/settings.json ~/.mine/x",
    ] {
        let said = run(attempt);
        assert!(![Some(0), Some(125), Some(126)].contains(&said.code), "{attempt}: {}", said.err);
    }
    // Its state is there again; the user's files are as they were.
    let said = run("cat ~/.mine/state ~/.mine/credentials.json");
    assert_eq!(said.out, "2\nnew\n", "{}", said.err);
    assert_eq!(fs::read_to_string(home.join(".mine/credentials.json")).unwrap(), "token");
    assert!(!home.join(".mine/state").exists());
    let unknown = house.run(&["run", "--agent", "nobody", "--", "true"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("claude, cline, codex"), "{}", unknown.err);
    let plain = house.run(&["run", "--", "./agent", "-c", "true"]);
    assert!(plain.err.contains("palisade run --agent mine"), "{}", plain.err);
}

#[test]
fn the_proxy_alone_serves_until_it_is_interrupted() {
    if !Path::new("/usr/bin/curl").exists() {
        eprintln!("SKIPPED the_proxy_alone_serves_until_it_is_interrupted: curl is not installed");
        return;
    }
    let port = server();
    let house = House::new();
    let origin = format!("127.0.0.1:{port}");
    let mut command = std::process::Command::new(crate::house::binary());
    command.args(["proxy", "--listen", "127.0.0.1:0", "--allow-private", &origin]);
    house.prepare(&mut command);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(child.stdout.take().unwrap()),
        &mut line,
    )
    .unwrap();
    let proxy = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    let curl = |url: &str| {
        let arguments = ["-sS", "--noproxy", "", "-x", &proxy, url];
        let said = std::process::Command::new("curl").args(arguments).output().unwrap();
        String::from_utf8(said.stdout).unwrap()
    };
    assert_eq!(curl(&format!("http://{origin}/x")), "served GET /x HTTP/1.1\n");
    assert!(curl("http://evil.example/").contains("egress/unlisted"));
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    let said = child.wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&said.stderr).contains("evil.example:80 refused"));
    assert!(records(&house).contains("bytes up"));
}
