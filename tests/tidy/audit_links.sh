#!/usr/bin/env bash
# The auditor's program needs no network: neither libzmq nor libuv is loaded with it. That the check
# can fail is shown by a program that does need them. audit_links.sh AUDIT AGGREGATOR
set -u
failed=0
complain() { echo "audit_links: $1"; failed=1; }

needed() { ldd "$1" | grep -oE 'lib(zmq|uv)\.so[.0-9]*' | sort -u; }

[ -x "$1" ] && [ -x "$2" ] || complain "no program to look at"
found=$(needed "$1")
[ -z "$found" ] || complain "$1 needs $found"
[ -n "$(needed "$2")" ] || complain "the check sees nothing in $2"
[ $failed = 0 ] && echo "audit_links: no network"
exit $failed
