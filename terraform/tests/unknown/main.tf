# A root whose buckets, tables and permission boundary are made in the same
# apply as the pipeline: at plan, nothing of them is known.
terraform {
  required_version = ">= 1.9.0"

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

module "spillway" {
  source = "../../"

  name = "unknown"

  buckets = {
    one = {
      name    = aws_s3_bucket.this["one"].id
      sources = { all = {} }
    }
    two = {
      name         = aws_s3_bucket.this["two"].id
      notification = "external"
      sources      = { json = { suffix = ".json" } }
    }
  }

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

  handlers = {
    directory = "handlers"
    manifest = {
      version  = "0.0.0"
      protocol = 2
      handlers = {
        for handler in ["dispatch", "settle"] : handler => {
          arm64 = { file = "${handler}.zip", sha256 = handler, bytes = 1 }
        }
      }
    }
  }

  platform = {
    iam = {
      path                 = "/pipelines/"
      permissions_boundary = aws_iam_policy.boundary.arn
      role_name_prefix     = "team-"
    }
  }
}

output "spillway" {
  description = "What the module says about itself."
  value       = module.spillway
}
