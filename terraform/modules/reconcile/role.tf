# The trust and the permissions of the state machine's role.
locals {
  # A listing with a condition on its prefix, unless the whole bucket is open.
  _listed = [
    for bucket in var.buckets : {
      resource = "arn:${local._home.partition}:s3:::${bucket.name}"
      prefixes = contains(bucket.prefixes, "") ? [] : sort([for prefix in bucket.prefixes : "${prefix}*"])
    }
  ]
  _listed_whole = sort([for bucket in local._listed : bucket.resource if length(bucket.prefixes) == 0])
  _inventories = sort([
    for inventory in var.inventories :
    "arn:${local._home.partition}:s3:::${inventory.bucket}/${inventory.prefix}*"
  ])

  _machine_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        # Step Functions writes its logs through CloudWatch's log delivery,
        # its actions have no resources to name.
        {
          Sid    = "Logs"
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
        },
        {
          Sid      = "Function"
          Effect   = "Allow"
          Action   = ["lambda:InvokeFunction"]
          Resource = [var.function.arn]
        },
        {
          # The counts of one run.
          Sid      = "Counts"
          Effect   = "Allow"
          Action   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
          Resource = [var.ledger.arn]
          Condition = {
            "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["reconcile"] }
          }
        },
        {
          # A Distributed Map starts its children as executions of its own
          # state machine.
          Sid      = "Children"
          Effect   = "Allow"
          Action   = ["states:StartExecution"]
          Resource = [local._machine_arn]
        },
        {
          Sid    = "OfChildren"
          Effect = "Allow"
          Action = ["states:DescribeExecution", "states:StopExecution"]
          Resource = [
            "${local._states}:execution:${var.name}:*",
            "${local._states}:execution:${var.name}/*",
          ]
        },
      ],
      [
        for resources in length(local._listed_whole) == 0 ? [] : [local._listed_whole] : {
          Sid      = "ListBuckets"
          Effect   = "Allow"
          Action   = ["s3:ListBucket"]
          Resource = resources
        }
      ],
      [
        for bucket in local._listed : {
          Effect    = "Allow"
          Action    = ["s3:ListBucket"]
          Resource  = [bucket.resource]
          Condition = { StringLike = { "s3:prefix" = bucket.prefixes } }
        } if length(bucket.prefixes) > 0
      ],
      [
        for resources in length(local._inventories) == 0 ? [] : [local._inventories] : {
          Sid      = "Inventories"
          Effect   = "Allow"
          Action   = ["s3:GetObject"]
          Resource = resources
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
        # Step Functions encrypts as the state machine's role, and DynamoDB
        # decrypts for it.
        for key in var.kms_key == null ? [] : [var.kms_key.arn] : {
          Sid      = "Key"
          Effect   = "Allow"
          Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
          Resource = [key]
        }
      ],
    )
  })
}

resource "aws_iam_role" "machine" {
  name                 = var.role_name
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
        ArnEquals    = { "aws:SourceArn" = local._machine_arn }
        StringEquals = { "aws:SourceAccount" = local._home.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "machine" {
  name   = "reconcile"
  role   = aws_iam_role.machine.name
  policy = local._machine_policy

  lifecycle {
    precondition {
      condition     = length(local._machine_policy) <= 10240
      error_message = "The policy of role ${var.role_name} would have ${length(local._machine_policy)} characters; IAM allows 10,240 for all inline policies of a role. Name fewer buckets, or an inventory for some."
    }
  }
}
