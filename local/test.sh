#!/bin/sh
# All tests: those of the deployed stack, which mostly wait, beside the rest. Together they fit two cores and ten minutes.
# usage: test.sh <python>
set -u
python=$1
rest=.local/tests.log
mkdir -p .local

"$python" -m pytest --ignore=tests/e2e --ignore=tests/browser -o cache_dir=.local/pytest-cache >"$rest" 2>&1 &
others=$!
trap 'kill "$others" 2>/dev/null' EXIT INT TERM

echo "Tests of the deployed stack and of the console; beside them all others, whose output follows ($rest) …"
"$python" -m pytest tests/e2e tests/browser
status=$?
wait "$others" || status=1
trap - EXIT
cat "$rest"
exit "$status"
