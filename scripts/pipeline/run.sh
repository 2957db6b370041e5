#!/usr/bin/env bash
# run.sh MODULE [ARGUMENT...]: runs a Python module below scripts/, leaving no byte code in the work tree.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
python=$("$here/toolchain.sh" --python)
export PYTHONPATH=${here%/*} PYTHONPYCACHEPREFIX=${here%/*/*}/target/pycache
exec "$python" -m "$@"
