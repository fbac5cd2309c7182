#!/usr/bin/env bash
# Every command and every option that --help prints stands in the section of that command in the
# man page, the option at the head of a paragraph (what the synopsis names is not yet told); no line
# of --help is too wide, and each example can be pasted; and the pages render without a warning.
# man.sh AGGREGATOR NODE AUDIT
set -u
cd "$(dirname "$0")/../.."
failed=0
complain() { echo "man: $1"; failed=1; }

# The .SS section of one command, with plain hyphens; empty when there is none.
section() { # section PAGE COMMAND
    sed 's/\\-/-/g' "$1" | awk -v command="$2" '
        /^\.S[SH] / {
            inside = 0
            line = $0
            sub(/^\.S[SH] /, "", line)
            count = split(line, names, /, */)
            for (i = 1; i <= count; i++) if (names[i] == command) inside = 1
        }
        inside { print }'
}

LINE_MAX=100

check_command() { # check_command PROGRAM PAGE COMMAND...
    local program=$1 page=$2 text options width
    shift 2
    text=$(section "$page" "$*")
    [ -n "$text" ] || { complain "$page: no section \"$*\""; return; }
    text=$(awk 'is_head { print } { is_head = /^\.T[PQ]/ }' <<<"$text")
    width=$("$program" "$@" --help | LC_ALL=C.UTF-8 wc -L)
    [ "$width" -le $LINE_MAX ] || complain "$program $* --help: a line of $width columns"
    broken=$("$program" "$@" --help | sed -n '/^Ví dụ:/,$p' | sed '1d; :a; /\\$/{N; s/\\\n//; ba}' |
        grep -v "^  $(basename "$program") ")
    [ -z "$broken" ] || complain "$program $* --help: no line to paste: $broken"
    options=$("$program" "$@" --help | sed -n '/^Tùy chọn:/,/^$/s/^  \(--[a-z-]*\).*/\1/p')
    [ -n "$options" ] || complain "$program $* --help: lists no option"
    for option in $options; do
        [ "$option" = --help ] && continue
        grep -qE -e "$option([^a-z-]|\$)" <<<"$text" || complain "$page: $*: no $option"
    done
}

check_program() { # check_program PROGRAM PAGE
    local commands
    commands=$("$1" --help | sed -n '/^Lệnh:/,/^$/s/^  \([a-z-]*\) .*/\1/p')
    [ -n "$commands" ] || complain "$1 --help: lists no command"
    for command in $commands; do
        case $command in
        plan) for part in check due show load stored; do check_command "$1" "$2" plan "$part"; done ;;
        keys) for part in show rotate history; do check_command "$1" "$2" keys "$part"; done ;;
        units) for part in list show import; do check_command "$1" "$2" units "$part"; done ;;
        *) check_command "$1" "$2" "$command" ;;
        esac
    done
    if command -v groff >/dev/null; then
        warnings=$(groff -t -K utf8 -T utf8 -ww -z -man "$2" 2>&1)
        [ -z "$warnings" ] || complain "$2: $warnings"
    fi
}

check_program "$1" docs/man/tonghop-aggregator.1
check_program "$2" docs/man/tonghop-node.1
check_program "$3" docs/man/tonghop-audit.1
[ $failed = 0 ] && echo "man: complete"
exit $failed
