# The side of the pipeline. From the other side it gets two texts, the bucket's
# name and its account, and no provider.
module "spillway" {
  source    = "../../"
  providers = { aws = aws.pipeline }

  name = var.name

  buckets = {
    uploads = {
      name         = aws_s3_bucket.uploads.id
      account_id   = data.aws_caller_identity.uploads.account_id
      notification = "external"
      sources      = { status = { prefix = "status/", suffix = ".json" } }
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
