# modules/bucket-invocation on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  bucket   = { name = "bucket-a", account_id = "444455556666" }
  function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_ingest" }
}

run "invocation" {
  command = plan

  module {
    source = "./modules/bucket-invocation"
  }

  variables {
    statement_id = "a"
  }

  assert {
    condition = alltrue([
      aws_lambda_permission.this.principal == "s3.amazonaws.com",
      aws_lambda_permission.this.action == "lambda:InvokeFunction",
      aws_lambda_permission.this.source_arn == "arn:aws:s3:::bucket-a",
      aws_lambda_permission.this.source_account == "444455556666",
    ])
    error_message = "One bucket of one account may invoke it."
  }
}

run "invocation_with_a_name_that_is_none" {
  command = plan

  module {
    source = "./modules/bucket-invocation"
  }

  variables {
    statement_id = "a b"
  }

  expect_failures = [var.statement_id]
}
