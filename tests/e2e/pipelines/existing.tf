# A state machine that was there before, behind an alias, and everything encrypted with a key of
# one's own.
data "aws_caller_identity" "current" {}

resource "aws_iam_role" "existing" {
  name = "existing-machine"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_sfn_state_machine" "existing" {
  name       = "existing-machine"
  role_arn   = aws_iam_role.existing.arn
  definition = file("${path.module}/../workflows/single.asl.json")
  publish    = true
}

resource "aws_sfn_alias" "live" {
  name = "live"

  routing_configuration {
    state_machine_version_arn = aws_sfn_state_machine.existing.state_machine_version_arn
    weight                    = 100
  }
}

resource "aws_kms_key" "own" {
  description             = "Of the pipeline existing"
  deletion_window_in_days = 7
}

resource "aws_kms_key_policy" "own" {
  key_id = aws_kms_key.own.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "Administration"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      }],
      module.existing.kms_key_policy_statements,
    )
  })
}

module "existing" {
  source = "../../../terraform"

  name = "existing"

  buckets = {
    uploads = {
      name         = aws_s3_bucket.uploads["existing"].id
      notification = "owned"
      sources      = { lambda = { prefix = "lambda/", via = "lambda" } }
    }
  }

  workflow = {
    state_machine = { arn = aws_sfn_alias.live.arn }
    input_format  = "s3-notification"
  }

  handlers = local.handlers
  pace     = { max_concurrency = 20, starts_per_second = 50 }
  platform = { kms_key = { arn = aws_kms_key.own.arn } }
  protect  = false
  retry    = { max_attempts = 3, backoff_seconds = [1] }
  schedule = local.schedule
  sweep    = local.sweep
}
