#!/usr/bin/env bash
# Installs quash for the GitHub Action: the version that is asked for, or the one that the action itself is.
set -euo pipefail

bin=${RUNNER_TEMP:-/tmp}/quash-bin
mkdir -p "$bin"
if ! command -v go >/dev/null; then
	echo '::error title=quash::Go is not there to build quash with. Put actions/setup-go before this step, or give the input binary.'
	exit 2
fi
if [[ -z ${QUASH_VERSION:-} ]]; then
	(cd "$ACTION_PATH" && GOBIN="$bin" GOWORK=off go install ./cmd/quash)
elif [[ $QUASH_VERSION =~ ^v[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.-]*$ ]]; then
	GOBIN="$bin" go install "github.com/quash-sh/quash/cmd/quash@$QUASH_VERSION"
else
	echo '::error title=quash::The input version is not a version, such as v0.2.0.'
	exit 2
fi
echo "$bin" >>"$GITHUB_PATH"
