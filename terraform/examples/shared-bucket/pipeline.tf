# The pipeline's side.
locals {
  partition  = split(":", module.spillway.workflow_role_arn)[1]
  account_id = split(":", module.spillway.workflow_role_arn)[4]

  # The bus of the module's rules: the account's default bus, which AWS makes.
  event_bus_arn = join(":", [
    "arn", local.partition, "events",
    split(":", module.spillway.events_queue_arn)[3],
    local.account_id, "event-bus/default",
  ])
}

module "spillway" {
  source    = "../../"
  providers = { aws = aws.pipeline }

  name = var.name

  buckets = {
    shared = {
      name         = aws_s3_bucket.shared.id
      notification = "external"
      sources = {
        # Straight from S3 into the queue: an entry of the bucket's notification.
        status = { prefix = "status/", suffix = ".json", via = "sqs" }
        # By a rule: no entry, and it can tell sizes apart. An empty object is
        # no report.
        archive = { prefix = "archive/", suffix = ".json", via = "eventbridge", min_size = 1 }
      }
    }
    partner = {
      name         = aws_s3_bucket.partner.id
      account_id   = data.aws_caller_identity.partner.account_id
      notification = "external"
      sources      = { reports = { prefix = "reports/", via = "eventbridge" } }
    }
  }

  workflow = {
    definition = templatefile("${path.module}/workflow.asl.json", {
      status_table = aws_dynamodb_table.status.name
    })
    policy_statements = [
      {
        sid     = "ReadReports"
        actions = ["s3:GetObject", "s3:GetObjectVersion"]
        resources = [
          "${aws_s3_bucket.partner.arn}/reports/*",
          "${aws_s3_bucket.shared.arn}/archive/*",
          "${aws_s3_bucket.shared.arn}/status/*",
        ]
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

# Lets the partner's account put events onto the bus. One statement of the bus's
# policy, beside those of others.
resource "aws_cloudwatch_event_permission" "partner" {
  provider = aws.pipeline

  action       = "events:PutEvents"
  principal    = data.aws_caller_identity.partner.account_id
  statement_id = "${var.name}-partner"
}

# The latest status of each device. Only the workflow writes here.
resource "aws_dynamodb_table" "status" {
  provider = aws.pipeline

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
