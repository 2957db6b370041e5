# The side of the bucket. From the other side it gets two texts, the
# notification's entries and the ARN of the workflow's role, and no provider.
data "aws_caller_identity" "uploads" {
  provider = aws.uploads
}

resource "aws_s3_bucket" "uploads" {
  provider = aws.uploads

  bucket_prefix = "${var.name}-uploads-"
  force_destroy = !var.protect
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "uploads" {
  provider = aws.uploads

  bucket = aws_s3_bucket.uploads.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "uploads" {
  provider = aws.uploads

  bucket = aws_s3_bucket.uploads.id

  versioning_configuration {
    status = "Enabled"
  }
}

# A version that was replaced is kept as long as the ledger knows of it; parts of
# an upload that was given up are not.
resource "aws_s3_bucket_lifecycle_configuration" "uploads" {
  provider = aws.uploads

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

locals {
  workflow_role_arn   = module.spillway.workflow_role_arn
  pipeline_account_id = split(":", local.workflow_role_arn)[4]
}

# Across accounts it takes both: the role's own policy, and this.
resource "aws_s3_bucket_policy" "uploads" {
  provider = aws.uploads

  bucket = aws_s3_bucket.uploads.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.uploads.arn, "${aws_s3_bucket.uploads.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        # The role by condition and not as the principal: S3 refuses a role
        # that is not there, and forgets one that is made again.
        Sid       = "WorkflowReads"
        Effect    = "Allow"
        Principal = { AWS = "arn:${split(":", local.workflow_role_arn)[1]}:iam::${local.pipeline_account_id}:root" }
        Action    = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource  = "${aws_s3_bucket.uploads.arn}/status/*"
        Condition = { ArnEquals = { "aws:PrincipalArn" = local.workflow_role_arn } }
      },
    ]
  })

  # S3 refuses two changes of one bucket's access at the same time.
  depends_on = [aws_s3_bucket_public_access_block.uploads]
}

# S3 asks the queue whether it may send, so the queue and its policy come first:
# the entries are only known once they are there.
module "bucket_notification" {
  source    = "../../modules/bucket-notification"
  providers = { aws = aws.uploads }

  bucket = aws_s3_bucket.uploads.id
  queues = module.spillway.bucket_notifications.uploads.queues
}
