#!/bin/sh
# All tests, in three runs side by side, since each mostly waits. Together they fit two cores and ten minutes.
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

(run console "$python" -m pytest tests/browser) >"$logs/console.log" 2>&1 &
console=$!
# What is watched by people and clocks goes first: a page, a stack.
(run rest nice "$python" -m pytest --ignore=tests/e2e --ignore=tests/browser) >"$logs/rest.log" 2>&1 &
rest=$!
trap 'kill "$console" "$rest" 2>/dev/null' EXIT INT TERM

echo "Tests of the deployed stack; beside them those of the console, and all others, whose output follows ($logs) …"
(run stack "$python" -m pytest tests/e2e)
status=$?
wait "$console" || status=1
cat "$logs/console.log"
wait "$rest" || status=1
cat "$logs/rest.log"
trap - EXIT
exit "$status"
