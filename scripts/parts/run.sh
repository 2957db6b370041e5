#!/usr/bin/env bash
# run.sh MODULE [ARGUMENT...]: runs a Python module of the scripts, leaving no byte code in the work tree.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
root=${here%/*/*}
python=$("$here/toolchain.sh" --python)
# As program/paths.py says.
export PYTHONPATH=$here:$root/tests:$root/tests/load PYTHONPYCACHEPREFIX=$root/target/pycache
exec "$python" -m "$@"
