#!/usr/bin/env bash
# Installs real agent clients, in the versions whose contracts were seen, into
# a directory of its own, and proves that the hooks hold with each of them:
#
#     scripts/clients.sh                    all of them
#     scripts/clients.sh claude codex       these
#
# It needs npm and its registry. PALISADE names the program to prove (default: target/debug/palisade), CLIENTS
# the directory (default: ~/.cache/palisade-clients). What cannot be installed
# here is skipped by name. Exit code: that of `palisade doctor --live`.
set -uo pipefail
cd "$(dirname "$0")/.."

palisade=${PALISADE:-$PWD/target/debug/palisade}
directory=${CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/palisade-clients}

# The versions that docs/manual/agents.md and install.md speak of.
declare -A packages=(
    [claude]=@anthropic-ai/claude-code@2.1.330
    [codex]=@openai/codex@0.169.0
    [gemini]=@google/gemini-cli@0.61.0
    [copilot]=@github/copilot@1.0.102
    [opencode]=opencode-ai@1.18.33
    [pi]=@mariozechner/pi-coding-agent@0.73.1
    [cline]=cline@3.0.65
    [qwen]=@qwen-code/qwen-code@0.24.4
)

if ! command -v npm >/dev/null; then
    echo "== clients: SKIPPED, npm is not installed"
    exit 0
fi

# What the search path begins with: the programs of all that was installed.
path=

# install NAME PACKAGE@VERSION: into a directory of its own, once.
install() {
    local name=$1 package=$2
    local place=$directory/$name
    local done=$place/done-${package//\//-}
    mkdir -p "$place"
    [ -f "$place/package.json" ] || echo '{"private":true}' >"$place/package.json"
    if ! [ -e "$done" ]; then
        (cd "$place" && timeout 300 npm install --no-audit --no-fund --loglevel=error "$package" >&2) || return 1
        touch "$done"
    fi
    path=$place/node_modules/.bin:$path
}

# Without names: all of the table.
chosen=()
for name in "${@:-${!packages[@]}}"; do
    if [ -z "${packages[$name]:-}" ]; then
        echo "no such client: $name (known: ${!packages[*]})" >&2
        exit 2
    fi
    if install "$name" "${packages[$name]}"; then
        chosen+=("$name")
    else
        echo "== $name: SKIPPED, it cannot be installed here"
    fi
done
((${#chosen[@]})) || exit 0
# Qwen Code wants a newer node than many systems have.
new_enough='process.exit(parseInt(process.versions.node) >= 22 ? 0 : 1)'
if [[ " ${chosen[*]} " == *" qwen "* ]] && ! node -e "$new_enough" 2>/dev/null; then
    install node node@22.23.3 && path=$directory/node/node_modules/node/bin:$path
fi

# The proof.
PATH="$path$PATH" exec "$palisade" doctor --live "${chosen[@]}"
