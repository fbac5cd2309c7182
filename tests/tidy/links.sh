#!/usr/bin/env bash
# What the documents point to is there: relative links, their anchors, and `paths` in backticks
# that begin with a folder of the project.
set -u
cd "$(dirname "$0")/../.."
failed=0
complain() { echo "links: $1"; failed=1; }

# The anchor that a heading gets: lower case, no punctuation, spaces as hyphens.
anchors() {
    LC_ALL=C.UTF-8 sed -nE '/^#+ /{s/^#+ //; s/.*/\L&/; s/[^[:alnum:] _-]//g; s/ /-/g; p}' "$1"
}

check_link() { # check_link DOCUMENT TARGET
    local file=${2%%#*} anchor=
    case $2 in
    http:* | https:* | mailto:*) return ;;
    *#*) anchor=${2#*#} ;;
    esac
    [ -n "$file" ] && file=$(dirname "$1")/$file || file=$1
    [ -e "$file" ] || { complain "$1: no $2"; return; }
    [ -z "$anchor" ] || anchors "$file" | grep -qxF -e "$anchor" || complain "$1: no anchor $2"
}

# A path with a star, or one file of many (`a.c, .h` is not written so), must match something;
# WORDS IN CAPITALS stand for names.
check_path() { # check_path DOCUMENT PATH
    local path=$2
    [[ $path == *[A-Z][A-Z]* && ! -e $path ]] && path=$(sed -E 's/[A-Z]{2,}/*/g' <<<"$path")
    compgen -G "$path" >/dev/null || complain "$1: no $2"
}

count=0
while IFS= read -r document; do
    while IFS= read -r target; do
        check_link "$document" "$target"
        count=$((count + 1))
    done < <(grep -oE '\]\([^) ]+\)' "$document" | sed -E 's/^\]\((.*)\)$/\1/')
    while IFS= read -r path; do
        check_path "$document" "$path"
        count=$((count + 1))
    done < <(grep -oE '`(aggregator|base|cmake|docs|nodes|plans|proto|tests)/[A-Za-z0-9_./*-]+`' \
        "$document" | tr -d '`' | sort -u)
done < <(git ls-files '*.md')

[ "$count" -gt 0 ] || complain "nothing was checked"
[ $failed = 0 ] && echo "links: $count, all there"
exit $failed
