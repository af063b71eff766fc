#!/bin/sh
# All tests, or the unit tests alone, in several runs side by side: two cores are never idle while one run waits, and
# no run collects what another one runs, as pytest's own workers would.
# What each prints is shown as it comes, behind the name of its run, and kept in .local/tests.
# usage: test.sh <python> [unit]
set -u
python=$1
logs=.local/tests
runs=
mkdir -p "$logs"

# Each run has a stack of its own, which TEST_RUN names, and a cache of its own.
run() {
    TEST_RUN=$1
    export TEST_RUN
    shift
    exec "$@" -o "cache_dir=.local/pytest-cache-$TEST_RUN"
}

# A pipe with a name, so that the shell waits for the tests and not for what shows their lines.
show() {
    rm -f "$logs/$1.pipe"
    mkfifo "$logs/$1.pipe"
    # Not awk, since Debian's waits for 4 KB before it looks at a line.
    while IFS= read -r line; do printf '%s | %s\n' "$1" "$line"; done <"$logs/$1.pipe" | tee "$logs/$1.log" &
}

start() {
    show "$1"
    (run "$@") >"$logs/$1.pipe" 2>&1 &
    runs="$runs $!"
}

# In the foreground, so that Ctrl-C reaches it as it reaches any test; then waits for the others.
finish_with() {
    trap 'kill $runs 2>/dev/null' EXIT INT TERM
    show "$1"
    (run "$@") >"$logs/$1.pipe" 2>&1
    status=$?
    for one in $runs; do wait "$one" || status=1; done
    trap - EXIT INT TERM
    wait # until every line is shown
    exit "$status"
}

if [ "${2:-all}" = unit ]; then
    # About half of the time each.
    set -- tests/unit/operate tests/unit/ingress tests/unit/reconciliation tests/unit/vapi
    others=$(printf -- ' --ignore=%s' "$@")
    quick="--quiet --hypothesis-profile=quick"
    # shellcheck disable=SC2086 # words
    start first "$python" -m pytest "$@" $quick
    # shellcheck disable=SC2086 # words
    finish_with second "$python" -m pytest tests/unit $others $quick
fi

start console "$python" -m pytest tests/browser
# What is watched by people and clocks goes first: a page, a stack.
start rest nice "$python" -m pytest --ignore=tests/e2e --ignore=tests/browser
finish_with stack "$python" -m pytest tests/e2e
