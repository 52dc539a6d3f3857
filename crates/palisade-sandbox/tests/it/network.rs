//! The network: none, or one way out that somebody outside serves.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::AsFd;

use palisade_sandbox::{Heard, Network, Sandbox};

use crate::house::{House, backends, launcher, native};

#[test]
fn the_hosts_loopback_is_out_of_reach() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    for backend in backends("the_hosts_loopback_is_out_of_reach") {
        let script = format!(
            "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}), 1)'"
        );
        assert_ne!(House::new().with(&["--backend", backend], &script).code, 0, "{backend}");
        assert_eq!(
            House::new().with(&["--backend", backend, "--net"], &script).code,
            0,
            "{backend}"
        );
    }
}

#[test]
fn socket_files_in_the_workspace_lead_nowhere() {
    let house = House::new();
    let path = house.project().join("host.sock");
    let _server = std::os::unix::net::UnixListener::bind(&path).unwrap();
    for backend in backends("socket_files_in_the_workspace_lead_nowhere") {
        for net in [&[][..], &["--net"]] {
            let options = [&["--backend", backend], net].concat();
            let said = house.with(
                &options,
                "python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"host.sock\")'",
            );
            assert_ne!(said.code, 0, "{backend}");
        }
    }
}

/// A stand-in for the proxy: answers every request with one line.
#[test]
fn the_way_out_is_a_listener_that_the_outside_serves() {
    if !native("the_way_out_is_a_listener_that_the_outside_serves") {
        return;
    }
    let (house, launcher) = (House::new(), launcher());
    let mut policy = house.policy();
    policy.network = Network::Proxy;
    policy.forwards = vec![8081];
    let sandbox = Sandbox::new(policy).unwrap();
    let null = std::fs::File::open("/dev/null").unwrap();
    let (mut from, to) = std::io::pipe().unwrap();
    let script = "python3 - <<'PY'\nimport os,socket,urllib.request\nprint(urllib.request.urlopen('http://example.test/x', timeout=5).read().decode())\n\
                  try: socket.getaddrinfo('example.test', 80); print('RESOLVED')\nexcept OSError: pass\nPY";
    let command = sandbox.command(["/bin/sh".into(), "-c".into(), script.into()], &house.project());
    let running =
        sandbox.start(&launcher, &command, [null.as_fd(), to.as_fd(), to.as_fd()], false).unwrap();
    drop(to);
    let Heard::Listener(listener) = running.hear().unwrap() else { panic!("no listener") };
    let Heard::Listener(forward) = running.hear().unwrap() else { panic!("no forward") };
    assert_eq!(TcpListener::from(forward).local_addr().unwrap().port(), 8081);
    let served = std::thread::spawn(move || {
        let (mut connection, _) = TcpListener::from(listener).accept().unwrap();
        let mut request = [0; 4096];
        let count = connection.read(&mut request).unwrap();
        connection.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\nproxied").unwrap();
        String::from_utf8_lossy(&request[..count]).into_owned()
    });
    let finished = running.wait().unwrap();
    let mut out = String::new();
    from.read_to_string(&mut out).unwrap();
    assert_eq!(finished.status, palisade_sandbox::Status::Exit(0), "{out}");
    assert_eq!(out.trim(), "proxied");
    assert!(served.join().unwrap().starts_with("GET http://example.test/x"));
}
