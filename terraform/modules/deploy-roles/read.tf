# All that a refresh asks, and a plan.
locals {
  _reads = concat(
    [
      { sid = "Alarms", actions = ["cloudwatch:ListTagsForResource"], resources = local._alarms },
      { sid = "Dashboards", actions = ["cloudwatch:GetDashboard"], resources = local._dashboards },
      {
        sid = "Functions"
        actions = [
          "lambda:GetFunction",
          "lambda:GetFunctionCodeSigningConfig",
          "lambda:GetFunctionConfiguration",
          "lambda:GetFunctionEventInvokeConfig",
          "lambda:GetPolicy",
          "lambda:ListTags",
          "lambda:ListVersionsByFunction",
        ]
        resources = local._functions
      },
      {
        sid       = "Mappings"
        actions   = ["lambda:GetEventSourceMapping", "lambda:ListTags"]
        resources = local._mappings
      },
      {
        sid = "Ledger"
        actions = [
          "dynamodb:DescribeContinuousBackups",
          "dynamodb:DescribeTable",
          "dynamodb:DescribeTimeToLive",
          "dynamodb:ListTagsOfResource",
        ]
        resources = local._tables
      },
      { sid = "LogGroups", actions = ["logs:ListTagsForResource"], resources = local._log_groups },
      {
        sid       = "Queues"
        actions   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"]
        resources = local._queues
      },
      {
        sid       = "Roles"
        actions   = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"]
        resources = local._roles
      },
      {
        sid       = "Rules"
        actions   = ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"]
        resources = local._rules
      },
      {
        sid = "StateMachines"
        actions = [
          "states:DescribeStateMachine",
          "states:DescribeStateMachineAlias",
          "states:ListStateMachineVersions",
          "states:ListTagsForResource",
        ]
        resources = concat(local._machines, [for arn in local._machines : "${arn}:*"])
      },
      {
        sid       = "Topics"
        actions   = ["sns:GetTopicAttributes", "sns:ListTagsForResource"]
        resources = local._topics
      },
      {
        # These know no resources, or are asked for by a prefix. A subscription
        # is another owner's topic's.
        sid = "Account"
        actions = [
          "cloudwatch:DescribeAlarms",
          "logs:DescribeLogGroups",
          "sns:GetSubscriptionAttributes",
          "states:ValidateStateMachineDefinition",
        ]
        resources = ["*"]
      },
    ],
    length(local._buckets) == 0 ? [] : [
      {
        sid = "Buckets"
        actions = [
          "s3:GetAccelerateConfiguration",
          "s3:GetBucketAcl",
          "s3:GetBucketCORS",
          "s3:GetBucketLocation",
          "s3:GetBucketLogging",
          "s3:GetBucketNotification",
          "s3:GetBucketObjectLockConfiguration",
          "s3:GetBucketPolicy",
          "s3:GetBucketPublicAccessBlock",
          "s3:GetBucketRequestPayment",
          "s3:GetBucketTagging",
          "s3:GetBucketVersioning",
          "s3:GetBucketWebsite",
          "s3:GetEncryptionConfiguration",
          "s3:GetLifecycleConfiguration",
          "s3:GetReplicationConfiguration",
          "s3:ListBucket",
        ]
        resources = local._buckets
      },
    ],
    var.kms_key == null ? [] : [
      {
        # Step Functions does not show a definition, nor Lambda an environment,
        # to a role that lacks the key.
        sid       = "Key"
        actions   = ["kms:Decrypt", "kms:DescribeKey"]
        resources = [var.kms_key.arn]
      },
    ],
    var.state == null ? [] : [
      { sid = "StateBucket", actions = ["s3:ListBucket"], resources = ["${local._s3}${var.state.bucket}"] },
      {
        # A plan takes no lock (-lock=false): it changes nothing.
        sid       = "State"
        actions   = ["s3:GetObject"]
        resources = ["${local._s3}${var.state.bucket}/${var.state.key}"]
      },
    ],
    [for i, other in var.policy_statements.read : merge(other, { sid = "Other${i}" })],
  )

  _read = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for one in local._reads :
      { Sid = one.sid, Effect = "Allow", Action = one.actions, Resource = one.resources }
    ]
  })
}
