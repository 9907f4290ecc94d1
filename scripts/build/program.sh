#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Finds its package behind any symbolic links, and a Node of the version that it needs: the one that npm
# installed with it, else the machine's own.
self=$0
while [ -L "$self" ]; do
  link=$(readlink "$self")
  case $link in /*) self=$link ;; *) self=$(dirname "$self")/$link ;; esac
done
root=$(cd -P "$(dirname "$self")/.." && pwd)
name=$(basename "$self")
node=$root/node_modules/.bin/node
[ -x "$node" ] || node=$root/../.bin/node
if [ ! -x "$node" ]; then
  node=node
  if ! node -e 'process.exit(parseInt(process.versions.node) >= 26 ? 0 : 1)' 2>/dev/null; then
    echo "$name: error: Node 26 or later is needed" >&2
    echo "$name: hint: install it, or install this package with its optional dependencies" >&2
    exit 3
  fi
fi
# Where this may not be written, Node goes without.
NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$root/.cache}
export NODE_COMPILE_CACHE
# Small young generations: of a server a tenth less memory, for an eighth of the rate of issuing; what is made
# for one command alone takes a tenth less, too (docs/performance.md).
case ${1-} in serve | scan) young=8 ;; *) young=1 ;; esac
exec "$node" --disable-warning=ExperimentalWarning --max-semi-space-size=$young "$root/bin/$name.js" "$@"
