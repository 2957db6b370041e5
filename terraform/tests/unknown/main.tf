# A root whose buckets, tables and permission boundary are made in the same
# apply as the pipeline: at plan, nothing of them is known.
terraform {
  required_version = ">= 1.9.0, != 1.15.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.90.0, < 7.0.0"
    }
  }
}

resource "aws_s3_bucket" "this" {
  for_each = toset(["one", "two"])

  bucket_prefix = "uploads-${each.key}-"
}

resource "aws_dynamodb_table" "this" {
  name         = "results"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_iam_policy" "boundary" {
  name_prefix = "boundary-"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["sqs:*"], Resource = ["*"] },
    ]
  })
}

resource "aws_sns_topic" "fanout" {
  name_prefix = "fanout-"
}

resource "aws_kms_key" "pipelines" {
  description = "Queues, ledger and logs"
}

module "spillway" {
  source = "../../"

  name = "unknown"

  buckets = {
    one = {
      name         = aws_s3_bucket.this["one"].id
      notification = "owned"
      sources      = { all = {} }
    }
    two = {
      name         = aws_s3_bucket.this["two"].id
      notification = "external"
      sources = {
        csv  = { suffix = ".csv", via = "lambda" }
        json = { suffix = ".json" }
        xml  = { suffix = ".xml", via = "eventbridge", max_size = 1000 }
      }
    }
  }

  topics = { fanout = { arn = aws_sns_topic.fanout.arn } }

  workflow = {
    definition = jsonencode({
      StartAt = "Done"
      States  = { Done = { Type = "Succeed", Comment = aws_dynamodb_table.this.arn } }
    })
    policy_statements = [
      { actions = ["dynamodb:PutItem"], resources = [aws_dynamodb_table.this.arn] },
    ]
    timeout_seconds = 60
  }

  reconcile = {
    list = {
      buckets     = ["one"]
      inventories = { one = { bucket = aws_s3_bucket.this["two"].id } }
      scheduled   = true
    }
  }

  handlers = {
    s3 = { bucket = "artifacts" }
    manifest = {
      version  = "0.0.0"
      protocol = 2
      handlers = {
        for handler in ["dispatch", "ingest", "reconcile", "settle"] : handler => {
          arm64 = { file = "${handler}.zip", sha256 = handler, bytes = 1 }
        }
      }
    }
  }

  platform = {
    kms_key = { arn = aws_kms_key.pipelines.arn }
    iam = {
      path                 = "/pipelines/"
      permissions_boundary = aws_iam_policy.boundary.arn
      role_name_prefix     = "team_"
    }
  }
}

output "spillway" {
  description = "All outputs of the module."
  value       = module.spillway
}

# A state machine that is made in the same apply, elsewhere.
resource "aws_sfn_state_machine" "there" {
  name       = "there"
  role_arn   = aws_iam_role.there.arn
  definition = jsonencode({ StartAt = "Done", States = { Done = { Type = "Succeed", Comment = aws_dynamodb_table.this.arn } } })
}

resource "aws_iam_role" "there" {
  name_prefix = "there-"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "states.amazonaws.com" } }]
  })
}

module "existing" {
  source = "../../"

  name    = "existing"
  fifo    = true
  buckets = { one = { name = aws_s3_bucket.this["two"].id, notification = "external", sources = { all = { via = "lambda" } } } }

  workflow = { state_machine = { arn = aws_sfn_state_machine.there.arn }, order = "latest" }

  handlers = {
    s3 = { bucket = "artifacts" }
    manifest = {
      version  = "0.0.0"
      protocol = 2
      handlers = {
        for handler in ["dispatch", "ingest", "reconcile", "settle"] : handler => {
          arm64 = { file = "${handler}.zip", sha256 = handler, bytes = 1 }
        }
      }
    }
  }
}

output "existing" {
  description = "All outputs of the second module."
  value       = module.existing
}
