#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The core decides and nothing else: what its archives take from outside is in the list below. A
# clock, a file, a random number or a thread would show up here.
#   core_symbols.sh ARCHIVE...
set -u
allowed='th_[a-z0-9_]+|mem(cpy|move|set|cmp|chr)|__mem(cpy|move|set)_chk|str(len|cmp|ncmp)'
allowed+='|__u?(div|mod|divmod|mul)ti[34]|__popcount[ds]i2|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_'
allowed+='|__(asan|ubsan|sanitizer)_[a-zA-Z0-9_]+'
allowed+='|__popcountdi2' # of libgcc, pure: counts bits where the processor is not asked to
allowed+='|__cpu_model|__cpu_features2' # of libgcc: which of two forms of a loop, same results
listed=$(nm -u "$@") || { echo "core symbols: cannot read $*"; exit 2; }
[ -n "$listed" ] || { echo "core symbols: nothing in $*"; exit 2; }
found=$(sed -n 's/^ *[Uw] //p' <<<"$listed" | sort -u | grep -vxE "$allowed")
[ -z "$found" ] && echo "core symbols: clean" && exit 0
while IFS= read -r symbol; do echo "core symbols: $symbol is not allowed"; done <<<"$found"
exit 1
