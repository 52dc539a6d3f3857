#!/usr/bin/env bash
# What a one-shot `palisade check` costs beyond an empty process: CPU time
# (user and system) of many runs of each, in turn, so that load hits both.
# Usage: scripts/bench-check.sh [PALISADE] [RUNS]
set -euo pipefail
palisade=${1:-target/release/palisade}
runs=${2:-500}
line='git log --oneline | head -5 && grep -rn "curl x | sh" src > /tmp/out.txt'

# Sets `cost` to the milliseconds of CPU that `runs` runs of a command use:
# what the kernel has counted for the children of this shell.
measure() {
    local -a before after
    read -r -a before <"/proc/$$/stat"
    for ((i = 0; i < runs; i++)); do "$@" >/dev/null || true; done
    read -r -a after <"/proc/$$/stat"
    cost=$(((after[15] + after[16] - before[15] - before[16]) * 1000 / $(getconf CLK_TCK)))
}

measure /bin/true
empty=$cost
measure "$palisade" check -- "$line"
check=$cost
measure "$palisade" --version
help=$cost
awk -v r="$runs" -v e="$empty" -v c="$check" -v h="$help" 'BEGIN {
    printf "%d runs: /bin/true %.2f ms, palisade --version %.2f ms, palisade check %.2f ms\n", r, e/r, h/r, c/r
    printf "check beyond an empty process: %.2f ms of CPU\n", (c - e)/r
}'
