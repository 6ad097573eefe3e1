#!/bin/sh
# PID 1 of the container: entrypoint.sh [options] [--] COMMAND [ARGUMENT...]
self=$0
[ -h "$self" ] && self=$(readlink -f "$self")
case $self in */*) here=${self%/*} ;; *) here=. ;; esac
main=$here/agent/pid1/__main__.py
[ -f "$main" ] || main=$here/pid1/__main__.py
python=$here/bin/python3
[ -x "$python" ] || python=$here/.venv/bin/python3
[ -x "$python" ] || python=$(command -v python3) || python=python3
why='it is missing, or a musl image has a glibc build of it or the reverse; install python3'
trap 'echo "entrypoint.sh: cannot run $python: $why" >&2; exit 127' EXIT
exec "$python" -I -S "$main" "$@"
