//! Addresses as specs write them.

use std::net::IpAddr;

use palisade_core::{Action, Decision, judge};
use palisade_guards::network::{Host, Reach, Refusal, Target};

use super::Setting;

/// The decision on a chain of addresses, as a client would come to it:
/// `URL -> answer, answer => URL`. A name without answers resolves to a public
/// address, and `none` is no answer. `opened: host:port, ..;` before the first
/// opens origins, `fake-ip: prefix;` and `nat64: prefix;` say those.
pub fn fetched(text: &str, setting: &Setting) -> Decision {
    let findings = chain(text).err().map(|refusal| refusal.finding(text.len()));
    let action = Action::Fetch { url: text.to_owned(), cwd: setting.cwd.clone() };
    judge(action, findings.into_iter().collect(), setting.posture, &[], None, 0)
}

#[expect(clippy::expect_used, clippy::panic, reason = "a spec that says nothing stops the tests")]
fn chain(text: &str) -> Result<(), Refusal> {
    const PUBLIC: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(93, 184, 215, 14));
    let mut reach = Reach::default();
    let mut hops = text;
    while let Some((entry, rest)) = hops.split_once("; ") {
        let (key, value) = entry.split_once(": ").expect("a setting is `key: value;`");
        for value in value.split(", ") {
            match key {
                "opened" => reach.open(value),
                "fake-ip" => reach.fake_ip(value),
                "nat64" => reach.nat64(value),
                _ => panic!("`{key}` is no setting of an address"),
            }
            .unwrap_or_else(|wrong| panic!("{}", wrong.message));
        }
        hops = rest;
    }
    let mut before: Option<Target> = None;
    for (count, hop) in hops.split(" => ").enumerate() {
        let (url, answers) = hop.split_once(" -> ").unwrap_or((hop, ""));
        let target = match &before {
            None => Target::parse(url, &reach)?,
            Some(before) => before.hop(url, count, &reach)?.target,
        };
        let answers = match (target.destination().host(), answers) {
            (Host::Literal(address), _) => vec![*address],
            (Host::Name(_), "") => vec![PUBLIC],
            (Host::Name(_), "none") => Vec::new(),
            (Host::Name(_), answers) => answers
                .split(", ")
                .map(|one| one.parse().expect("an answer is an address"))
                .collect(),
        };
        target.destination().vetted(&answers, &reach)?;
        before = Some(target);
    }
    Ok(())
}
