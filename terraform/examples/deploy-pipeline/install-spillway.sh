#!/usr/bin/env bash
# Installs the operator's program of a release, once its provenance is checked, and prints its directory: >> "$GITHUB_PATH".
# GH_TOKEN is the run's own token; SPILLWAY_REPOSITORY has the releases, as ORGANISATION/NAME.
set -euo pipefail
version=$1
directory=${RUNNER_TEMP:?}/spillway
archive=spillway-$version-x86_64-unknown-linux-gnu.tar.gz
mkdir -p "$directory"
gh release download "v$version" --repo "$SPILLWAY_REPOSITORY" --pattern "$archive" --dir "$directory" >&2
gh attestation verify "$directory/$archive" --repo "$SPILLWAY_REPOSITORY" >&2
tar xzf "$directory/$archive" -C "$directory" spillway
echo "$directory"
