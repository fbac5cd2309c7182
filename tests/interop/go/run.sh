#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The log's formats against golang.org/x/mod (Debian's golang-go and golang-golang-x-mod-dev),
# both ways. 77 when they are not there.
#   run.sh TLOG_LINES FOLDER
set -euo pipefail
lines=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)
export GOPATH=/usr/share/gocode GO111MODULE=off GOFLAGS='' GOPROXY=off GOCACHE=$folder/cache

command -v go >/dev/null || { echo "interop go: skipped, no go (apt install golang-go)"; exit 77; }
[ -d "$GOPATH/src/golang.org/x/mod/sumdb/tlog" ] ||
    { echo "interop go: skipped, no library (apt install golang-golang-x-mod-dev)"; exit 77; }
mkdir -p "$folder"
go build -o "$folder/tlog" "$here/main.go"
"$lines" make >"$folder/ours"
"$folder/tlog" make >"$folder/theirs"
"$folder/tlog" check <"$folder/ours"
"$lines" check <"$folder/theirs"
"$lines" check <"$folder/ours"
# That the checks can fail: a line that says the opposite.
for program in "$lines" "$folder/tlog"; do
    for change in '0,/^inclusion/s//!inclusion/' '0,/^!note/s//note/' '0,/^root 7 ./s//root 7 A/'; do
        if sed "$change" "$folder/ours" | "$program" check >/dev/null 2>&1; then
            echo "interop go: $program holds with $change"
            exit 1
        fi
    done
done
