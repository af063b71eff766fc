#!/bin/sh
# Runs all tests, or only the unit tests, as several parallel runs, so that two cores are not idle while one run waits, and
# no run collects another one's tests, as pytest's own workers would.
# The output of each run is shown at once, prefixed with the run's name, and kept in .local/tests.
# usage: test.sh <python> [unit]
set -u
python=$1
logs=.local/tests
runs=
mkdir -p "$logs"

# Each run has a stack, named by TEST_RUN, and a cache of its own.
run() {
    TEST_RUN=$1
    export TEST_RUN
    shift
    exec "$@" -o "cache_dir=.local/pytest-cache-$TEST_RUN"
}

# A named pipe, so that the shell waits for the tests and not for the process that prints their lines.
show() {
    rm -f "$logs/$1.pipe"
    mkfifo "$logs/$1.pipe"
    # Not awk, because Debian's reads 4 KB before it processes a line.
    while IFS= read -r line; do printf '%s | %s\n' "$1" "$line"; done <"$logs/$1.pipe" | tee "$logs/$1.log" &
}

start() {
    show "$1"
    (run "$@") >"$logs/$1.pipe" 2>&1 &
    runs="$runs $!"
}

# In the foreground, so that Ctrl-C reaches it as it reaches the tests; then wait for the others.
finish_with() {
    trap 'kill $runs 2>/dev/null' EXIT INT TERM
    show "$1"
    (run "$@") >"$logs/$1.pipe" 2>&1
    status=$?
    for one in $runs; do wait "$one" || status=1; done
    trap - EXIT INT TERM
    wait # until every line is printed
    exit "$status"
}

if [ "${2:-all}" = unit ]; then
    # Each takes about half of the time.
    set -- tests/unit/operate tests/unit/ingress tests/unit/vapi
    others=$(printf -- ' --ignore=%s' "$@")
    quick="--quiet --hypothesis-profile=quick"
    # shellcheck disable=SC2086 # words
    start first "$python" -m pytest "$@" $quick
    # shellcheck disable=SC2086 # words
    finish_with second "$python" -m pytest tests/unit $others $quick
fi

# Tests with browsers and timeouts go first: pages, a stack.
start pages "$python" -m pytest tests/browser --ignore=tests/browser/deployed
start console "$python" -m pytest tests/browser/deployed
start rest nice "$python" -m pytest --ignore=tests/e2e --ignore=tests/browser --ignore=tests/integration
start api nice "$python" -m pytest tests/integration/api
start integration nice "$python" -m pytest tests/integration --ignore=tests/integration/api
finish_with stack "$python" -m pytest tests/e2e
