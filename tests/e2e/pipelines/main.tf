# Pipelines that have something of their own; their state machines are those of the cells.
locals {
  handlers = {
    manifest     = jsondecode(file(var.handlers_manifest))
    architecture = var.architecture
    # From a bucket, the provider makes functions side by side; from files, one at a time, 6 s each.
    s3 = { bucket = var.handlers_bucket }
  }

  # Ticks are invoked by the tests, one after another.
  schedule = { enabled = false, tick_seconds = 5 }
  sweep    = { after_seconds = 10 }
}

resource "aws_s3_bucket" "uploads" {
  for_each = setunion(["adapting", "existing", "lanes", "reconcile", "waiting"], local.moved)

  bucket_prefix = "pipelines-${each.key}-"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "uploads" {
  for_each = aws_s3_bucket.uploads

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}
