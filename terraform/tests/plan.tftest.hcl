# The real provider, with false keys and without a call. It checks at
# plan differently from a mocked one, and shows the values unknown then.

provider "aws" {
  access_key                  = "none"
  region                      = "eu-central-1"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

run "everything_foreign_is_unknown" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = output.spillway.released_sha256 == { dispatch = "dispatch", ingest = "ingest", reconcile = "reconcile", settle = "settle" }
    error_message = "The released hashes are those of the manifest."
  }
  assert {
    condition     = output.spillway.effective_pace.default.max_concurrency == 100
    error_message = "The default pace is in force."
  }
}
