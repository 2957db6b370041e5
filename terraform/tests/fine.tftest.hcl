# Inputs that the composition takes. Its refusals are in modules/input/tests.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name    = "reports"
  buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = {} } } }

  workflow = {
    definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
  }

  handlers = {
    s3 = { bucket = "artifacts" }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = {
        dispatch  = { arm64 = { file = "dispatch.zip", sha256 = "d1", bytes = 1 } }
        reconcile = { arm64 = { file = "reconcile.zip", sha256 = "r1", bytes = 1 } }
        settle    = { arm64 = { file = "settle.zip", sha256 = "s1", bytes = 1 } }
      }
    }
  }
}

run "everything_is_fine" {
  command = plan
}

# A bucket, two lanes and a window: the first configuration of a new user is short.
run "a_strangers_configuration" {
  command = plan

  module {
    source = "./tests/stranger"
  }

  assert {
    condition     = keys(module.spillway.lanes) == ["default", "urgent"] && module.spillway.effective_pace.night.max_concurrency == 9
    error_message = "Its lanes and its window are in force."
  }
}

# Of a build of one's own, its directory says enough.
run "handlers_in_a_directory" {
  command = plan

  variables {
    handlers = { directory = "./tests/zips" }
  }

  assert {
    condition     = output.released_sha256 == { dispatch = "0XDgddfzNH10IRiO3xF6zKqa1UC/LkSezjprKaCUh4I=", reconcile = "0XDgddfzNH10IRiO3xF6zKqa1UC/LkSezjprKaCUh4I=", settle = "0XDgddfzNH10IRiO3xF6zKqa1UC/LkSezjprKaCUh4I=" }
    error_message = "The manifest is the directory's handlers.json."
  }
  assert {
    condition     = module.dispatch.released_sha256 == "0XDgddfzNH10IRiO3xF6zKqa1UC/LkSezjprKaCUh4I="
    error_message = "The functions are those of the directory."
  }
}

run "handlers_for_the_one_architecture_that_is_built" {
  command = plan

  variables {
    handlers = {
      s3 = { bucket = "artifacts" }
      manifest = {
        version  = "1.2.3"
        protocol = 2
        handlers = {
          dispatch  = { x86_64 = { file = "dispatch.zip", sha256 = "d1", bytes = 1 } }
          reconcile = { x86_64 = { file = "reconcile.zip", sha256 = "r1", bytes = 1 } }
          settle    = { x86_64 = { file = "settle.zip", sha256 = "s1", bytes = 1 } }
        }
      }
    }
  }

  assert {
    condition     = module.dispatch.architecture == "x86_64"
    error_message = "The functions have the architecture of their zips."
  }
}
