# Local to the provider, no API call. By string, because `name` is deprecated
# in version 6 of the provider and `region` does not exist in version 5.
data "aws_region" "this" {}

locals {
  _region = coalesce(
    lookup(data.aws_region.this, "region", null),
    lookup(data.aws_region.this, "name", null),
  )
  _role_name = "${var.iam.role_name_prefix}${var.name}-${local._region}-workflow"

  # Partition, region and account, from the log group's ARN.
  _home = {
    partition  = split(":", aws_cloudwatch_log_group.this.arn)[1]
    region     = split(":", aws_cloudwatch_log_group.this.arn)[3]
    account_id = split(":", aws_cloudwatch_log_group.this.arn)[4]
  }

  _definition = (
    var.timeout_seconds == null
    ? var.definition
    : jsonencode(merge(
      jsondecode(var.definition), { TimeoutSeconds = var.timeout_seconds }
    ))
  )

  _policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        # Step Functions writes its logs through CloudWatch's log delivery,
        # whose actions have no resources to name.
        for sid in var.logs.level == "OFF" ? [] : ["Logs"] : {
          Sid    = sid
          Effect = "Allow"
          Action = [
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
          ]
          Resource = ["*"]
        }
      ],
      [
        # X-Ray has no resources to name.
        for sid in var.tracing ? ["Tracing"] : [] : {
          Sid    = sid
          Effect = "Allow"
          Action = [
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
          ]
          Resource = ["*"]
        }
      ],
      [
        for statement in var.policy_statements : {
          for key, value in {
            Sid       = statement.sid
            Effect    = statement.effect
            Action    = statement.actions
            Resource  = statement.resources
            Condition = statement.conditions
          } : key => value if value != null
        }
      ],
    )
  })
  _has_policy = (
    var.logs.level != "OFF" || var.tracing || length(var.policy_statements) > 0
  )
}

# Under /aws/vendedlogs/, so that log delivery does not fill up the account's
# one resource policy for logs.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/vendedlogs/states/${var.name}"
  retention_in_days = var.logs.retention_days
  tags              = var.tags
}

resource "aws_iam_role" "this" {
  name                 = local._role_name
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "states.amazonaws.com" }
      Condition = {
        ArnEquals = {
          "aws:SourceArn" = join(":", [
            "arn", local._home.partition, "states", local._home.region,
            local._home.account_id, "stateMachine", var.name,
          ])
        }
        StringEquals = { "aws:SourceAccount" = local._home.account_id }
      }
    }]
  })

  lifecycle {
    precondition {
      condition     = length(local._role_name) <= 64
      error_message = "The role name ${local._role_name} has ${length(local._role_name)} characters; IAM allows 64. Shorten the pipeline's name or iam.role_name_prefix by ${length(local._role_name) - 64}."
    }
  }
}

resource "aws_iam_role_policy" "this" {
  count = local._has_policy ? 1 : 0

  name   = "workflow"
  role   = aws_iam_role.this.name
  policy = local._policy

  lifecycle {
    precondition {
      condition     = length(local._policy) <= 10240
      error_message = "The policy of role ${local._role_name} would have ${length(local._policy)} characters; IAM allows 10,240 for all inline policies of a role. Name fewer resources in policy_statements."
    }
  }
}

resource "aws_sfn_state_machine" "this" {
  name       = var.name
  definition = local._definition
  role_arn   = aws_iam_role.this.arn
  tags       = var.tags
  # Only STANDARD starts an execution once per name and reports how it ended.
  type = "STANDARD"

  logging_configuration {
    include_execution_data = var.logs.include_execution_data
    level                  = var.logs.level
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
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

  # Step Functions checks on creation that the role may deliver logs.
  depends_on = [aws_iam_role_policy.this]
}
