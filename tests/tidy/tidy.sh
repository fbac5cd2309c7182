#!/usr/bin/env bash
# What the compiler does not check: length of lines and files, who may include whom.
set -u
cd "$(dirname "$0")/../.."
failed=0
complain() { echo "tidy: $1"; failed=1; }

while IFS= read -r file; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 600 ] || complain "$file: $lines lines, 600 at most"
    wide=$(LC_ALL=C.UTF-8 grep -nE '^.{101,}' "$file" | head -1 | cut -d: -f1)
    [ -z "$wide" ] || complain "$file:$wide: over 100 columns"
    head -1 "$file" | grep -q SPDX-License-Identifier || complain "$file: no licence line"
done < <(git ls-files '*.c' '*.h')

# Layers: a folder and the prefixes of project headers that it may include.
allow() { # allow FOLDER-PATTERN ALLOWED-REGEX
    while IFS=: read -r file line text; do
        complain "$file:$line: $1 may not include ${text#*\"}"
    done < <(git grep -nE '^#include "' -- "$1" | grep -vE "#include \"($2)")
}
allow 'base/*' 'base/'
allow 'proto/model/*' 'base/|proto/model/'
allow 'proto/tlog/*' 'base/|proto/tlog/'
allow 'proto/wire/*' 'base/|proto/model/|proto/tlog/|proto/wire/|[a-z]+\.pb-c\.h'
allow 'proto/form/*' 'base/|proto/model/|proto/form/|proto/wire/plan.h'
allow 'proto/workbook/*' 'base/|proto/model/|proto/form/|proto/wire/plan.h|proto/workbook/'
allow 'proto/receipt/*' 'base/|proto/(model|tlog|wire|receipt)/'
allow 'aggregator/store/*' 'base/|proto/model/|proto/tlog/|aggregator/core/|aggregator/store/'
allow 'aggregator/core/*' 'base/|proto/model/|aggregator/core/'
allow 'tests/support/auditor.*' 'tests/support/'
allow 'aggregator/plan/*' 'base/|proto/model/|aggregator/plan/'
allow 'nodes/core/*' 'base/|proto/model/|nodes/core/'
allow 'nodes/store/*' 'base/|proto/model/|proto/tlog/|nodes/core/|nodes/store/'
allow 'nodes/home/*' 'base/|proto/|nodes/store/|nodes/home/'
allow 'nodes/driver/*' 'base/|proto/|nodes/core/|nodes/store/|nodes/home/|nodes/driver/'
allow 'nodes/shell/dealer.*' 'base/|proto/model/|nodes/shell/dealer\.h'
allow 'nodes/shell/loop.*' 'base/|nodes/shell/loop\.h'
allow 'nodes/cli/*' 'base/|proto/|nodes/'
allow 'nodes/main.c' 'base/|nodes/cli/'
allow 'aggregator/past/*' 'base/|proto/|aggregator/(core|store|past)/'
allow 'aggregator/driver/*' 'base/|proto/|aggregator/(core|store|past|driver)/'
allow 'aggregator/shell/*' 'base/|proto/|aggregator/core/core.h|aggregator/shell/'
allow 'aggregator/http/*' 'base/|proto/model/|aggregator/(core|store|past|query|contacts|document|web|http)/'
allow 'aggregator/daemon/*' 'base/|proto/|aggregator/(core|store|past|driver|shell|http|daemon)/'
allow 'aggregator/contacts/*' 'base/|proto/model/|aggregator/contacts/'
allow 'aggregator/query/*' 'base/|proto/|aggregator/(core|store|past|plan|contacts|query)/'
allow 'aggregator/web/*' 'base/|aggregator/web/'
allow 'aggregator/audit/*' 'base/|proto/|aggregator/(core|store|past|query|audit)/'
allow 'aggregator/document/*' 'base/|proto/|aggregator/(core|store|query|document)/'
allow 'aggregator/cli/*' 'base/|proto/|aggregator/(store|driver|shell|daemon|plan|contacts|query|document|cli)/'

# Assertions that a release would leave out.
while IFS=: read -r file line text; do
    complain "$file:$line: base/assert.h instead, which stays on"
done < <(git grep -nE '^#include <assert\.h>' -- '*.c' '*.h')

# The page: no line that is hard to read, no file that is too long, nothing of another origin, and no
# text that becomes markup.
while IFS= read -r file; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 600 ] || complain "$file: $lines lines, 600 at most"
    grep -q SPDX-License-Identifier "$file" || [ "${file##*.}" = svg ] || complain "$file: no licence line"
    case "$file" in */vi.js | */en.js | *.svg | *.css | *.html) continue ;; esac
    wide=$(LC_ALL=C.UTF-8 grep -nE '^.{111,}' "$file" | head -1 | cut -d: -f1)
    [ -z "$wide" ] || complain "$file:$wide: over 110 columns"
done < <(git ls-files 'aggregator/web/page/*')
while IFS=: read -r file line text; do
    complain "$file:$line: markup from text, or another origin"
done < <(git grep -nE 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|(src|href)="https?:' -- 'aggregator/web/page/*')

# An adapter knows one library.
while IFS= read -r file; do
    [ "$(grep -cE '^#include <(zmq|uv|lmdb)\.h>' "$file")" -le 1 ] ||
        complain "$file: an adapter knows one library"
done < <(git ls-files 'aggregator/shell/*.c')

# The pure layers use no system header beyond these: types, and instructions of the processor.
while IFS=: read -r file line text; do
    complain "$file:$line: a pure layer may not use ${text#\#include }"
done < <(git grep -nE '^#include <' -- 'proto/model/*' 'nodes/core/*' 'aggregator/core/*' base/time.* base/status.* |
    grep -vE '<(stdint|stddef|stdbool|string|inttypes|immintrin)\.h>')

[ $failed = 0 ] && echo "tidy: clean"
exit $failed
