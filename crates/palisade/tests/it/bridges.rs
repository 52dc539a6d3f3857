//! The plugin for OpenCode and the extension for pi, driven as those drive
//! them: whatever the hook does wrong refuses the call.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::house::House;

/// What a hook does, and what becomes of a call to `bash` with `command: ls`.
const HOOKS: &[(&str, &str)] = &[
    ("cat >/dev/null", "runs {\"command\":\"ls\"}"),
    ("echo '{\"decision\":\"allow\"}'", "runs {\"command\":\"ls\"}"),
    ("echo '{\"decision\":\"deny\",\"reason\":\"not this\"}'", "stopped: not this"),
    ("echo '{\"decision\":\"block\",\"reason\":\"not this\"}'", "stopped: not this"),
    (
        "echo '{\"decision\":\"allow\",\"input\":{\"command\":\"pwd\",\"x\":1}}'",
        "runs {\"command\":\"pwd\",\"x\":1}",
    ),
    ("echo garbage", "stopped: Palisade could not"),
    ("echo '[]'", "stopped: Palisade could not"),
    ("echo '{}'", "stopped: Palisade could not"),
    ("echo null", "stopped: Palisade could not"),
    ("echo '{\"decision\":\"maybe\"}'", "stopped: Palisade could not"),
    ("echo '{\"decision\":\"allow\",\"input\":[]}'", "stopped: Palisade could not"),
    ("echo '{\"decision\":\"allow\",\"input\":\"rm\"}'", "stopped: Palisade could not"),
    ("echo '{\"decision\":\"allow\"}{}'", "stopped: Palisade could not"),
    ("printf '\\377'", "stopped: Palisade could not"),
    ("echo '{\"decision\":\"allow\"}'; exit 1", "stopped: Palisade could not"),
    ("exit 2", "stopped: Palisade could not"),
    ("kill -9 $$", "stopped: Palisade could not"),
    ("sleep 300 & echo $! > child; sleep 300", "stopped: Palisade could not"),
    ("head -c 80000000 /dev/zero", "stopped: Palisade could not"),
    ("exec 0<&-; echo '{\"decision\":\"allow\"}'", "runs {\"command\":\"ls\"}"),
    ("no shebang", "stopped: Palisade could not"),
    ("gone", "stopped: Palisade could not"),
];

const OPENCODE: &str = r#"
import { Palisade } from "./palisade.mjs"
const hooks = await Palisade({ directory: process.cwd() })
export async function call() {
  const output = { args: { command: "ls" } }
  await hooks["tool.execute.before"]({ tool: "bash", callID: "1", sessionID: "s" }, output)
  return output.args
}
export async function result() {
  const output = { output: "secret", metadata: { output: "secret" } }
  await hooks["tool.execute.after"]({ tool: "bash", callID: "1", sessionID: "s", args: {} }, output)
  return output.output + "," + output.metadata.output
}
"#;

const PI: &str = r#"
import palisade from "./palisade.mts"
const on = {}
palisade({ on: (name, handler) => { on[name] = handler } })
const asked = process.env.PERSON
const ctx = { cwd: process.cwd(), hasUI: asked !== undefined, ui: { confirm: async () => asked === "yes" } }
export async function call() {
  const event = { toolName: "bash", toolCallId: "1", input: { command: "ls" } }
  const answer = await on.tool_call(event, ctx)
  if (answer?.block) throw new Error(answer.reason)
  return event.input
}
export async function result() {
  const event = { toolName: "bash", toolCallId: "1", input: {}, content: [{ type: "text", text: "secret" }] }
  const answer = await on.tool_result(event, ctx)
  const text = (answer?.content ?? event.content)[0].text
  return text + "," + text
}
"#;

const DRIVER: &str = r#"
import { call, result } from "./client.mjs"
try {
  const what = process.argv[2] === "result" ? await result() : JSON.stringify(await call())
  console.log("runs " + what)
} catch (error) {
  console.log("stopped: " + error.message)
}
"#;

/// Node with these options, where it can read `source`.
fn node(house: &House, options: &[&str], source: &str) -> Option<Vec<String>> {
    let probe = house.work().join("probe.mts");
    fs::write(&probe, source).unwrap();
    let works = Command::new("node").args(options).arg(&probe).output();
    let works = works.is_ok_and(|output| output.status.success());
    if !works {
        println!("skipped: a bridge, since `node {}` does not work here", options.join(" "));
    }
    works.then(|| options.iter().map(|option| (*option).to_owned()).collect())
}

struct Bridge {
    house: House,
    options: Vec<String>,
}

impl Bridge {
    fn new(client: &str, file: &str, name: &str, driver: &str, options: &[&str]) -> Option<Self> {
        let house = House::new();
        let options =
            node(&house, options, if name.ends_with("mts") { "let a: number = 1\n" } else { "" })?;
        assert_eq!(house.run(&["install", client, "--yes", "--force-path"]).code, Some(0));
        let home = house.palisade().parent().unwrap().to_owned();
        let text = fs::read_to_string(home.join(file)).unwrap();
        let program = serde_json::Value::from(crate::house::binary().to_str().unwrap());
        assert!(text.contains(&format!("const PROGRAM = {program}")), "{text}");
        let hook = serde_json::Value::from(house.work().join("hook").to_str().unwrap());
        let text = text.replace(&program.to_string(), &hook.to_string());
        fs::write(house.work().join(name), text.replace("600_000", "1500")).unwrap();
        fs::write(house.work().join("client.mjs"), driver).unwrap();
        fs::write(house.work().join("driver.mjs"), DRIVER).unwrap();
        Some(Self { house, options })
    }

    fn says(&self, hook: &str, what: &str, person: Option<&str>) -> String {
        let path = self.house.work().join("hook");
        let _ = fs::remove_file(&path);
        match hook {
            "gone" => {}
            "no shebang" => fs::write(&path, [0x7f, b'E', b'L', b'F', 0]).unwrap(),
            text => fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap(),
        }
        if path.exists() {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut command = Command::new("node");
        command.args(&self.options).args(["driver.mjs", what]).current_dir(self.house.work());
        if let Some(person) = person {
            command.env("PERSON", person);
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap().trim().to_owned()
    }

    fn holds(&self) {
        for (hook, expected) in HOOKS {
            let said = self.says(hook, "call", None);
            assert!(said.starts_with(expected), "{hook}: {said}");
        }
        // What timed out took its children with it.
        let child = fs::read_to_string(self.house.work().join("child")).unwrap();
        let state = fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z"), "{state}");

        assert_eq!(self.says("cat >/dev/null", "result", None), "runs secret,secret");
        let block = "echo '{\"decision\":\"block\",\"reason\":\"[withheld]\"}'";
        assert_eq!(self.says(block, "result", None), "runs [withheld],[withheld]");
        for broken in ["exit 1", "echo garbage", "gone", "kill -9 $$"] {
            let said = self.says(broken, "result", None);
            assert!(!said.contains("secret"), "{broken}: {said}");
        }
    }
}

#[test]
fn the_plugin_of_opencode_fails_closed() {
    let file = ".config/opencode/plugin/palisade.js";
    let Some(bridge) = Bridge::new("opencode", file, "palisade.mjs", OPENCODE, &[]) else { return };
    bridge.holds();
    let ask = "echo '{\"decision\":\"ask\",\"reason\":\"sure?\"}'";
    assert_eq!(bridge.says(ask, "call", None), "stopped: sure?");
}

#[test]
fn the_extension_of_pi_fails_closed_and_asks_a_person_only() {
    let file = ".pi/agent/extensions/palisade.ts";
    let options = &["--no-warnings", "--experimental-strip-types"];
    let Some(bridge) = Bridge::new("pi", file, "palisade.mts", PI, options) else { return };
    bridge.holds();
    let ask = "echo '{\"decision\":\"ask\",\"reason\":\"sure?\"}'";
    assert_eq!(bridge.says(ask, "call", None), "stopped: sure?");
    assert_eq!(bridge.says(ask, "call", Some("no")), "stopped: sure?");
    assert_eq!(bridge.says(ask, "call", Some("yes")), "runs {\"command\":\"ls\"}");
}
