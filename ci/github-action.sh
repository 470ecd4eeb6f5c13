#!/usr/bin/env bash
# The step of the GitHub Action (action.yml): chooses what to scan from the event, scans, and hands the results to GitHub.
# All that it knows of the event and of the inputs comes in as environment variables; nothing of them is run as code.
set -euo pipefail

# none is the name that stands for no commit.
none=0000000000000000000000000000000000000000
quash=${QUASH_BINARY:-quash}
out=${QUASH_OUT:-${RUNNER_TEMP:-/tmp}/quash}
sarif=${QUASH_SARIF:-$out/quash.sarif}

# annotate LEVEL TEXT: a message on the page of the run.
annotate() { printf '::%s title=quash::%s\n' "$1" "$2"; }

# refuse TEXT: what was asked for cannot be meant.
refuse() {
	annotate error "$1"
	exit 2
}

# given ID: there is an object name, and it is not the one of zeros that stands for none.
given() { [[ $1 =~ ^[0-9a-f]{40,64}$ && ! $1 =~ ^0+$ ]]; }

# have COMMIT: the checkout has it.
have() { git rev-parse --quiet --verify --end-of-options "$1^{commit}" >/dev/null 2>&1; }

shallow() { [[ $(git rev-parse --is-shallow-repository 2>/dev/null) == true ]]; }

# deepen: says how to get what the checkout lacks.
deepen() { annotate warning 'The checkout is shallow, so not all commits could be read. Give actions/checkout "fetch-depth: 0".'; }

# output NAME VALUE: an output of the step. Paths have no line ends.
output() { [[ -z ${GITHUB_OUTPUT:-} ]] || printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; }

# summary FILE: a part of the page of the job.
summary() { [[ -z ${GITHUB_STEP_SUMMARY:-} ]] || cat "$1" >>"$GITHUB_STEP_SUMMARY"; }

# lines TEXT: fills the array named lines, one element a line that is not empty.
lines() {
	lines=()
	local line
	while IFS= read -r line; do
		line=${line%$'\r'}
		[[ -z $line ]] || lines+=("$line")
	done <<<"$1"
}

# new_branch AFTER: the range of what a new branch or tag brings: what the default branch does not have; all, where that is new.
new_branch() {
	local base="refs/remotes/origin/${EVENT_DEFAULT_BRANCH:-}"
	if [[ ${GITHUB_REF:-} != "refs/heads/${EVENT_DEFAULT_BRANCH:-}" ]] && have "$base"; then
		range="$base..$1"
	else
		range="$none..$1"
	fi
}

# since BEFORE AFTER: the range of what was added to a commit; of all, where that is not known.
since() { if given "$1"; then range="$1..$2"; else range="$none..$2"; fi; }

# choose: sets range to what the event brings. Empty: everything.
choose() {
	local head=''
	range=''
	case ${GITHUB_EVENT_NAME:-} in
	push)
		head=${EVENT_AFTER:-}
		if [[ ${EVENT_DELETED:-} == true ]] || ! given "$head"; then
			echo "quash: ${GITHUB_REF:-the branch} was deleted; there is nothing to scan"
			output exit-code 0
			exit 0
		fi
		if given "${EVENT_BEFORE:-}"; then since "$EVENT_BEFORE" "$head"; else new_branch "$head"; fi
		;;
	pull_request)
		head=${EVENT_PULL_HEAD:-}
		since "${EVENT_PULL_BASE:-}" "$head"
		;;
	merge_group)
		head=${EVENT_GROUP_HEAD:-}
		since "${EVENT_GROUP_BASE:-}" "$head"
		;;
	pull_request_target)
		refuse 'pull_request_target runs with the rights of this repository on what a fork proposes. Use pull_request.'
		;;
	*) return ;; # schedule, workflow_dispatch and all others: everything
	esac
	given "$head" || refuse "The event ${GITHUB_EVENT_NAME} names no commit."
	if ! have "$head"; then
		annotate warning 'The commits of this event are not in the checkout, so nothing was scanned. Give actions/checkout "fetch-depth: 0".'
		cat >"$out/summary.md" <<'END'
### quash: nothing was scanned

The commits of this event are not in the checkout. Give `actions/checkout` the input `fetch-depth: 0`.
END
		summary "$out/summary.md"
		finish 3 false
	fi
}

# fails WORD: the input fail-on names it.
fails() { [[ ,$QUASH_FAIL_ON, == *",$1,"* ]]; }

# finish CODE COMPLETE: ends the step as the input fail-on says. What went wrong otherwise always fails.
finish() {
	output exit-code "$1"
	case $1 in
	0 | 1 | 3 | 4) ;;
	*) exit "$1" ;;
	esac
	if [[ $1 == 1 || $1 == 4 ]] && fails keys; then exit "$1"; fi
	if [[ $1 == 4 ]] && fails active; then exit "$1"; fi
	if [[ $2 == false ]] && fails incomplete; then exit 3; fi
	exit 0
}

check_inputs() {
	local word words
	QUASH_FAIL_ON=${QUASH_FAIL_ON:-keys,incomplete}
	QUASH_FAIL_ON=${QUASH_FAIL_ON// /}
	[[ $sarif != *$'\n'* ]] || refuse 'The input sarif-file is not the name of a file.'
	IFS=, read -r -a words <<<"$QUASH_FAIL_ON"
	for word in "${words[@]}"; do
		case $word in
		keys | active | incomplete | nothing) ;;
		*) refuse 'The input fail-on is a list of keys, active, incomplete; or nothing.' ;;
		esac
	done
}

# log COMMAND…: prints what a command prints, in which no line is a command to the runner, whatever files are called.
log() {
	local token
	token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	printf '::stop-commands::%s\n' "$token"
	"$@" || true
	printf '\n::%s::\n' "$token"
}

# whole: the run came to its end.
whole() { [[ -s $out/run.jsonl ]] && tail -n 1 "$out/run.jsonl" | grep -q '^{"stats":'; }

main() {
	local code=0 complete=true
	local -a scan targets
	check_inputs
	cd "${GITHUB_WORKSPACE:-.}"
	mkdir -p "$out" "$(dirname "$sarif")"
	rm -f "$out/run.jsonl" "$out/summary.md"
	lines "${QUASH_TARGETS:-}"
	targets=(${lines[@]+"${lines[@]}"})
	lines "${QUASH_ARGS:-}"
	scan=(scan --no-store --quiet -f github -o "$out/run.jsonl" -o "$out/summary.md" -o "$sarif")
	scan+=(${lines[@]+"${lines[@]}"})
	if ((${#targets[@]} == 0)); then
		choose
		[[ -z $range ]] || scan+=("--range=$range")
		targets=(.)
		echo "quash: scanning ${range:-everything}"
	fi
	"$quash" "${scan[@]}" -- "${targets[@]}" 2>"$out/errors.txt" || code=$?
	log cat "$out/errors.txt"
	if whole; then
		log "$quash" report --from "$out/run.jsonl"
		summary "$out/summary.md"
		output run "$out/run.jsonl"
		output sarif "$sarif"
		if ! tail -n 1 "$out/run.jsonl" | grep -q '"complete":true'; then complete=false; fi
		if [[ $complete == false ]] && shallow; then deepen; fi
	elif [[ $code != 2 ]]; then
		code=5
	fi
	finish "$code" "$complete"
}

main
