//! The sandbox alone, for tests.
use std::os::unix::ffi::OsStringExt;
fn main() {
    palisade_sandbox::launcher_main();
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let cwd = std::env::current_dir().unwrap();
    let mut policy = palisade_sandbox::Policy::of(cwd.clone(), std::env::var_os("HOME").unwrap());
    policy.inherit(std::env::vars_os(), &["OUTSIDE".into(), "PORT".into(), "HOSTPID".into()]);
    let policy = policy.resolve().unwrap();
    let inventory = palisade_sandbox::Inventory::of(&policy.workspace);
    let mut policy = policy;
    policy.set("WORKSPACE", policy.workspace.clone());
    let plan = palisade_sandbox::Plan::of(&policy, &inventory);
    let command = palisade_sandbox::Command {
        arguments: args.into_iter().map(OsStringExt::into_vec).collect(),
        environment: policy.environment.iter().map(|(a, b)| {
            let mut s = a.clone(); s.push("="); s.push(b); s.into_vec()
        }).collect(),
        directory: policy.workspace.clone().into_os_string().into_vec(),
    };
    match palisade_sandbox::run_here(&plan, &command, palisade_sandbox::own_streams(), None) {
        Ok(f) => { for l in palisade_sandbox::check_afterwards(&inventory) { eprintln!("{l}"); } for r in &f.refusals { eprintln!("palisade: {}", r.words(&policy.home)); } eprintln!("{f:?}"); std::process::exit(f.status.code()) }
        Err(e) => { eprintln!("{e}"); std::process::exit(125) }
    }
}
