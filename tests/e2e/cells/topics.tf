# Topics that a bucket notifies: the tests' own, as they would be there before Spillway.
locals {
  topics = {
    raw     = { raw = true }
    wrapped = { raw = false }
  }
  notified = merge([
    for cell in [for name, cell in local.cells : name if !cell.fifo] :
    { for topic in keys(local.topics) : "${cell}/${topic}" => { cell = cell, topic = topic } }
  ]...)
}

resource "aws_s3_bucket" "notifying" {
  for_each = toset([for topic in local.notified : topic.cell])

  bucket_prefix = "topics-${each.key}-"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "notifying" {
  for_each = aws_s3_bucket.notifying

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_sns_topic" "notified" {
  for_each = local.notified

  name = "${each.value.cell}-${each.value.topic}"
}

resource "aws_sns_topic_policy" "notified" {
  for_each = local.notified

  arn = aws_sns_topic.notified[each.key].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.notified[each.key].arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_s3_bucket.notifying[each.value.cell].arn } }
    }]
  })
}

resource "aws_s3_bucket_notification" "notifying" {
  for_each = aws_s3_bucket.notifying

  bucket = each.value.id

  dynamic "topic" {
    for_each = local.topics

    content {
      topic_arn     = aws_sns_topic.notified["${each.key}/${topic.key}"].arn
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = "${topic.key}/"
    }
  }

  depends_on = [aws_sns_topic_policy.notified]
}
