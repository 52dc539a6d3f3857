//! How each client is started without an account, against the scripted model:
//! what its settings, its environment and its command line must say.

use std::path::Path;

use serde_json::json;

/// What starting a client takes.
#[derive(Debug, Default)]
pub struct Start {
    /// Files in the home directory, before the hooks are put in.
    pub files: Vec<(&'static str, String)>,
    /// Variables beside the ordinary few.
    pub variables: Vec<(&'static str, String)>,
    /// A command line to be run once before.
    pub first: Option<Vec<String>>,
    /// The command line.
    pub arguments: Vec<String>,
}

const PROMPT: &str = "run the two commands";
const KEY: &str = "scripted";

/// For a client by name; none where it is not known how.
pub fn of(client: &str, url: &str, project: &Path) -> Option<Start> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let v1 = format!("{url}/v1");
    Some(match client {
        "claude" => Start {
            variables: vec![
                ("ANTHROPIC_BASE_URL", url.into()),
                ("ANTHROPIC_API_KEY", KEY.into()),
                ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".into()),
                ("DISABLE_AUTOUPDATER", "1".into()),
            ],
            arguments: words(&[
                "-p",
                PROMPT,
                "--model",
                "claude-sonnet-4-5",
                "--allowedTools",
                "Bash",
            ]),
            ..Start::default()
        },
        "codex" => Start {
            files: vec![(
                ".codex/config.toml",
                format!(
                    "model = \"scripted-model\"\nmodel_provider = \"scripted\"\napproval_policy = \"never\"\n\
                     sandbox_mode = \"danger-full-access\"\n\n[model_providers.scripted]\nname = \"scripted\"\n\
                     base_url = \"{v1}\"\nwire_api = \"responses\"\nenv_key = \"SCRIPTED_KEY\"\n\
                     request_max_retries = 0\nstream_max_retries = 0\n\n[projects.{}]\ntrust_level = \"trusted\"\n",
                    json!(project)
                ),
            )],
            variables: vec![("SCRIPTED_KEY", KEY.into())],
            arguments: words(&["exec", "--skip-git-repo-check", "--color", "never", PROMPT]),
            ..Start::default()
        },
        "gemini" => Start {
            files: vec![(
                ".gemini/settings.json",
                pretty(&json!({
                    "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": false}},
                    "privacy": {"usageStatisticsEnabled": false}, "telemetry": {"enabled": false},
                    "general": {"enableAutoUpdate": false, "disableAutoUpdate": true}
                })),
            )],
            variables: vec![
                ("GEMINI_API_KEY", KEY.into()),
                ("GOOGLE_GEMINI_BASE_URL", url.into()),
                ("GEMINI_CLI_TRUST_WORKSPACE", "true".into()),
            ],
            arguments: words(&[
                "-m",
                "gemini-2.5-pro",
                "--approval-mode",
                "yolo",
                "--skip-trust",
                "-p",
                PROMPT,
            ]),
            ..Start::default()
        },
        "qwen" => Start {
            files: vec![(
                ".qwen/settings.json",
                pretty(&json!({
                    "security": {"auth": {"selectedType": "openai"}, "folderTrust": {"enabled": false}},
                    "privacy": {"usageStatisticsEnabled": false}, "telemetry": {"enabled": false},
                    "general": {"enableAutoUpdate": false}
                })),
            )],
            variables: vec![
                ("OPENAI_API_KEY", KEY.into()),
                ("OPENAI_BASE_URL", v1),
                ("OPENAI_MODEL", "scripted-model".into()),
            ],
            arguments: words(&["--approval-mode", "yolo", "-p", PROMPT]),
            ..Start::default()
        },
        "copilot" => Start {
            variables: vec![
                ("COPILOT_OFFLINE", "true".into()),
                ("COPILOT_AUTO_UPDATE", "false".into()),
                ("COPILOT_MODEL", "scripted-model".into()),
                ("COPILOT_PROVIDER_BASE_URL", v1),
                ("COPILOT_PROVIDER_TYPE", "openai".into()),
                ("COPILOT_PROVIDER_API_KEY", KEY.into()),
            ],
            arguments: words(&["--allow-all", "--no-color", "-p", PROMPT]),
            ..Start::default()
        },
        "opencode" => Start {
            files: vec![(
                ".config/opencode/opencode.json",
                pretty(&json!({
                    "$schema": "https://opencode.ai/config.json", "autoupdate": false, "share": "disabled",
                    "model": "scripted/scripted-model", "small_model": "scripted/scripted-model",
                    "permission": "allow", "enabled_providers": ["scripted"],
                    "provider": {"scripted": {
                        "npm": "@ai-sdk/openai-compatible", "name": "scripted",
                        "options": {"baseURL": v1, "apiKey": KEY},
                        "models": {"scripted-model": {"name": "scripted", "tool_call": true,
                            "limit": {"context": 100_000, "output": 8000}}}
                    }}
                })),
            )],
            variables: vec![
                ("OPENCODE_DISABLE_AUTOUPDATE", "1".into()),
                ("OPENCODE_DISABLE_MODELS_FETCH", "1".into()),
                ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1".into()),
                ("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1".into()),
            ],
            arguments: words(&["run", "--model", "scripted/scripted-model", PROMPT]),
            ..Start::default()
        },
        "pi" => Start {
            files: vec![(
                ".pi/agent/models.json",
                pretty(
                    &json!({"providers": {"scripted": {"baseUrl": v1, "api": "openai-completions",
                    "apiKey": KEY, "models": [{"id": "scripted-model"}]}}}),
                ),
            )],
            variables: vec![("PI_OFFLINE", "1".into()), ("PI_SKIP_VERSION_CHECK", "1".into())],
            arguments: words(&[
                "--provider",
                "scripted",
                "--model",
                "scripted-model",
                "--no-session",
                "-p",
                PROMPT,
            ]),
            ..Start::default()
        },
        "cline" => Start {
            variables: vec![
                ("CLINE_TELEMETRY_DISABLED", "1".into()),
                ("CLINE_NO_AUTO_UPDATE", "1".into()),
            ],
            first: Some(words(&[
                "auth",
                "-p",
                "openai-compatible",
                "-k",
                KEY,
                "-m",
                "scripted-model",
                "-b",
                &v1,
            ])),
            arguments: words(&[
                "--provider",
                "openai-compatible",
                "--model",
                "scripted-model",
                "--auto-approve",
                "true",
                PROMPT,
            ]),
            ..Start::default()
        },
        _ => return None,
    })
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}
