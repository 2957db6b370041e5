# modules/ledger on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name = "reports"
}

run "ledger" {
  module {
    source = "./modules/ledger"
  }

  assert {
    condition     = aws_dynamodb_table.this.hash_key == "pk" && aws_dynamodb_table.this.range_key == "sk" && aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
    error_message = "The table has the keys that the handlers use."
  }
  assert {
    condition     = aws_dynamodb_table.this.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.this.ttl[0].enabled
    error_message = "Finished rows expire by expires_at."
  }
  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "The table can be restored, and is not deleted by accident."
  }
  assert {
    condition     = length(aws_dynamodb_table.this.global_secondary_index) == 0
    error_message = "No index: it could only be read eventually consistent."
  }
}

run "ledger_with_a_name_that_is_none" {
  command = plan

  module {
    source = "./modules/ledger"
  }

  variables {
    name = "my ledger"
  }

  expect_failures = [var.name]
}

run "ledger_with_a_key" {
  command = plan

  module {
    source = "./modules/ledger"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/k1" }
  }

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].enabled && aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-central-1:111122223333:key/k1"
    error_message = "The table is encrypted with the key."
  }
}

run "ledger_with_an_alias_for_a_key" {
  command = plan

  module {
    source = "./modules/ledger"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:alias/aws/dynamodb" }
  }

  expect_failures = [var.kms_key]
}
