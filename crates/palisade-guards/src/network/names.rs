//! Names that lead inside, whatever they resolve to.

use crate::rules::{self, Rule};

/// Names of metadata services, with everything below them.
static METADATA: &[&str] = &[
    "metadata.goog",
    "metadata.google.internal",
    "metadata.azure.com",
    "metadata.azure.internal",
    "metadata.tencentyun.com",
    "metadata.packet.net",
    "metadata.platformequinix.com",
    "instance-data.ec2.internal",
    // As the resolvers of some clouds complete them.
    "instance-data",
    "metadata",
];

/// Endings of names that are not on the internet.
static LOCAL: &[&str] = &[
    // RFC 6761, RFC 2606
    "localhost",
    "invalid",
    // what resolvers and system files add
    "localdomain",
    "localdomain4",
    "localdomain6",
    // RFC 6762, with its appendix G
    "local",
    "intranet",
    "internal",
    "private",
    "corp",
    "home",
    "lan",
    // RFC 8375
    "home.arpa",
    // a cluster's own names
    "svc",
    // RFC 7686: whoever asks a resolver for one tells it
    "onion",
];

/// The longest name and the longest label (RFC 1035).
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// The rule that a name breaks, with the reason; `None` where it may be
/// looked up. `name` is in lower case, without a dot at its end.
pub(super) fn forbidden(name: &str) -> Option<(&'static Rule, &'static str)> {
    let ends = |ending: &str| {
        name.strip_suffix(ending).is_some_and(|head| head.is_empty() || head.ends_with('.'))
    };
    if METADATA.iter().any(|ending| ends(ending)) {
        return Some((&rules::FETCH_METADATA, "this name belongs to a cloud's metadata service"));
    }
    if name.split('.').any(|label| label.is_empty() || label.len() > LONGEST_LABEL)
        || name.len() > LONGEST
    {
        return Some((
            &rules::FETCH_MALFORMED,
            "this is no name of a host: a part of it is empty or too long",
        ));
    }
    if !name.contains('.') {
        return Some((
            &rules::FETCH_LOCAL_NAME,
            "a name of one word leads to this machine or a host of the local network",
        ));
    }
    LOCAL.iter().any(|ending| ends(ending)).then_some((
        &rules::FETCH_LOCAL_NAME,
        "names with this ending are of this machine or its network",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_whole_labels() {
        for name in [
            "localhost",
            "a.localhost",
            "x.local",
            "metadata.google.internal",
            "a.metadata.goog",
            "nas",
            "a..example",
            "kubernetes.default.svc",
            "x.home.arpa",
        ] {
            assert!(forbidden(name).is_some(), "{name}");
        }
        for name in [
            "mylocal.dev",
            "internal.example",
            "localhost.example",
            "notmetadata.goog",
            "arpa.example",
            "home.example",
        ] {
            assert!(forbidden(name).is_none(), "{name}");
        }
    }
}
