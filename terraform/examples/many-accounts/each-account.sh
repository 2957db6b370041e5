#!/usr/bin/env bash
# Runs Terraform for one account after the other, each with a state and a directory of its own.
#
#   ./each-account.sh plan                  every account of accounts.yaml
#   ACCOUNTS='billing research' ./each-account.sh apply -auto-approve
#
# STATES is the bucket of the states; without it, states are files below .accounts/.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
terraform=${TERRAFORM:-terraform}

# The names below `accounts:`, as accounts.yaml indents them.
all=$(sed -n '/^accounts:/,$s/^  \([a-z0-9-]*\):.*/\1/p' accounts.yaml)
failed=()
mkdir -p .accounts
for account in ${ACCOUNTS:-$all}; do
  echo "== $account"
  export TF_DATA_DIR=$PWD/.accounts/$account
  backend=()
  if [[ -n ${STATES:-} ]]; then
    backend=(-backend-config="bucket=$STATES" -backend-config="key=spillway/$account")
  else
    backend=(-backend-config="path=$TF_DATA_DIR/terraform.tfstate")
  fi
  # One account that fails holds up no other.
  "$terraform" init -input=false -no-color "${backend[@]}" >"$TF_DATA_DIR.log" 2>&1 && "$terraform" "$@" -var "account=$account" || failed+=("$account")
done
if ((${#failed[@]})); then
  echo "failed: ${failed[*]}" >&2
  exit 1
fi
