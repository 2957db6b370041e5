# The bucket that several teams use, and its owner's side. A write of a bucket's notification
# configuration replaces all of it, so one place knows everybody's part.
resource "aws_s3_bucket" "shared" {
  provider = aws.pipeline

  bucket_prefix = "${var.name}-shared-"
  force_destroy = !var.protect
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "shared" {
  provider = aws.pipeline

  bucket = aws_s3_bucket.shared.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "shared" {
  provider = aws.pipeline

  bucket = aws_s3_bucket.shared.id

  versioning_configuration {
    status = "Enabled"
  }
}

# A version that was replaced is kept as long as the ledger knows of it; parts of
# an upload that was given up are not.
resource "aws_s3_bucket_lifecycle_configuration" "shared" {
  provider = aws.pipeline

  bucket = aws_s3_bucket.shared.id

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
  depends_on = [aws_s3_bucket_versioning.shared]
}

resource "aws_s3_bucket_policy" "shared" {
  provider = aws.pipeline

  bucket = aws_s3_bucket.shared.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.shared.arn, "${aws_s3_bucket.shared.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 refuses two changes of one bucket's access at the same time.
  depends_on = [aws_s3_bucket_public_access_block.shared]
}

# Another team's part: a queue of its own for the images.
resource "aws_sqs_queue" "images" {
  provider = aws.pipeline

  name                    = "${var.name}-images"
  sqs_managed_sse_enabled = true
  tags                    = var.tags
}

resource "aws_sqs_queue_policy" "images" {
  provider = aws.pipeline

  queue_url = aws_sqs_queue.images.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.images.arn
      Condition = {
        ArnEquals    = { "aws:SourceArn" = aws_s3_bucket.shared.arn }
        StringEquals = { "aws:SourceAccount" = split(":", aws_sqs_queue.images.arn)[4] }
      }
    }]
  })
}

module "shared_notification" {
  source    = "../../modules/bucket-notification"
  providers = { aws = aws.pipeline }

  bucket = aws_s3_bucket.shared.id

  # One switch for the whole bucket; rules choose among its events.
  eventbridge = module.spillway.bucket_notifications.shared.eventbridge

  queues = merge(
    module.spillway.bucket_notifications.shared.queues,
    { images = { queue = { arn = aws_sqs_queue.images.arn }, prefix = "images/" } },
  )

  # S3 asks each queue whether it may send.
  depends_on = [aws_sqs_queue_policy.images]
}
