locals {
  # The table names in the definition come from the tables, so the state
  # machine is created after them.
  workflow_definition = templatefile("${path.module}/workflow.asl.json", {
    devices_table = aws_dynamodb_table.devices.name
    status_table  = aws_dynamodb_table.status.name
  })

  workflow_policy_statements = [
    {
      sid       = "ReadReports"
      actions   = ["s3:GetObject", "s3:GetObjectVersion"]
      resources = ["${aws_s3_bucket.uploads.arn}/status/*"]
    },
    {
      # Without it S3 answers "access denied" for an object that is gone.
      sid       = "TellWhatIsGone"
      actions   = ["s3:ListBucket"]
      resources = [aws_s3_bucket.uploads.arn]
    },
    {
      sid       = "LookUpDevices"
      actions   = ["dynamodb:GetItem"]
      resources = [aws_dynamodb_table.devices.arn]
    },
    {
      sid       = "WriteStatus"
      actions   = ["dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.status.arn]
    },
  ]
}

module "spillway" {
  source = "../../"

  name = var.name

  buckets = {
    uploads = {
      name         = aws_s3_bucket.uploads.id
      notification = "owned"
      sources      = { status = { prefix = "status/", suffix = ".json" } }
    }
  }

  workflow = {
    definition        = local.workflow_definition
    policy_statements = local.workflow_policy_statements
    timeout_seconds   = var.workflow_timeout_seconds
  }

  handlers = {
    architecture = var.architecture
    directory    = var.handlers_directory
  }

  pace     = var.pace
  protect  = var.protect
  retry    = var.retry
  schedule = var.schedule
  sweep    = var.sweep
  tenants  = var.tenants
  platform = { tags = var.tags }
}
