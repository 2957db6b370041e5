# Two receivers of every report: the pipeline processes each, the crawler
# keeps the table that queries read. S3 tells one destination only of a prefix,
# so it tells a topic, and the topic both.
data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  home = {
    partition = data.aws_partition.current.partition
    # ec2.<region>.amazonaws.com: the one place of the Region that is neither
    # deprecated nor new from version 5 to 6 of the provider.
    region     = split(".", data.aws_region.current.endpoint)[1]
    account_id = data.aws_caller_identity.current.account_id
  }
}

module "crawler" {
  source = "../../modules/glue-crawler"

  name = "${var.name}-crawler"
  home = local.home

  target = { bucket = aws_s3_bucket.uploads.id, prefix = "status/" }
  feed   = { topic = { arn = aws_sns_topic.uploads.arn } }

  alarms   = { actions = var.alarm_actions }
  crawl    = { schedule = var.crawl_schedule }
  database = { name = replace(var.name, "-", "_") }
  # The folder status/ is one table, and day=… below it are its partitions.
  table = { level = 2 }

  protect = var.protect
  tags    = var.tags
}

module "spillway" {
  source = "../../"

  name = var.name

  buckets = {}
  topics = {
    uploads = {
      arn = aws_sns_topic.uploads.arn
      # The topic tells the crawler of deletions too.
      filter_policy = jsonencode({ Records = { eventName = [{ prefix = "ObjectCreated:" }] } })
    }
  }

  workflow = {
    definition = templatefile("${path.module}/workflow.asl.json", {
      status_table = aws_dynamodb_table.status.name
    })
    policy_statements = [
      {
        sid       = "ReadReports"
        actions   = ["s3:GetObject", "s3:GetObjectVersion"]
        resources = ["${aws_s3_bucket.uploads.arn}/status/*"]
      },
      {
        sid       = "WriteStatus"
        actions   = ["dynamodb:UpdateItem"]
        resources = [aws_dynamodb_table.status.arn]
      },
    ]
    timeout_seconds = 900
  }

  handlers = {
    architecture = var.architecture
    directory    = var.handlers_directory
  }

  pace     = var.pace
  protect  = var.protect
  schedule = var.schedule
  platform = { tags = var.tags }
}
