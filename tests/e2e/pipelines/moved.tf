# Pipelines beside another way to start the same state machine, as docs/guide/migration.md begins.
locals {
  moved = toset(["from-function", "from-mapping"])
}

resource "aws_sfn_state_machine" "moved" {
  for_each = local.moved

  name       = "machine-${each.key}"
  role_arn   = aws_iam_role.existing.arn
  definition = file("${path.module}/../workflows/single.asl.json")
}

module "moved" {
  source   = "../../../terraform"
  for_each = local.moved

  name = each.key

  buckets = {
    uploads = {
      name         = aws_s3_bucket.uploads[each.key].id
      notification = "external"
      sources      = { in = { prefix = "in/" } }
    }
  }

  workflow = {
    state_machine = { arn = aws_sfn_state_machine.moved[each.key].arn }
    input_format  = "s3-notification"
  }

  handlers  = local.handlers
  pace      = { max_concurrency = 20, starts_per_second = 50 }
  protect   = false
  reconcile = { list = { buckets = ["uploads"] } }
  schedule  = local.schedule
  sweep     = local.sweep
}
