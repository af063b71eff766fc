#!/bin/sh
# Creates a virtual environment and installs a requirements file into it; an interrupted installation is continued.
# Only files with the hashes in the requirements are installed.
# usage: install.sh <directory> <requirements file> <description, for the progress line>      PYTHON=… chooses the interpreter
set -eu
directory=$1
requirements=$2
what=$3

fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        fits "$PYTHON" && { echo "$PYTHON"; return; }
        echo "PYTHON=$PYTHON is not a Python 3.11 to 3.14." >&2
        exit 1
    fi
    for name in python3.13 python3.12 python3.11 python3.14 python3 python; do
        fits "$name" && { command -v "$name"; return; }
    done
    echo "No Python 3.11 to 3.14 found. Install one, or say where it is: make PYTHON=/path/to/python3" >&2
    exit 1
}

mkdir -p "$(dirname "$directory")"
if ! "$directory/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    rm -rf "$directory"
    if ! "$python" -m venv "$directory" >"$directory.log" 2>&1; then
        cat "$directory.log" >&2
        rm -rf "$directory" "$directory.log"
        echo "$python cannot make a virtual environment. On Debian and Ubuntu install the package python3-venv, then run make again." >&2
        exit 1
    fi
    rm -f "$directory.log"
fi

# The installation of a source distribution runs its own code, with build tools that are not pinned. There is one, on one platform: watchdog
# 4.0.2, which SAM CLI pins, has no wheel for Python 3.14 on macOS.
case "$(uname)" in
    Darwin) binary=--prefer-binary ;;
    *) binary=--only-binary=:all: ;;
esac

echo "Installing $what into $directory (the first time takes a minute or two) …"
mkdir -p "$(dirname "$directory")"
# The file is complete, so nothing has to be resolved; older pips do not find a package's extras among pinned ones.
if ! "$directory/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes --no-deps "$binary" \
    --requirement "$requirements"; then
    echo "The installation failed (see above). It needs the package registry; when that answers, run make again: it goes on from here." >&2
    exit 1
fi
touch "$directory/.installed"
