# The composition's warnings about prefixes and suffixes.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name = "reports"

  handlers = {
    s3 = { bucket = "artifacts" }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = {
        dispatch  = { arm64 = { file = "dispatch.zip", sha256 = "d1", bytes = 1 } }
        ingest    = { arm64 = { file = "ingest.zip", sha256 = "i1", bytes = 1 } }
        reconcile = { arm64 = { file = "reconcile.zip", sha256 = "r1", bytes = 1 } }
        settle    = { arm64 = { file = "settle.zip", sha256 = "s1", bytes = 1 } }
      }
    }
  }

  workflow = {
    definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
  }
}

run "filters_that_are_ordinary" {
  command = plan

  variables {
    buckets = {
      uploads = {
        name         = "uploads"
        notification = "owned"
        sources = {
          status = { prefix = "~a b+c=1&2/100%/\"'/中文/ไทย/", suffix = "%x.json" }
          now    = { suffix = "/now", via = "eventbridge" }
        }
      }
    }
  }
}

run "a_prefix_with_a_slash_before_it" {
  command = plan

  variables {
    buckets = { uploads = { name = "uploads", notification = "owned", sources = { status = { prefix = "/status/" } } } }
  }

  expect_failures = [check.prefixes_begin_as_keys_do]
}

run "a_prefix_that_is_encoded_already" {
  command = plan

  variables {
    buckets = { uploads = { name = "uploads", notification = "owned", sources = { status = { prefix = "schemaVersion%3D1/", via = "lambda" } } } }
  }

  expect_failures = [check.filters_are_not_url_encoded]
}

run "a_suffix_that_is_encoded_already" {
  command = plan

  variables {
    buckets = { uploads = { name = "uploads", notification = "owned", sources = { status = { suffix = "%7e.json", via = "eventbridge" } } } }
  }

  expect_failures = [check.filters_are_not_url_encoded]
}

