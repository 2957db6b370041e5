# Two lanes that share one capacity, windows, and a limit per day. At times one lane has a bound of
# its own, and each tenant has one.
module "lanes" {
  source = "../../../terraform"

  name = "lanes"

  buckets = {
    uploads = {
      name         = aws_s3_bucket.uploads["lanes"].id
      notification = "owned"
      sources = {
        urgent = { prefix = "urgent/", lane = var.lanes.urgent ? "urgent" : "default" }
        bulk   = { prefix = "bulk/", lane = "default", via = "lambda" }
      }
    }
  }

  lanes = merge(
    { default = { priority = 2, min_share = 0.1, max_concurrency = var.lanes.default_at_once } },
    var.lanes.urgent ? { urgent = { priority = 1 } } : {},
  )

  windows = merge(
    {
      # Long past: never in force.
      over = { priority = 1, dates = ["2020-01-01/2020-01-31"], pause = true }
      # Every minute of every day: always in force.
      always = { priority = 2, timezone = "Asia/Seoul", from = "00:00", to = "24:00", pace = { max_concurrency = 10 } }
    },
    var.lanes.frozen ? { frozen = { priority = 0, dates = ["2020-01-01/2099-12-31"], pause = true } } : {},
  )
  tenants = (
    var.lanes.of_tenant_at_once == null ? null : { by = "3", max_concurrency = var.lanes.of_tenant_at_once }
  )
  limits = { starts_per_day = var.lanes.starts_per_day }

  workflow = { definition = file("${path.module}/../workflows/single.asl.json") }
  handlers = local.handlers
  pace     = { max_concurrency = 3, starts_per_second = 50 }
  protect  = var.lanes.protect

  reconcile = { enabled = false }

  schedule = local.schedule
  sweep    = local.sweep
}
