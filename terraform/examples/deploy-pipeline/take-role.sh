#!/usr/bin/env bash
# Takes a role as this run of GitHub Actions, and prints the environment of its credentials: >> "$GITHUB_ENV".
# Nothing is stored: https://docs.github.com/en/actions/concepts/security/openid-connect
set -euo pipefail
role=$1
token=$(curl --silent --show-error --fail --header "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \
  "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" | jq -r .value)
echo "::add-mask::$token" >&2
read -r key secret session < <(aws sts assume-role-with-web-identity --role-arn "$role" \
  --role-session-name "run-${GITHUB_RUN_ID:-by-hand}" --web-identity-token "$token" --duration-seconds "${SECONDS_OF_ROLE:-3600}" \
  --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)
for masked in "$key" "$secret" "$session"; do echo "::add-mask::$masked" >&2; done
echo "AWS_ACCESS_KEY_ID=$key"
echo "AWS_SECRET_ACCESS_KEY=$secret"
echo "AWS_SESSION_TOKEN=$session"
echo "AWS_REGION=$AWS_REGION"
