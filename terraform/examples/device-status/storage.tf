# The bucket that the devices upload their reports to.
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

# With versions, an upload that follows another at once is still read as it was.
resource "aws_s3_bucket_versioning" "uploads" {
  bucket = aws_s3_bucket.uploads.id

  versioning_configuration {
    status = "Enabled"
  }
}

# A version that was replaced is kept as long as the ledger knows of it; parts of
# an upload that was given up are not.
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

resource "aws_s3_bucket_policy" "uploads" {
  bucket = aws_s3_bucket.uploads.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.uploads.arn, "${aws_s3_bucket.uploads.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 refuses two changes of one bucket's access at the same time.
  depends_on = [aws_s3_bucket_public_access_block.uploads]
}

# The registry: the devices whose reports are taken. The registration of devices
# writes here; the workflow only reads.
resource "aws_dynamodb_table" "devices" {
  name                        = "${var.name}-devices"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = var.protect
  hash_key                    = "device_id"
  tags                        = var.tags

  attribute {
    name = "device_id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }
}

# The latest status of each device. Only the workflow writes here.
resource "aws_dynamodb_table" "status" {
  name                        = "${var.name}-latest"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = var.protect
  hash_key                    = "device_id"
  tags                        = var.tags

  attribute {
    name = "device_id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }
}
