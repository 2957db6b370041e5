# The calls of an apply and a destroy beyond those of a refresh.
locals {
  _writes = concat(
    [
      {
        sid = "Alarms"
        actions = [
          "cloudwatch:DeleteAlarms",
          "cloudwatch:PutCompositeAlarm",
          "cloudwatch:PutMetricAlarm",
          "cloudwatch:TagResource",
          "cloudwatch:UntagResource",
        ]
        resources = local._alarms
      },
      {
        sid       = "Dashboards"
        actions   = ["cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"]
        resources = local._dashboards
      },
      {
        sid = "Functions"
        actions = [
          "lambda:AddPermission",
          "lambda:CreateFunction",
          "lambda:DeleteFunction",
          "lambda:DeleteFunctionCodeSigningConfig",
          "lambda:DeleteFunctionConcurrency",
          "lambda:DeleteFunctionEventInvokeConfig",
          "lambda:PutFunctionCodeSigningConfig",
          "lambda:PutFunctionConcurrency",
          "lambda:PutFunctionEventInvokeConfig",
          "lambda:RemovePermission",
          "lambda:TagResource",
          "lambda:UntagResource",
          "lambda:UpdateFunctionCode",
          "lambda:UpdateFunctionConfiguration",
          "lambda:UpdateFunctionEventInvokeConfig",
        ]
        resources = local._functions
      },
      {
        sid       = "MappingsTags"
        actions   = ["lambda:TagResource", "lambda:UntagResource"]
        resources = local._mappings
      },
      {
        sid = "Ledger"
        actions = [
          "dynamodb:CreateTable",
          "dynamodb:DeleteTable",
          "dynamodb:TagResource",
          "dynamodb:UntagResource",
          "dynamodb:UpdateContinuousBackups",
          "dynamodb:UpdateTable",
          "dynamodb:UpdateTimeToLive",
        ]
        resources = local._tables
      },
      {
        sid = "LogGroups"
        actions = [
          "logs:AssociateKmsKey",
          "logs:CreateLogGroup",
          "logs:DeleteLogGroup",
          "logs:DisassociateKmsKey",
          "logs:PutRetentionPolicy",
          "logs:TagResource",
          "logs:UntagResource",
        ]
        resources = local._log_groups
      },
      {
        sid = "Queues"
        actions = [
          "sqs:CreateQueue",
          "sqs:DeleteQueue",
          "sqs:SetQueueAttributes",
          "sqs:TagQueue",
          "sqs:UntagQueue",
        ]
        resources = local._queues
      },
      {
        sid = "Rules"
        actions = [
          "events:DeleteRule",
          "events:DisableRule",
          "events:EnableRule",
          "events:PutRule",
          "events:PutTargets",
          "events:RemoveTargets",
          "events:TagResource",
          "events:UntagResource",
        ]
        resources = local._rules
      },
      {
        sid = "StateMachines"
        actions = [
          "states:CreateStateMachine",
          "states:CreateStateMachineAlias",
          "states:DeleteStateMachine",
          "states:DeleteStateMachineAlias",
          "states:DeleteStateMachineVersion",
          "states:PublishStateMachineVersion",
          "states:TagResource",
          "states:UntagResource",
          "states:UpdateStateMachine",
          "states:UpdateStateMachineAlias",
        ]
        resources = concat(local._machines, [for arn in local._machines : "${arn}:*"])
      },
      {
        sid = "Topics"
        actions = [
          "sns:CreateTopic",
          "sns:DeleteTopic",
          "sns:SetTopicAttributes",
          "sns:TagResource",
          "sns:UntagResource",
        ]
        resources = local._topics
      },
      {
        sid       = "Roles"
        actions   = ["iam:DeleteRole", "iam:ListInstanceProfilesForRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateRole", "iam:UpdateAssumeRolePolicy"]
        resources = local._roles
      },
      {
        # The reads of spillway canary.
        sid       = "Canary"
        actions   = ["dynamodb:Scan", "states:ListExecutions"]
        resources = concat(local._tables, local._machines, [for arn in local._machines : "${arn}:*"])
      },
      {
        # The calls that Lambda makes as the role that gives a function a network.
        sid       = "Networks"
        actions   = ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"]
        resources = ["*"]
      },
    ],
    length(local._buckets) == 0 ? [] : [
      {
        sid = "Buckets"
        actions = [
          "s3:CreateBucket",
          "s3:DeleteBucket",
          "s3:DeleteBucketPolicy",
          "s3:PutBucketNotification",
          "s3:PutBucketPolicy",
          "s3:PutBucketPublicAccessBlock",
          "s3:PutBucketTagging",
          "s3:PutBucketVersioning",
          "s3:PutEncryptionConfiguration",
          "s3:PutLifecycleConfiguration",
        ]
        resources = local._buckets
      },
    ],
    var.kms_key == null ? [] : [
      { sid = "Key", actions = ["kms:Encrypt", "kms:GenerateDataKey"], resources = [var.kms_key.arn] },
    ],
    var.state == null ? [] : [
      {
        sid     = "State"
        actions = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        resources = [
          "${local._s3}${var.state.bucket}/${var.state.key}",
          "${local._s3}${var.state.bucket}/${var.state.key}.tflock",
        ]
      },
    ],
    [for i, other in var.policy_statements.write : merge(other, { sid = "Other${i}" })],
  )

  # With a condition each.
  _bound_writes = concat(
    [
      {
        # A role without the boundary can neither be made nor given a policy, so
        # an apply gains nothing by making one.
        Sid       = "BoundRoles"
        Effect    = "Allow"
        Action    = ["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
        Resource  = local._roles
        Condition = { StringEquals = { "iam:PermissionsBoundary" = var.permissions_boundary.arn } }
      },
      {
        Sid      = "PassRoles"
        Effect   = "Allow"
        Action   = ["iam:PassRole"]
        Resource = local._roles
        Condition = {
          StringLike = {
            # Their names end otherwise in China.
            "iam:PassedToService" = [for service in ["events", "lambda", "states"] : "${service}.amazonaws.com*"]
          }
        }
      },
      {
        Sid       = "Mappings"
        Effect    = "Allow"
        Action    = ["lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"]
        Resource  = ["*"]
        Condition = { ArnLike = { "lambda:FunctionArn" = local._functions } }
      },
    ],
    var.kms_key == null ? [] : [
      {
        Sid       = "KeyGrants"
        Effect    = "Allow"
        Action    = ["kms:CreateGrant"]
        Resource  = [var.kms_key.arn]
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
    ],
  )

  _write = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        for one in local._writes :
        { Sid = one.sid, Effect = "Allow", Action = one.actions, Resource = one.resources }
      ],
      local._bound_writes,
    )
  })
}
