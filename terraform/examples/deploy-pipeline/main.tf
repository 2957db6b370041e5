# The bucket that takes the uploads, and the pipeline that processes them.
resource "aws_s3_bucket" "uploads" {
  bucket_prefix = "${var.name}-uploads-"
  force_destroy = !var.protect
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "uploads" {
  bucket = aws_s3_bucket.uploads.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "uploads" {
  bucket = aws_s3_bucket.uploads.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "uploads" {
  bucket = aws_s3_bucket.uploads.id

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
  source = "../../"

  name = var.name

  buckets = {
    uploads = {
      name         = aws_s3_bucket.uploads.id
      notification = "owned"
      sources      = { all = {} }
    }
  }

  workflow = {
    definition      = file(coalesce(var.workflow_file, "${path.module}/workflow.asl.json"))
    timeout_seconds = 900
    # Executions are started by an alias, so that a version can have a share.
    alias = {
      name                 = "live"
      previous_version_arn = var.canary.previous_version_arn
      weight               = var.canary.weight
    }
  }

  handlers = {
    architecture = var.architecture
    directory    = var.handlers_directory
  }

  platform = {
    # Without it, the role that applies can make no role.
    iam  = { permissions_boundary = var.permissions_boundary }
    tags = var.tags
  }
  protect  = var.protect
  retry    = var.retry
  schedule = var.schedule
}
