#!/usr/bin/env bash
# run.sh [--venv NAME] MODULE [ARGUMENT...]: runs a Python module below scripts/, leaving no byte code in the work tree.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
python=$("$here/toolchain.sh" --python)
export PYTHONPATH=${here%/*} PYTHONPYCACHEPREFIX=${here%/*/*}/target/pycache
if [[ $1 == --venv ]]; then
  python=$("$python" -m pipeline.venvs "$2")
  shift 2
fi
exec "$python" -m "$@"
