# The composition's warnings.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name = "reports"

  buckets = {
    uploads = {
      name         = "uploads"
      notification = "owned"
      sources      = { status = { prefix = "status/", suffix = ".json" } }
    }
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

run "a_workflow_that_reads_its_source" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["s3:GetObject", "s3:PutObjectTagging"], resources = ["arn:aws:s3:::uploads/*"] }]
    }
  }
}

run "a_workflow_that_writes_to_its_source" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["s3:GetObject", "s3:PutObject"], resources = ["arn:aws:s3:::uploads/status/*"] }]
    }
  }

  expect_failures = [check.workflow_does_not_start_itself]
}

run "a_workflow_that_writes_below_its_source" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["s3:PutObject"], resources = ["arn:aws:s3:::uploads/status/done/*"] }]
    }
  }

  expect_failures = [check.workflow_does_not_start_itself]
}

run "a_workflow_that_writes_one_key_of_its_source" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["s3:PutObject"], resources = ["arn:aws:s3:::uploads/status/latest.json"] }]
    }
  }

  expect_failures = [check.workflow_does_not_start_itself]
}

run "a_workflow_that_writes_one_key_beside_its_source" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["s3:PutObject"], resources = ["arn:aws:s3:::uploads/status/latest.csv"] }]
    }
  }
}

run "a_workflow_that_writes_to_another_prefix" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["s3:PutObject"], resources = ["arn:aws:s3:::uploads/results/*"] }]
    }
  }
}

run "a_workflow_that_writes_other_suffixes" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["s3:PutObject"], resources = ["arn:aws:s3:::uploads/status/*.parquet"] }]
    }
  }
}

run "a_workflow_that_writes_the_same_suffix" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["s3:PutObject"], resources = ["arn:aws:s3:::uploads/*.json"] }]
    }
  }

  expect_failures = [check.workflow_does_not_start_itself]
}

run "a_workflow_that_writes_to_another_bucket" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["s3:*"], resources = ["arn:aws:s3:::results/*", "arn:aws:s3:::uploads-archive/status/*"] }]
    }
  }
}

run "a_workflow_that_may_do_all_with_buckets_of_a_name" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["s3:*"], resources = ["arn:aws:s3:::up*"] }]
    }
  }

  expect_failures = [check.workflow_does_not_start_itself]
}

run "a_workflow_that_writes_by_a_wildcard_of_actions" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["S3:put*"], resources = ["arn:aws:s3:::uploads/st?tus/*"] }]
    }
  }

  expect_failures = [check.workflow_does_not_start_itself]
}

run "a_workflow_that_may_do_everything_everywhere" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["*"], resources = ["*"] }]
    }
  }

  expect_failures = [check.workflow_does_not_start_itself]
}

run "a_workflow_that_may_do_everything_to_its_bucket_but_no_object" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["s3:*"], resources = ["arn:aws:s3:::uploads"] }]
    }
  }
}

run "a_workflow_that_may_do_everything_to_a_table" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["*"], resources = ["arn:aws:dynamodb:eu-central-1:111122223333:table/*"] }]
    }
  }
}

run "a_workflow_that_writes_by_a_policy_variable" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["s3:PutObject"], resources = ["arn:aws:s3:::uploads/$${aws:PrincipalTag/team}/*"] }]
    }
  }

  expect_failures = [check.workflow_does_not_start_itself]
}

run "a_workflow_that_must_not_write_to_its_source" {
  command = plan

  variables {
    workflow = {
      definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      policy_statements = [{ sid = "Write", actions = ["s3:PutObject"], resources = ["arn:aws:s3:::uploads/*"], effect = "Deny" }]
    }
  }
}

# At plan the check cannot be answered, and holds nothing up.
run "a_workflow_that_writes_to_a_bucket_not_known_yet" {
  module {
    source = "./tests/unknown-writer"
  }

  override_resource {
    target = aws_s3_bucket.uploads
    values = { arn = "arn:aws:s3:::uploads-1", id = "uploads-1" }
  }
}

run "tenants_of_which_there_is_one" {
  command = plan

  variables {
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}" }
    tenants  = { by = "1", max_concurrency = 5 }
  }

  expect_failures = [check.tenants_are_several]
}

run "tenants_behind_the_prefix" {
  command = plan

  variables {
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}" }
    tenants  = { by = "2", max_concurrency = 5 }
  }
}

run "tenants_by_their_sources" {
  command = plan

  variables {
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}" }
    tenants  = { by = "1", max_concurrency = 5 }
    buckets = {
      uploads = {
        name         = "uploads"
        notification = "owned"
        sources      = { acme = { prefix = "acme/" }, zenith = { prefix = "zenith/" } }
      }
    }
  }
}
