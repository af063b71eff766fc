#!/bin/sh
# All tests, in three runs side by side, since each mostly waits. Together they fit two cores and ten minutes.
# What each prints is shown as it comes, behind the name of its run, and kept in .local/tests.
# usage: test.sh <python>
set -u
python=$1
logs=.local/tests
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

show console
(run console "$python" -m pytest tests/browser) >"$logs/console.pipe" 2>&1 &
console=$!
# What is watched by people and clocks goes first: a page, a stack.
show rest
(run rest nice "$python" -m pytest --ignore=tests/e2e --ignore=tests/browser) >"$logs/rest.pipe" 2>&1 &
rest=$!
trap 'kill "$console" "$rest" 2>/dev/null' EXIT INT TERM

# In the foreground, so that Ctrl-C reaches it as it reaches any test.
show stack
(run stack "$python" -m pytest tests/e2e) >"$logs/stack.pipe" 2>&1
status=$?
wait "$console" || status=1
wait "$rest" || status=1
trap - EXIT
wait # until every line is shown
exit "$status"
