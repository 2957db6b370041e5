# modules/handler on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  artifact = { s3 = { bucket = "artifacts" } }
  handler  = "settle"
  manifest = {
    version  = "1.2.3"
    protocol = 2
    handlers = { settle = { arm64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } }
  }
  name      = "reports_settle"
  role_name = "reports_settle_eu-central-1"
}

run "handler" {
  module {
    source = "./modules/handler"
  }

  variables {
    name         = "reports_dispatch"
    role_name    = "reports_dispatch_eu-central-1"
    handler      = "dispatch"
    artifact     = { directory = "./tests/zips" }
    async_invoke = {}
    environment  = { A = "1" }
    iam          = { path = "/pipelines/", permissions_boundary = "arn:aws:iam::111122223333:policy/boundary" }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { dispatch = { arm64 = { file = "d.zip", sha256 = "0XDgddfzNH10IRiO3xF6zKqa1UC/LkSezjprKaCUh4I=", bytes = 1 } } }
    }
    settings = { memory_mb = 512, reserved_concurrency = 1, timeout_seconds = 76, tracing = true }
  }

  assert {
    condition = alltrue([
      aws_lambda_function.this.function_name == "reports_dispatch",
      aws_lambda_function.this.runtime == "provided.al2023",
      aws_lambda_function.this.handler == "bootstrap",
      tolist(aws_lambda_function.this.architectures) == tolist(["arm64"]),
      aws_lambda_function.this.filename == "./tests/zips/d.zip",
      aws_lambda_function.this.s3_bucket == null,
      aws_lambda_function.this.source_code_hash == "0XDgddfzNH10IRiO3xF6zKqa1UC/LkSezjprKaCUh4I=",
      aws_lambda_function.this.memory_size == 512,
      aws_lambda_function.this.reserved_concurrent_executions == 1,
      aws_lambda_function.this.timeout == 76,
      aws_lambda_function.this.tracing_config[0].mode == "Active",
      aws_lambda_function.this.logging_config[0].log_group == "/aws/lambda/reports_dispatch",
      aws_lambda_function.this.logging_config[0].log_format == "JSON",
    ])
    error_message = "The function: ${jsonencode(aws_lambda_function.this)}"
  }
  assert {
    condition = alltrue([
      aws_iam_role.this.name == "reports_dispatch_eu-central-1",
      aws_iam_role.this.path == "/pipelines/",
      aws_iam_role.this.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary",
    ])
    error_message = "The role: ${jsonencode(aws_iam_role.this)}"
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.this[0].maximum_event_age_in_seconds == 60 && aws_lambda_function_event_invoke_config.this[0].maximum_retry_attempts == 0
    error_message = "An asynchronous invocation is tried for a minute, once."
  }
  assert {
    condition     = output.released_sha256 == "0XDgddfzNH10IRiO3xF6zKqa1UC/LkSezjprKaCUh4I=" && output.running_sha256 == "running"
    error_message = "The manifest names the released code, and Lambda the running one."
  }
}

run "handler_without_its_zip" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_dispatch"
    role_name = "reports_dispatch_eu-central-1"
    handler   = "dispatch"
    artifact  = { directory = "./tests/zips" }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { dispatch = { arm64 = { file = "nowhere.zip", sha256 = "0XDgddfzNH10IRiO3xF6zKqa1UC/LkSezjprKaCUh4I=", bytes = 1 } } }
    }
  }

  expect_failures = [aws_lambda_function.this]
}

run "handler_with_the_zip_of_another_build" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_dispatch"
    role_name = "reports_dispatch_eu-central-1"
    handler   = "dispatch"
    artifact  = { directory = "./tests/zips" }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { dispatch = { arm64 = { file = "d.zip", sha256 = "d1", bytes = 1 } } }
    }
  }

  expect_failures = [aws_lambda_function.this]
}

run "handler_from_a_bucket" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    architecture = "x86_64"
    artifact     = { s3 = { bucket = "artifacts", prefix = "v1/" } }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { settle = { x86_64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } }
    }
  }

  assert {
    condition     = aws_lambda_function.this.s3_bucket == "artifacts" && aws_lambda_function.this.s3_key == "v1/s.zip" && aws_lambda_function.this.filename == null
    error_message = "The zip comes from the bucket."
  }
  assert {
    condition     = length(aws_lambda_function_event_invoke_config.this) == 0
    error_message = "Without async_invoke, Lambda's defaults hold."
  }
}

run "handler_of_another_protocol" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    manifest = {
      version  = "9.0.0"
      protocol = 3
      handlers = { settle = { arm64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } }
    }
  }

  expect_failures = [aws_lambda_function.this]
}

run "handler_that_the_manifest_lacks" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { settle = { x86_64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } }
    }
  }

  expect_failures = [aws_lambda_function.this]
}

run "handler_with_a_role_name_too_long" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    role_name = "a-role-of-an-organisation-that-has-long-names_reports_eu-central-1"
  }

  expect_failures = [var.role_name]
}

run "handler_with_a_policy_too_long" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    policy_statements = [
      { actions = ["s3:GetObject"], resources = [for i in range(200) : "arn:aws:s3:::a-bucket-with-a-rather-long-name-${i}/*"] },
    ]
  }

  expect_failures = [aws_iam_role_policy.this]
}

run "handler_out_of_range" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name              = "my reports"
    handler           = "Settle"
    architecture      = "arm"
    artifact          = {}
    async_invoke      = { maximum_event_age_seconds = 59 }
    manifest          = { version = "1.2.3", protocol = 2, handlers = {} }
    policy_statements = [{ effect = "allow", actions = ["s3:GetObject"], resources = [] }]
  }

  expect_failures = [
    var.handler, var.architecture, var.artifact, var.async_invoke, var.name, var.policy_statements,
  ]
}

run "handler_with_too_little_memory" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    settings = { memory_mb = 64 }
  }

  expect_failures = [var.settings]
}

run "handler_that_runs_for_too_long" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    settings = { timeout_seconds = 901 }
  }

  expect_failures = [var.settings]
}

run "handler_that_can_never_run" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    settings = { reserved_concurrency = 0 }
  }

  expect_failures = [var.settings]
}

run "handler_that_keeps_what_failed" {
  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_ingest"
    role_name = "reports_ingest_eu-central-1"
    handler   = "ingest"
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { ingest = { arm64 = { file = "i.zip", sha256 = "i1", bytes = 1 } } }
    }
    async_invoke = { maximum_event_age_seconds = 21600, maximum_retry_attempts = 2, on_failure = { arn = "arn:aws:sqs:eu-central-1:111122223333:failures" } }
    environment  = { A = "a" }
    kms_key      = { arn = "arn:aws:kms:eu-central-1:111122223333:key/k1" }
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this[0].destination_config[0].on_failure[0].destination == "arn:aws:sqs:eu-central-1:111122223333:failures"
    error_message = "Payloads that failed for good go to the queue."
  }
  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:eu-central-1:111122223333:key/k1"
    error_message = "The log group is encrypted with the key."
  }
  assert {
    condition     = aws_lambda_function.this.kms_key_arn == "arn:aws:kms:eu-central-1:111122223333:key/k1"
    error_message = "The environment is encrypted with the key."
  }
  assert {
    condition = {
      for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Sid => "${join(" ", s.Action)} on ${join(" ", s.Resource)}" if s.Sid != "Logs"
      } == {
      Key       = "kms:Decrypt kms:GenerateDataKey on arn:aws:kms:eu-central-1:111122223333:key/k1"
      OnFailure = "sqs:SendMessage on arn:aws:sqs:eu-central-1:111122223333:failures"
    }
    error_message = "Lambda sends there as the function, which may use the key: ${aws_iam_role_policy.this.policy}"
  }
}

run "handler_with_a_key_and_nothing_to_encrypt" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_ingest"
    role_name = "reports_ingest_eu-central-1"
    handler   = "ingest"
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { ingest = { arm64 = { file = "i.zip", sha256 = "i1", bytes = 1 } } }
    }
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/k1" }
  }

  assert {
    condition     = aws_lambda_function.this.kms_key_arn == null
    error_message = "Lambda does not keep a key without variables: every plan would differ."
  }
}

run "handler_with_an_environment_too_large" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_ingest"
    role_name = "reports_ingest_eu-central-1"
    handler   = "ingest"
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { ingest = { arm64 = { file = "i.zip", sha256 = "i1", bytes = 1 } } }
    }
    environment = { A = format("%4096s", "a") }
  }

  expect_failures = [aws_lambda_function.this]
}

run "handler_with_an_environment_that_fits" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_ingest"
    role_name = "reports_ingest_eu-central-1"
    handler   = "ingest"
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { ingest = { arm64 = { file = "i.zip", sha256 = "i1", bytes = 1 } } }
    }
    environment = { A = format("%4095s", "a") }
  }
}

run "handler_with_an_alias_for_a_key" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_ingest"
    role_name = "reports_ingest_eu-central-1"
    handler   = "ingest"
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { ingest = { arm64 = { file = "i.zip", sha256 = "i1", bytes = 1 } } }
    }
    kms_key = { arn = "alias/aws/sqs" }
  }

  expect_failures = [var.kms_key]
}

run "handler_in_a_network" {
  module {
    source = "./modules/handler"
  }

  variables {
    code_signing = { arn = "arn:aws:lambda:eu-central-1:111122223333:code-signing-config:csc-0123456789abcdef0" }
    vpc          = { security_group_ids = ["sg-0"], subnet_ids = ["subnet-0", "subnet-1"] }
  }

  assert {
    condition     = one(aws_lambda_function.this.vpc_config).subnet_ids == toset(["subnet-0", "subnet-1"]) && aws_lambda_function.this.code_signing_config_arn == var.code_signing.arn
    error_message = "It is in the network, and runs signed code only."
  }
  assert {
    condition = {
      for s in jsondecode(local._policy).Statement : s.Sid => "${s.Effect} ${jsonencode(try(s.Condition, null))}" if startswith(s.Sid, "Network")
      } == {
      Network             = "Allow null"
      NetworkByLambdaOnly = "Deny {\"ArnEquals\":{\"lambda:SourceFunctionArn\":[\"${join(":", slice(split(":", replace(output.log_group_arn, ":logs:", ":lambda:")), 0, 5))}:function:reports_settle\"]}}"
    }
    error_message = "Lambda makes network interfaces with the role, and the function's code does not: ${local._policy}"
  }
}

run "handler_without_a_network" {
  module {
    source = "./modules/handler"
  }

  assert {
    condition     = length(aws_lambda_function.this.vpc_config) == 0 && !strcontains(local._policy, "ec2:")
    error_message = "Lambda's own network needs no permissions."
  }
}

run "handler_with_code_signing_that_is_none" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    code_signing = { arn = "csc-0123456789abcdef0" }
  }

  expect_failures = [var.code_signing]
}
