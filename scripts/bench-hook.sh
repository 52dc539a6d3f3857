#!/usr/bin/env bash
# What one `palisade hook` costs beyond an empty process: CPU time (user and
# system) and time on the clock of many runs of each, in turn. Each run judges
# and records another call of one session, as a client makes them.
# Usage: scripts/bench-hook.sh [PALISADE] [RUNS]
set -euo pipefail
palisade=${1:-target/release/palisade}
runs=${2:-500}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export PALISADE_HOME=$home/palisade

call() {
    printf '{"session_id":"s","cwd":"/tmp","hook_event_name":"%s","tool_name":"%s","tool_input":%s,"tool_use_id":"t%s"%s}' "$@"
}

# Sets `cpu` and `clock` to the milliseconds that `runs` runs use: what the
# kernel has counted for the children of this shell, and what passed.
measure() {
    local name=$1 event=$2 tool=$3 input=$4 extra=$5
    shift 5
    local -a before after
    local begun ended
    for ((i = 0; i < runs; i++)); do call "$event" "$tool" "$input" "$name$i" "$extra" >"$home/$name$i"; done
    read -r -a before <"/proc/$$/stat"
    begun=$(date +%s%N)
    for ((i = 0; i < runs; i++)); do "$@" <"$home/$name$i" >"$home/said"; done
    ended=$(date +%s%N)
    read -r -a after <"/proc/$$/stat"
    cpu=$(((after[15] + after[16] - before[15] - before[16]) * 1000 / $(getconf CLK_TCK)))
    clock=$(((ended - begun) / 1000000))
}

row() {
    awk -v n="$1" -v r="$runs" -v c="$cpu" -v w="$clock" -v e="$empty" 'BEGIN {
        printf "%-34s %6.2f ms CPU, %6.2f ms beyond an empty process, %6.2f ms on the clock\n", n, c/r, (c - e)/r, w/r
    }'
}

hook=("$palisade" hook --client claude)
"${hook[@]}" <<<'{}' >"$home/said"
measure e PreToolUse Bash '{"command":"ls"}' '' /bin/true
empty=$cpu
row '/bin/true'
measure v PreToolUse Bash '{"command":"ls"}' '' "$palisade" --version
row 'palisade --version'
measure b PreToolUse Bash '{"command":"git log --oneline | head -5 && grep -rn x src"}' '' "${hook[@]}" --event PreToolUse
row 'before a command, allowed'
measure b PostToolUse Bash '{"command":"git log --oneline | head -5 && grep -rn x src"}' ',"tool_response":{"stdout":"a\nb\n","stderr":""}' "${hook[@]}" --event PostToolUse
row 'after it'
measure d PreToolUse Bash '{"command":"rm -rf /"}' '' "${hook[@]}" --event PreToolUse
row 'before a command, refused (synced)'
measure f PreToolUse Read '{"file_path":"src/main.rs"}' '' "${hook[@]}" --event PreToolUse
row 'before a file is read'
measure t PreToolUse TodoWrite '{"todos":[]}' '' "${hook[@]}" --event PreToolUse
row 'before a tool of no effect'
