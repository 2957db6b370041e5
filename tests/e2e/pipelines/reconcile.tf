# A pipeline with buckets that notify nobody, until a test lets them: one that keeps versions and
# one that does not.
resource "aws_s3_bucket" "plain" {
  bucket_prefix = "reconcile-plain-"
  force_destroy = true
}

module "reconcile" {
  source = "../../../terraform"

  name = "reconcile"

  buckets = {
    plain = {
      name         = aws_s3_bucket.plain.id
      notification = "external"
      sources      = { all = { prefix = "in/" } }
    }
    versioned = {
      name         = aws_s3_bucket.uploads["reconcile"].id
      notification = "external"
      sources      = { json = { prefix = "in/", suffix = ".json" } }
    }
  }

  reconcile = {
    stale_after_seconds = 3600
    list = {
      buckets         = ["plain", "versioned"]
      inventories     = { versioned = { bucket = aws_s3_bucket.plain.id, prefix = "inventory/" } }
      min_age_seconds = 0
    }
  }

  workflow = {
    definition           = file("${path.module}/../workflows/batch.asl.json")
    events_per_execution = 20
  }

  handlers = local.handlers
  pace     = { max_concurrency = 20, starts_per_second = 50 }
  protect  = false
  retry    = { max_attempts = 3, backoff_seconds = [0] }
  schedule = local.schedule
  sweep    = local.sweep
}
