locals {
  # Partition, region and account, from the log group's ARN.
  _home = {
    partition  = split(":", aws_cloudwatch_log_group.this.arn)[1]
    region     = split(":", aws_cloudwatch_log_group.this.arn)[3]
    account_id = split(":", aws_cloudwatch_log_group.this.arn)[4]
  }
  _states = join(":", [
    "arn", local._home.partition, "states", local._home.region,
    local._home.account_id,
  ])
  _machine_arn = "${local._states}:stateMachine:${var.name}"

  _definition = templatefile("${path.module}/definition.asl.json.tftpl", {
    function_arn    = var.function.arn
    ledger_table    = var.ledger.name
    max_concurrency = var.max_concurrency
    partition       = local._home.partition
  })
}

# Under /aws/vendedlogs/, so that log delivery does not fill up the account's
# one resource policy for logs.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/vendedlogs/states/${var.name}"
  kms_key_id        = var.kms_key == null ? null : var.kms_key.arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_sfn_state_machine" "this" {
  name       = var.name
  definition = local._definition
  role_arn   = aws_iam_role.machine.arn
  tags       = var.tags
  # Only STANDARD can have a Distributed Map.
  type = "STANDARD"

  # Always said, for without this block the provider keeps the key it has.
  encryption_configuration {
    kms_data_key_reuse_period_seconds = var.kms_key == null ? null : 300
    kms_key_id                        = var.kms_key == null ? null : var.kms_key.arn
    type                              = var.kms_key == null ? "AWS_OWNED_KEY" : "CUSTOMER_MANAGED_KMS_KEY"
  }

  # The children of a Distributed Map are EXPRESS: their log is all that is
  # left of them.
  logging_configuration {
    include_execution_data = false
    level                  = "ERROR"
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = var.tracing
  }

  # Step Functions checks on creation that the role has the permission to deliver logs.
  depends_on = [aws_iam_role_policy.machine]
}
