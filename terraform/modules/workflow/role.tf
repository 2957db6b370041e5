# The trust and the permissions of the role.
locals {
  _policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        # Step Functions writes its logs through CloudWatch's log delivery,
        # its actions have no resources to name.
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
        # Step Functions encrypts as the state machine's role.
        for sid in var.kms_key == null ? [] : ["Key"] : {
          Sid      = sid
          Effect   = "Allow"
          Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
          Resource = [var.kms_key.arn]
          Condition = {
            ArnLike = {
              "kms:EncryptionContext:aws:states:stateMachineArn" = local._machine_arns
            }
          }
        }
      ],
      [
        # Log delivery names the account's log groups, as this text with its *.
        for sid in local._encrypts_logs ? ["KeyOfLogs"] : [] : {
          Sid      = sid
          Effect   = "Allow"
          Action   = ["kms:GenerateDataKey"]
          Resource = [var.kms_key.arn]
          Condition = {
            StringEquals = {
              "kms:EncryptionContext:SourceArn" = local._logs_arn
            }
          }
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
  _has_policy = anytrue([
    var.kms_key != null,
    var.logs.level != "OFF",
    var.tracing,
    length(var.policy_statements) > 0,
  ])

  _encrypts_logs = var.kms_key != null && var.logs.level != "OFF"
  _logs_arn = join(":", [
    "arn", local._home.partition, "logs", local._home.region,
    local._home.account_id, "*",
  ])
}

resource "aws_iam_role" "this" {
  name                 = var.role_name
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for arn in local._machine_arns : {
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "states.amazonaws.com" }
        Condition = {
          ArnEquals    = { "aws:SourceArn" = arn }
          StringEquals = { "aws:SourceAccount" = local._home.account_id }
        }
      }
    ]
  })
}

resource "aws_iam_role_policy" "this" {
  count = local._has_policy ? 1 : 0

  name   = "workflow"
  role   = aws_iam_role.this.name
  policy = local._policy

  lifecycle {
    precondition {
      condition     = length(local._policy) <= 10240
      error_message = "The policy of role ${var.role_name} would have ${length(local._policy)} characters; IAM allows 10,240 for all inline policies of a role. Name fewer resources in policy_statements."
    }
  }
}
