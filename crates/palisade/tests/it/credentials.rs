//! Credentials that never enter the sandbox, with real programs and a real
//! TLS server on loopback. Skipped by name where this kernel has no namespaces
//! or a program is missing.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::egress::works;
use crate::house::{House, Said};

const VALUE: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

/// A TLS server that says what it was sent, and a home whose credential is for
/// it.
struct Scene {
    house: House,
    server: Child,
    port: u16,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

const SERVER: &str = "
import http.server, ssl, sys
class Host(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        said = 'AUTH %s %s\\n' % (self.path, self.headers.get('Authorization'))
        open(sys.argv[1] + '/heard', 'a').write(said)
        if 'info/refs' in self.path and not self.headers.get('Authorization'):
            self.send_response(401)
            self.send_header('WWW-Authenticate', 'Basic realm=x')
            self.send_header('Content-Length', '0')
            return self.end_headers()
        self.send_response(200)
        self.send_header('Content-Length', str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Host)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(sys.argv[1] + '/cert.pem', sys.argv[1] + '/key.pem')
server.socket = tls.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
";

impl Scene {
    fn new(more: &str) -> Self {
        let house = House::new();
        let outside = house.palisade().parent().unwrap().to_path_buf();
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ])
            .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-days", "2"])
            .args(["-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(&outside)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let mut server = Command::new("/usr/bin/env")
            .args(["python3", "-c", SERVER])
            .arg(&outside)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap();
        house.configure(&format!(
            "tools: {{terminal: {{sandbox: true, allow_private: ['localhost:{port}'], \
             credentials: [{{env: GITHUB_TOKEN, hosts: ['localhost:{port}']{more}}}]}}}}\n"
        ));
        // What an agent does inside, no guard reads.
        fs::copy("/bin/sh", house.work().join("agent")).unwrap();
        Self { house, server, port }
    }

    fn heard(&self) -> String {
        let home = self.house.palisade();
        fs::read_to_string(home.parent().unwrap().join("heard")).unwrap_or_default()
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let root = self.house.palisade().parent().unwrap().join("cert.pem");
        let mut command = self.house.command(arguments);
        command.env("GITHUB_TOKEN", VALUE).env("SSL_CERT_FILE", root);
        Said::from(command.output().unwrap())
    }

    fn inside(&self, script: &str) -> Said {
        self.run(&["run", "--", "./agent", "-c", script])
    }
}

#[test]
fn curl_and_git_use_a_credential_that_they_do_not_have() {
    let name = "curl_and_git_use_a_credential_that_they_do_not_have";
    if !works(name, &["curl", "git", "openssl", "python3"]) {
        return;
    }
    let scene = Scene::new("");
    let port = scene.port;
    let said = scene.inside(&format!(
        "echo \"has $GITHUB_TOKEN\"; \
         curl -sS -H \"Authorization: Bearer $GITHUB_TOKEN\" https://localhost:{port}/tunnelled --noproxy ''; \
         curl -sS -u me:$GITHUB_TOKEN https://localhost:{port}/forwarded; \
         curl -sS --http2 -H \"Authorization: Bearer $GITHUB_TOKEN\" https://localhost:{port}/two; \
         curl -sS \"https://localhost:{port}/?t=$GITHUB_TOKEN\"; \
         GIT_TERMINAL_PROMPT=0 git ls-remote https://me:$GITHUB_TOKEN@localhost:{port}/a/b.git; \
         env; cat /proc/self/environ /proc/1/environ /proc/1/cmdline /proc/1/mem | tr '\\0' '\\n'; ls /proc; \
         ls -la /etc/palisade-certificates.pem; grep -c PRIVATE /etc/palisade-certificates.pem"
    ));
    let heard = scene.heard();
    let basic = "bWU6Z2hwXzE2QzdlNDJGMjkyYzY5MTJFNzcxMGM4MzgzNDdBZTE3OEI0YQ==";
    for words in [
        format!("AUTH /tunnelled Bearer {VALUE}"),
        format!("AUTH /forwarded Basic {basic}"),
        format!("AUTH /two Bearer {VALUE}"),
        format!("AUTH /a/b.git/info/refs?service=git-upload-pack Basic {basic}"),
    ] {
        assert!(heard.contains(&words), "{words}\n{heard}\n{}\n{}", said.out, said.err);
    }
    assert!(!heard.contains("?t="), "{heard}");
    for text in [&said.out, &said.err] {
        assert!(!text.contains(VALUE) && !text.contains(basic), "{text}");
    }
    assert!(said.out.contains("has ghp_"), "{}", said.out);
    assert!(said.out.contains("it stands in the address"), "{}", said.out);
    assert!(said.err.contains("refused by egress/credential"), "{}", said.err);
    let mut records = String::new();
    for entry in fs::read_dir(scene.house.palisade().join("journal/log")).unwrap().flatten() {
        records.push_str(&fs::read_to_string(entry.path()).unwrap());
    }
    assert!(
        records.contains(&format!("GET https://localhost:{port}/tunnelled with GITHUB_TOKEN")),
        "{records}"
    );
    assert!(records.contains("status 200") && !records.contains(VALUE), "{records}");
    assert_eq!(scene.house.run(&["log", "verify"]).code, Some(0));
    // Nothing of the run is left on the disk.
    let left = Command::new("grep")
        .args(["-rl", "-e", VALUE, "-e", "PRIVATE KEY"])
        .args([scene.house.palisade(), scene.house.work()])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&left.stdout), "");
}

#[test]
fn node_and_python_trust_the_run_and_a_pinned_client_does_not() {
    let name = "node_and_python_trust_the_run_and_a_pinned_client_does_not";
    if !works(name, &["curl", "openssl", "python3"]) {
        return;
    }
    let scene = Scene::new("");
    let port = scene.port;
    let python = format!(
        "import os, urllib.request as u; \
         print(u.urlopen(u.Request('https://localhost:{port}/python', headers={{'Authorization': 'Bearer ' + os.environ['GITHUB_TOKEN']}})).read())"
    );
    let said = scene.inside(&format!(
        "/usr/bin/python3 -c \"{python}\"; curl -sS --cacert /etc/ssl/certs/ca-certificates.crt https://localhost:{port}/pinned"
    ));
    if Path::new("/usr/bin/python3").exists() {
        assert!(scene.heard().contains(&format!("AUTH /python Bearer {VALUE}")), "{said:?}");
    }
    assert!(!scene.heard().contains("pinned"), "{}", scene.heard());
    assert!(said.err.contains("egress/distrusted"), "{said:?}");
    if works(name, &["node"]) {
        let node = format!(
            "require('https').get({{host: 'localhost', port: {port}, path: '/node', headers: {{authorization: process.env.GITHUB_TOKEN}}}}, r => r.pipe(process.stdout))"
        );
        let said = scene.inside(&format!("node -e \"{node}\""));
        assert!(scene.heard().contains(&format!("AUTH /node {VALUE}")), "{said:?}");
    }
}

#[test]
fn without_a_value_that_can_be_used_nothing_runs() {
    let name = "without_a_value_that_can_be_used_nothing_runs";
    if !works(name, &["openssl", "python3"]) {
        return;
    }
    let scene = Scene::new(", from: 'file:~/token'");
    let token = scene.house.palisade().parent().unwrap().join("token");
    let put = |text: &str, mode: u32| {
        fs::write(&token, text).unwrap();
        fs::set_permissions(&token, fs::Permissions::from_mode(mode)).unwrap();
    };
    let refused = |words: &str| {
        let said = scene.inside("touch ran");
        assert_eq!(said.code, Some(125), "{words}: {said:?}");
        assert!(said.err.contains(words), "{words}: {said:?}");
        let doctor = scene.run(&["doctor"]);
        assert!(doctor.code == Some(1) && doctor.out.contains(words), "{words}: {doctor:?}");
        for text in [&said.err, &doctor.out] {
            assert!(!text.contains("second-line"), "{text}");
        }
    };
    refused("cannot be read");
    put("", 0o600);
    refused("it is empty");
    put("first-line\nsecond-line\n", 0o600);
    refused("more than one line");
    put(VALUE, 0o644);
    refused("others can read");
    assert!(!scene.house.work().join("ran").exists());
    put(&format!("{VALUE}\n"), 0o600);
    let said = scene.inside("touch ran");
    assert_eq!(said.code, Some(0), "{said:?}");
    let doctor = scene.run(&["doctor"]);
    assert!(doctor.out.contains("`GITHUB_TOKEN` can be read"), "{doctor:?}");
    assert!(!doctor.out.contains(VALUE));
}

#[test]
fn a_value_never_comes_in_by_another_way() {
    let name = "a_value_never_comes_in_by_another_way";
    if !works(name, &["openssl", "python3"]) {
        return;
    }
    let scene = Scene::new("");
    let port = scene.port;
    // In another variable.
    scene.house.configure(&format!(
        "tools: {{terminal: {{sandbox: true, env: [GITHUB_TOKEN, GH_TOKEN], allow_private: ['localhost:{port}'], \
         credentials: [{{env: GITHUB_TOKEN, hosts: ['localhost:{port}']}}]}}}}\n"
    ));
    let mut command = scene.house.command(&["run", "--", "./agent", "-c", "env"]);
    command.env("GITHUB_TOKEN", VALUE).env("GH_TOKEN", VALUE);
    let said = Said::from(command.output().unwrap());
    assert!(said.code == Some(125) && said.err.contains("in the variable `GH_TOKEN`"), "{said:?}");
    assert!(!said.err.contains(VALUE));
    let mut command = scene.house.command(&["doctor"]);
    command.env("GITHUB_TOKEN", VALUE).env("GH_TOKEN", VALUE);
    let said = Said::from(command.output().unwrap());
    assert!(said.out.contains("in the variable `GH_TOKEN`"), "{said:?}");
    // With the host's whole network there is no proxy, and no value either.
    let said = scene.run(&["run", "--net", "--", "./agent", "-c", "env"]);
    assert!(said.code == Some(0) && !said.out.contains("GITHUB_TOKEN"), "{said:?}");
    // A file where the command works.
    let file = scene.house.work().join("token");
    fs::write(&file, VALUE).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    scene.house.configure(&format!(
        "tools: {{terminal: {{sandbox: true, allow_private: ['localhost:{port}'], \
         credentials: [{{env: GITHUB_TOKEN, from: 'file:{}', hosts: ['localhost:{port}']}}]}}}}\n",
        file.display()
    ));
    let said = scene.inside("true");
    assert!(
        said.code == Some(125) && said.err.contains("lies where the command can read it"),
        "{said:?}"
    );
    let said = scene.house.run(&["doctor"]);
    assert!(said.out.contains("lies where the command can read it"), "{said:?}");
    // By the option, for the sandbox alone.
    let host = format!("GITHUB_TOKEN@localhost:{port}");
    let origin = format!("localhost:{port}");
    let script =
        format!("curl -sS -H \"X-Api-Key: $GITHUB_TOKEN\" https://localhost:{port}/option; env");
    let said = scene.run(&[
        "sandbox",
        "--allow-private",
        &origin,
        "--credential",
        &host,
        "--",
        "sh",
        "-c",
        &script,
    ]);
    assert!(said.out.contains("AUTH /option") && !said.out.contains(VALUE), "{said:?}");
    for wrong in [
        "GITHUB_TOKEN",
        "GITHUB_TOKEN@",
        "@a.example",
        "A-B@a.example",
        "GITHUB_TOKEN@nowhere.example",
    ] {
        let said = scene.run(&["sandbox", "--credential", wrong, "--", "touch", "ran"]);
        assert_eq!(said.code, Some(2), "{wrong}: {said:?}");
    }
    assert!(!scene.house.work().join("ran").exists());
}

#[test]
fn a_run_that_is_killed_leaves_no_key_behind() {
    let name = "a_run_that_is_killed_leaves_no_key_behind";
    if !works(name, &["curl", "openssl", "python3"]) {
        return;
    }
    let scene = Scene::new("");
    let root = scene.house.palisade().parent().unwrap().join("cert.pem");
    let script = format!(
        "curl -sS -H \"Authorization: $GITHUB_TOKEN\" https://localhost:{}/ > said; mv said done; sleep 600",
        scene.port
    );
    let mut command = Command::new(crate::house::binary());
    command.args(["run", "--", "./agent", "-c", &script]);
    scene.house.prepare(&mut command);
    command.env("GITHUB_TOKEN", VALUE).env("SSL_CERT_FILE", root).stdin(Stdio::null());
    let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let done = scene.house.work().join("done");
    for _ in 0..2000 {
        if done.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&arguments).into_owned();
        assert!(!arguments.contains(VALUE), "{arguments}");
    }
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(scene.heard().contains(VALUE));
    let left = Command::new("grep")
        .args(["-rl", "-e", VALUE, "-e", "PRIVATE KEY", "-e", "BEGIN CERTIFICATE"])
        .args([scene.house.palisade(), scene.house.work()])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&left.stdout), "");
}

#[test]
fn what_is_wrong_with_an_entry_is_said_with_its_key() {
    let house = House::new();
    for (entry, words) in [
        ("{env: GITHUB_TOKEN}", "`hosts` is missing"),
        ("{env: 'A B', hosts: [a.example]}", "expected a variable's name"),
        ("{env: A, hosts: [a.example], from: token}", "expected `env:NAME`, or `file:`"),
        ("{env: A, hosts: [a.example], form: x}", "unknown key `form`"),
        ("{env: A, hosts: ['*.a.example']}", "each one is named"),
        ("{env: A, hosts: [1.2.3.4]}", "is an address"),
        ("{env: A, hosts: []}", "needs a host"),
        ("{env: A, hosts: [a.example], headers: [Host]}", "cannot carry a credential"),
        ("{env: A, hosts: [a.example], only: [/x]}", "no method and path"),
        ("{env: A, hosts: [a.example]}, {env: A, hosts: [b.example]}", "stands there twice"),
        (
            "{env: PATH, hosts: [a.example]}",
            "`PATH` is a variable that commands or the sandbox go by",
        ),
        ("{env: LD_PRELOAD, hosts: [a.example]}", "cannot hold a credential"),
        ("{env: SSL_CERT_FILE, hosts: [a.example]}", "cannot hold a credential"),
        ("{env: https_proxy, hosts: [a.example]}", "cannot hold a credential"),
    ] {
        house.configure(&format!("tools:\n  terminal:\n    credentials: [{entry}]\n"));
        let said = house.run(&["run", "--", "true"]);
        assert!(said.code == Some(2) && said.err.contains(words), "{entry}: {said:?}");
    }
    house.configure(
        "tools: {terminal: {credentials: [{env: A_TOKEN, hosts: [nowhere.example]}]}}\n",
    );
    let mut command = house.command(&["doctor"]);
    let said = Said::from(command.env("A_TOKEN", VALUE).output().unwrap());
    assert!(said.out.contains("no list lets a command reach nowhere.example:443"), "{said:?}");
}
