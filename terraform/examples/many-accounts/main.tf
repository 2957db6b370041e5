# The common part of every pipeline, in any account. The differences are in accounts.yaml.
resource "aws_s3_bucket" "uploads" {
  for_each = local.pipelines

  bucket        = each.value.bucket
  bucket_prefix = each.value.bucket == null ? "${each.key}-uploads-" : null
  force_destroy = !var.protect
  tags          = local.account.platform.tags
}

resource "aws_s3_bucket_public_access_block" "uploads" {
  for_each = local.pipelines

  bucket = aws_s3_bucket.uploads[each.key].id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "uploads" {
  for_each = local.pipelines

  bucket = aws_s3_bucket.uploads[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "uploads" {
  for_each = local.pipelines

  bucket = aws_s3_bucket.uploads[each.key].id

  rule {
    id     = "tidy-up"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = 90
    }
  }

  # Rules about versions come after versioning.
  depends_on = [aws_s3_bucket_versioning.uploads]
}

module "spillway" {
  source   = "../../"
  for_each = local.pipelines

  name = each.key

  buckets = {
    uploads = {
      name         = aws_s3_bucket.uploads[each.key].id
      notification = "owned"
      sources      = { all = {} }
    }
  }

  workflow = {
    definition      = file("${path.module}/workflow.asl.json")
    timeout_seconds = each.value.timeout_seconds
  }

  # Other states are invisible here: each pipeline starts at its share of the
  # account's quota, independent of the others.
  pace = {
    max_concurrency = each.value.max_concurrency
    account_share = {
      share            = each.value.share
      quota_per_second = local.account.quota.per_second
      quota_burst      = local.account.quota.burst
    }
  }

  handlers = {
    architecture = var.architecture
    directory    = var.handlers_directory
  }

  platform = local.account.platform
  protect  = var.protect
  retry    = { max_attempts = each.value.max_attempts }
  schedule = var.schedule
}
