#!/usr/bin/env bash
# How fast `palisade scan FILE` is, all of the process counted: MB per second of
# CPU (user and system), the best of some runs of each text. Without files it
# makes two: a server's log and plain words.
# Usage: scripts/bench-scan.sh [PALISADE] [RUNS] [FILE..]
set -euo pipefail
palisade=${1:-target/release/palisade}
runs=${2:-5}
shift $(($# < 2 ? $# : 2))
made=$(mktemp -d)
trap 'rm -r "$made"' EXIT
if (($# == 0)); then
    awk 'BEGIN {
        for (i = 0; i < 300000; i++)
            printf "2026-11-%02d %02d:%02d:%02d INFO worker[%d]: request %d handled in %d ms, status=200 path=/api/v1/items/%d\n",
                1 + rand() * 28, rand() * 24, rand() * 60, rand() * 60, 1000 + rand() * 9000, i, rand() * 900, rand() * 100000
    }' >"$made/log.txt"
    awk 'BEGIN {
        n = split("the quick brown fox jumps over lazy dog while friends walk along river and people about spring in with house", w, " ")
        for (i = 0; i < 400000; i++) {
            line = w[1 + int(rand() * n)]
            for (j = 0; j < 13; j++) line = line " " w[1 + int(rand() * n)]
            print line "."
        }
    }' >"$made/words.txt"
    set -- "$made/log.txt" "$made/words.txt"
fi

for file in "$@"; do
    best=
    for ((i = 0; i < runs; i++)); do
        read -r -a before <"/proc/$$/stat"
        "$palisade" scan "$file" >/dev/null || true
        read -r -a after <"/proc/$$/stat"
        ticks=$((after[15] + after[16] - before[15] - before[16]))
        if [[ -z $best ]] || ((ticks < best)); then best=$ticks; fi
    done
    awk -v f="${file##*/}" -v b="$(stat -c %s "$file")" -v t="$best" -v h="$(getconf CLK_TCK)" \
        'BEGIN { printf "%-24s %.1f MB, %.0f MB/s\n", f, b / 1e6, b / 1e6 / ((t > 0 ? t : 1) / h) }'
done
