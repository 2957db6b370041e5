#!/usr/bin/env bash
# Finds the tools of this project, and names each missing one together with the remedy.
#   toolchain.sh TOOL...    exits 1 after naming every tool that is missing or too old
#   toolchain.sh --python   prints the Python interpreter that the scripts run on
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
python_minimum=3.10
terraform_minimum=1.9.0
node_minimum=18.0.0

# at_least FOUND MINIMUM: compares dotted numbers.
at_least() {
  local found minimum f m
  IFS=. read -r -a found <<<"${1%%[-+ ]*}"
  IFS=. read -r -a minimum <<<"$2"
  local i
  for i in 0 1 2; do
    f=${found[i]:-0} m=${minimum[i]:-0}
    ((10#$f == 10#$m)) || { ((10#$f > 10#$m)); return; }
  done
}

# The plain name first, so that an activated environment wins.
find_python() {
  local name path
  for name in python3 python3.13 python3.12 python3.11 python3.10 python3.14; do
    path=$(command -v "$name") || continue
    if "$path" -c "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, ${python_minimum#3.}))" 2>/dev/null; then
      printf '%s\n' "$path"
      return
    fi
  done
  return 1
}

missing() {
  ((status)) || echo 'Missing tools:' >&2
  printf '  %-14s %s\n' "$1" "$2" >&2
  status=1
}

check_python() {
  find_python >/dev/null ||
    missing python "Python $python_minimum or newer with venv. Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python"
}

check_cargo() {
  local remedy="Rust $rust_minimum or newer: https://rustup.rs, then: rustup default stable"
  if ! command -v cargo >/dev/null; then
    missing cargo "$remedy"
  elif ! at_least "$(cargo --version | cut -d' ' -f2)" "$rust_minimum"; then
    missing cargo "$remedy (found $(cargo --version | cut -d' ' -f2); rustup update)"
  fi
}

check_cc() {
  command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null ||
    missing cc "a C compiler, for the TLS library. Debian, Ubuntu: apt-get install build-essential; macOS: xcode-select --install"
}

check_terraform() {
  local found remedy="Terraform $terraform_minimum or newer: https://developer.hashicorp.com/terraform/install"
  local program=${SPILLWAY_TERRAFORM:-terraform}
  if ! command -v "$program" >/dev/null; then
    missing terraform "$remedy"
    return
  fi
  found=$(TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1 "$program" version | sed -n '1s/^[A-Za-z]* v//p')
  at_least "$found" "$terraform_minimum" || missing terraform "$remedy (found $found)"
}

check_rustfmt() {
  cargo fmt --version >/dev/null 2>&1 || missing rustfmt "rustup component add rustfmt"
}

check_clippy() {
  cargo clippy --version >/dev/null 2>&1 || missing clippy "rustup component add clippy"
}

check_node() {
  local remedy="Node.js $node_minimum or newer with npm. Debian, Ubuntu: apt-get install nodejs npm; macOS: brew install node"
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    missing node "$remedy"
  elif ! at_least "$(node --version | tr -d v)" "$node_minimum"; then
    missing node "$remedy (found $(node --version))"
  fi
}

check_jq() {
  command -v jq >/dev/null ||
    missing jq "jq, for the script of an example. Debian, Ubuntu: apt-get install jq; macOS: brew install jq"
}

main() {
  if [[ ${1-} == --python ]]; then
    find_python
    return
  fi
  rust_minimum=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")
  status=0
  local tool
  for tool in "$@"; do "check_$tool"; done
  return "$status"
}

main "$@"
