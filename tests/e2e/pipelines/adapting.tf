# A pace that adapts to a target, which takes nothing while its item is there. One attempt that
# counts: an outage that did would be told by dead letters.
resource "aws_dynamodb_table" "target" {
  name         = "adapting-target"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

module "adapting" {
  source = "../../../terraform"

  name = "adapting"

  buckets = {
    uploads = {
      name         = aws_s3_bucket.uploads["adapting"].id
      notification = "owned"
      sources      = { all = {} }
    }
  }

  workflow = {
    definition = templatefile("${path.module}/../workflows/target.asl.json", { table = aws_dynamodb_table.target.name })
    policy_statements = [{
      sid       = "AskTheTarget"
      actions   = ["dynamodb:GetItem"]
      resources = [aws_dynamodb_table.target.arn]
    }]
  }

  handlers = local.handlers
  pace     = { max_concurrency = 20, starts_per_second = 50, adapt = { errors = ["Target.*"] } }
  protect  = false
  retry    = { max_attempts = 1, backoff_seconds = [1] }

  reconcile = { enabled = false }

  schedule = local.schedule
  sweep    = local.sweep
}
