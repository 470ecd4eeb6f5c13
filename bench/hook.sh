#!/usr/bin/env bash
# What the pre-commit hook costs: user+sys CPU of quash and of the git programs that it runs, on three staged files in a
# repository of more than 5,000 files (the Go distribution's own sources), beside git's own listing of what is staged.
# Usage: bench/hook.sh [ROUNDS]     needs bash, git and go; set PEER to a command line to measure it in the same rounds
set -euo pipefail
rounds=${1:-15}
top=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$top" && go build -o "$work/quash" ./cmd/quash)
git init -q "$work/repo"
cd "$work/repo"
git config user.name bench
git config user.email bench@localhost
git config gc.auto 0
cp -r "$(go env GOROOT)/src" .
git add -A
git commit -q -m begin
git gc -q
for f in src/net/http/server.go src/cmd/go/main.go src/os/file.go; do
	echo "// one line more" >>"$f"
done
git add -u
"$work/quash" hook install --pre-commit >/dev/null
echo "files $(git ls-files | wc -l), staged $(git diff --cached --name-only | wc -l), rounds $rounds"

measure() { # measure NAME COMMAND…: adds user+sys in ms to the file NAME
	local name=$1 t
	shift
	TIMEFORMAT='%3U %3S'
	t=$({ time "$@" >/dev/null 2>&1; } 2>&1)
	echo "$t" | awk '{printf "%.0f\n", ($1+$2)*1000}' >>"$work/$name"
}
for _ in $(seq "$rounds"); do
	measure git-diff git diff --cached --raw -z
	measure hook sh .git/hooks/pre-commit
	if [ -n "${PEER:-}" ]; then measure peer sh -c "$PEER"; fi
done
for name in git-diff hook peer; do
	[ -f "$work/$name" ] || continue
	sort -n "$work/$name" | awk -v name="$name" '{v[NR]=$1} END {printf "%-9s median %d ms, least %d ms (user+sys)\n", name, v[int((NR+1)/2)], v[1]}'
done
