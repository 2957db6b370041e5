# Ticks that wait for events, in a function as small as it can be.
module "waiting" {
  source = "../../../terraform"

  name = "waiting"

  buckets = {
    uploads = {
      name         = aws_s3_bucket.uploads["waiting"].id
      notification = "owned"
      sources      = { all = {} }
    }
  }

  workflow = { definition = file("${path.module}/../workflows/single.asl.json") }
  handlers = merge(local.handlers, { dispatch = { memory_mb = 128, reserved_concurrency = 2 } })
  pace     = { max_concurrency = 20, starts_per_second = 50 }
  protect  = false

  reconcile = { enabled = false }

  # The tests invoke the ticks.
  schedule = { enabled = false, idle = "wait" }
  sweep    = local.sweep
}
