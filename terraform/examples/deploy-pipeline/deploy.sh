#!/usr/bin/env bash
# Plans, applies with a canary, and looks for drift: the same on a laptop as in GitHub Actions.
#
#   ./deploy.sh plan [ARGUMENT …]   the changes of an apply; arguments go to terraform plan
#   ./deploy.sh apply               a new version of the workflow gets a tenth of the starts, then all or none
#   ./deploy.sh drift               ends with 2 if something differs from the code, or a function's code from the release
#
# CANARY_WEIGHT (10), CANARY_LEAST (20), CANARY_MARGIN (5), CANARY_WAIT (30m): see `spillway canary --help`.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

terraform=${TERRAFORM:-terraform}
spillway=${SPILLWAY:-spillway}

# An output; nothing before the first apply, of which `terraform output -raw` warns on the standard output.
output() { "$terraform" output -json | jq -r --arg name "$1" '.[$name].value // empty'; }

# The version that serves; nothing before the first apply.
serving() {
  local pipeline
  pipeline=$(output pipeline)
  if [[ -n $pipeline ]]; then "$spillway" --pipeline "$pipeline" canary --serving; fi
}

# A share of the newest version, in Terraform's form.
share() {
  local serves=$1 weight=$2
  if [[ -z $serves ]]; then echo '{}'; else echo "{previous_version_arn=\"$serves\",weight=$weight}"; fi
}

apply() { "$terraform" apply -auto-approve -input=false -var "canary=$1"; }

plan() {
  local serves
  serves=$(serving) || return 1
  "$terraform" plan -input=false -lock=false -var "canary=$(share "$serves" 0)" "$@"
}

deploy() {
  local serves newest judged=0
  serves=$(serving)
  # A new version is there, and gets no start.
  apply "$(share "$serves" 0)"
  newest=$(output workflow_version_arn)
  if [[ -z $serves || $newest == "$serves" ]]; then return; fi

  apply "$(share "$serves" "${CANARY_WEIGHT:-10}")"
  "$spillway" --pipeline "$(output pipeline)" canary \
    --least "${CANARY_LEAST:-20}" --margin "${CANARY_MARGIN:-5}" --wait "${CANARY_WAIT:-30m}" || judged=$?
  if [[ $judged == 0 ]]; then
    apply '{}'
  else
    apply "$(share "$serves" 0)"
    echo "The new version has no starts any more: $newest. $serves has them all." >&2
    return 3
  fi
}

drift() {
  local found=0 code
  plan -detailed-exitcode -out=drift.tfplan || found=$?
  if [[ $found == 1 ]]; then return 1; fi
  code=$("$terraform" show -json drift.tfplan |
    jq -r '.planned_values.outputs.code.value | to_entries[] | select(.value.released != .value.running) | .key')
  rm -f drift.tfplan
  if [[ -n $code ]]; then
    echo "The code that runs is not the code released: ${code//$'\n'/, }" >&2
    found=2
  fi
  return "$found"
}

command=${1:-}
case $command in
  plan) shift && plan "$@" ;;
  apply) deploy ;;
  drift) drift ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2 && exit 64 ;;
esac
