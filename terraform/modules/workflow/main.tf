locals {
  # Partition, region and account, from the log group's ARN.
  _home = {
    partition  = split(":", aws_cloudwatch_log_group.this.arn)[1]
    region     = split(":", aws_cloudwatch_log_group.this.arn)[3]
    account_id = split(":", aws_cloudwatch_log_group.this.arn)[4]
  }

  _machine_arn = join(":", [
    "arn", local._home.partition, "states", local._home.region,
    local._home.account_id, "stateMachine", var.name,
  ])
  # An execution that an alias started can appear as its version's.
  _machine_arns = concat(
    [local._machine_arn], var.alias == null ? [] : ["${local._machine_arn}:*"]
  )

  # The definition's own value stays as it is, unless it is overruled.
  _own_timeout     = can(jsondecode(var.definition).TimeoutSeconds)
  _timeout_seconds = coalesce(var.timeout_seconds, local._own_timeout ? 0 : 86400)
  _definition = (
    local._timeout_seconds == 0
    ? var.definition
    : jsonencode(merge(
      jsondecode(var.definition), { TimeoutSeconds = local._timeout_seconds }
    ))
  )
}

# Under /aws/vendedlogs/, so that log delivery does not fill up the account's
# one resource policy for logs.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/vendedlogs/states/${var.name}"
  kms_key_id        = var.kms_key == null ? null : var.kms_key.arn
  retention_in_days = var.logs.retention_days
  tags              = var.tags
}

resource "aws_sfn_state_machine" "this" {
  name       = var.name
  definition = local._definition
  publish    = var.alias != null
  role_arn   = aws_iam_role.this.arn
  tags       = var.tags
  # Only STANDARD starts an execution once per name and reports how it ended.
  type = "STANDARD"

  # Always said, for without this block the provider keeps the key it has.
  encryption_configuration {
    kms_data_key_reuse_period_seconds = var.kms_key == null ? null : 300
    kms_key_id                        = var.kms_key == null ? null : var.kms_key.arn
    type                              = var.kms_key == null ? "AWS_OWNED_KEY" : "CUSTOMER_MANAGED_KMS_KEY"
  }

  logging_configuration {
    include_execution_data = var.logs.include_execution_data
    level                  = var.logs.level
    log_destination        = var.logs.level == "OFF" ? null : "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = var.tracing
  }

  lifecycle {
    precondition {
      condition     = length(local._definition) <= 1048576
      error_message = "The definition of state machine ${var.name} has ${length(local._definition)} characters; Step Functions allows 1 MB. Move parts of it into a nested state machine."
    }
  }

  # Step Functions checks on creation that the role has the permission to deliver logs.
  depends_on = [aws_iam_role_policy.this]
}
