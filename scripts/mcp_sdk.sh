#!/bin/sh
# Drives `palisade mcp`, `mcp wrap` and `mcp gateway` with the official client SDKs of npm and PyPI, which are installed
# into a temporary directory. What is not there is skipped by name.
#
#     scripts/mcp_sdk.sh target/debug/palisade
set -eu
palisade=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -m 700 "$work/home"
mkdir "$work/w"
export PALISADE_HOME="$work/home" PALISADE="$palisade"
export SERVER="$here/mcp_measure.py"
cd "$work/w"

if command -v npm > /dev/null && npm install --silent --no-fund --no-audit --prefix "$work/npm" @modelcontextprotocol/sdk > "$work/npm.log" 2>&1; then
    cp "$here/mcp_sdk.mjs" "$work/npm/drive.mjs"
    # One line each: `set -e` does not see a failure on the left of `&&`.
    node "$work/npm/drive.mjs"
    echo "npm SDK: passed"
else
    echo "skipped: npm SDK (npm or the registry is not there)"
fi

if python3 -m venv "$work/venv" 2> /dev/null && "$work/venv/bin/pip" install -q mcp > "$work/pip.log" 2>&1; then
    "$work/venv/bin/python" "$here/mcp_sdk.py"
    echo "PyPI SDK: passed"
else
    echo "skipped: PyPI SDK (venv, pip or the registry is not there)"
fi
