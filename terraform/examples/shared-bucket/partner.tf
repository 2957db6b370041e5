# The partner's side. The bucket sends its events to EventBridge, and a rule
# hands those that are wanted to the event bus of the pipeline's account.
data "aws_caller_identity" "partner" {
  provider = aws.partner
}

resource "aws_s3_bucket" "partner" {
  provider = aws.partner

  bucket_prefix = "${var.name}-partner-"
  force_destroy = !var.protect
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "partner" {
  provider = aws.partner

  bucket = aws_s3_bucket.partner.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "partner" {
  provider = aws.partner

  bucket = aws_s3_bucket.partner.id

  versioning_configuration {
    status = "Enabled"
  }
}

# A version that was replaced is kept as long as the ledger knows of it; parts of
# an upload that was given up are not.
resource "aws_s3_bucket_lifecycle_configuration" "partner" {
  provider = aws.partner

  bucket = aws_s3_bucket.partner.id

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
  depends_on = [aws_s3_bucket_versioning.partner]
}

resource "aws_s3_bucket_policy" "partner" {
  provider = aws.partner

  bucket = aws_s3_bucket.partner.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.partner.arn, "${aws_s3_bucket.partner.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        # The role by condition and not as the principal: S3 refuses a role
        # that is not there, and forgets one that is made again.
        Sid       = "WorkflowReads"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
        Action    = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource  = "${aws_s3_bucket.partner.arn}/reports/*"
        Condition = { ArnEquals = { "aws:PrincipalArn" = module.spillway.workflow_role_arn } }
      },
    ]
  })

  # S3 refuses two changes of one bucket's access at the same time.
  depends_on = [aws_s3_bucket_public_access_block.partner]
}

resource "aws_s3_bucket_notification" "partner" {
  provider = aws.partner

  bucket      = aws_s3_bucket.partner.id
  eventbridge = true
}

resource "aws_cloudwatch_event_rule" "forward" {
  provider = aws.partner

  name        = "${var.name}-forward"
  description = "Uploads of reports, to the event bus of account ${local.account_id}"
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = {
      bucket = { name = [aws_s3_bucket.partner.id] }
      object = { key = [{ prefix = "reports/" }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "forward" {
  provider = aws.partner

  rule      = aws_cloudwatch_event_rule.forward.name
  target_id = "bus"
  arn       = local.event_bus_arn
  role_arn  = aws_iam_role.forward.arn

  dead_letter_config {
    arn = aws_sqs_queue.forward_dlq.arn
  }

  depends_on = [
    # The bus must admit the account, and the role be able to send, before the
    # first event.
    aws_cloudwatch_event_permission.partner,
    aws_iam_role_policy.forward,
    aws_sqs_queue_policy.forward_dlq,
  ]
}

resource "aws_iam_role" "forward" {
  provider = aws.partner

  name_prefix = "${var.name}-forward-"
  tags        = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = {
        ArnEquals    = { "aws:SourceArn" = aws_cloudwatch_event_rule.forward.arn }
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.partner.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "forward" {
  provider = aws.partner

  name = "forward"
  role = aws_iam_role.forward.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "events:PutEvents"
      Resource = local.event_bus_arn
    }]
  })
}

# Events that the other account's bus did not take for a day.
resource "aws_sqs_queue" "forward_dlq" {
  provider = aws.partner

  name                      = "${var.name}-forward-dlq"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

resource "aws_sqs_queue_policy" "forward_dlq" {
  provider = aws.partner

  queue_url = aws_sqs_queue.forward_dlq.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.forward_dlq.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.forward.arn } }
    }]
  })
}
