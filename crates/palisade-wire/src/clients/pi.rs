//! pi, through an extension that hands every call over. Where the extension
//! says that somebody sits before it, a question is put in pi's own dialog.

use palisade_core::FileUse::{Edit, List, Read, Search, Write};

use crate::client::{Client, Support, Tested};
use crate::json::Json;
use crate::shape::Shape::{self, File, Files, Shell};

use super::opencode::{
    BRIDGE, BRIDGED, BRIDGED_TEXTS, bridged_deny, bridged_replace, bridged_rewrite,
};

pub(super) static CLIENT: Client = Client {
    name: "pi",
    title: "pi",
    tested: Tested::Run("0.73.1"),
    support: Support { rewrite: true, replace: true, types_unseen: false },
    tools: TOOLS,
    events: BRIDGED,
    fields: BRIDGE,
    mcp: |_| Vec::new(),
    deny: bridged_deny,
    ask: Some(|reason| Json::object([("decision", "ask".into()), ("reason", reason.into())])),
    rewrite: Some(bridged_rewrite),
    replace: Some(bridged_replace),
    texts: BRIDGED_TEXTS,
};

const TOOLS: &[(&str, Shape)] = &[
    ("bash", Shell("command", "")),
    ("user_bash", Shell("command", "")),
    ("read", File(Read, "path", "")),
    ("write", File(Write, "path", "content")),
    ("edit", File(Edit, "path", "")),
    ("ls", Files(List, "path", "")),
    ("find", Files(List, "path", "")),
    ("grep", Files(Search, "path", "")),
];
