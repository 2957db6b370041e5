# The trust and the permissions of the crawler's role. Not the managed policy
# AWSGlueServiceRole, which reads and writes every bucket named aws-glue-*.
locals {
  _folder = trimsuffix(var.target.prefix, "/")

  _policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        merge(
          {
            Sid      = "List"
            Effect   = "Allow"
            Action   = ["s3:ListBucket"]
            Resource = [local._bucket_arn]
          },
          local._folder == "" ? {} : {
            Condition = {
              StringLike = { "s3:prefix" = [local._folder, "${local._folder}/*"] }
            }
          },
        ),
        {
          Sid      = "Locate"
          Effect   = "Allow"
          Action   = ["s3:GetBucketLocation"]
          Resource = [local._bucket_arn]
        },
        {
          Sid      = "Read"
          Effect   = "Allow"
          Action   = ["s3:GetObject"]
          Resource = ["${local._bucket_arn}/${var.target.prefix}*"]
        },
        {
          # AWS's list for event mode.
          Sid    = "Events"
          Effect = "Allow"
          Action = [
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ListDeadLetterSourceQueues",
            "sqs:ListQueueTags",
            "sqs:PurgeQueue",
            "sqs:ReceiveMessage",
            "sqs:SetQueueAttributes",
          ]
          Resource = [local._queue_arns.this, local._queue_arns.dlq]
        },
        {
          Sid    = "Catalogue"
          Effect = "Allow"
          Action = concat(
            [
              "glue:BatchCreatePartition",
              "glue:BatchGetPartition",
              "glue:BatchUpdatePartition",
              "glue:CreatePartition",
              "glue:CreatePartitionIndex",
              "glue:CreateTable",
              "glue:GetDatabase",
              "glue:GetPartition",
              "glue:GetPartitionIndexes",
              "glue:GetPartitions",
              "glue:GetTable",
              "glue:GetTables",
              "glue:UpdatePartition",
              "glue:UpdateTable",
            ],
            var.crawl.delete != "DELETE_FROM_DATABASE" ? [] : [
              "glue:BatchDeletePartition",
              "glue:BatchDeleteTable",
              "glue:DeletePartition",
              "glue:DeleteTable",
            ],
          )
          Resource = [
            "${local._arn_of.glue}:catalog",
            "${local._arn_of.glue}:database/${local._database_name}",
            "${local._arn_of.glue}:table/${local._database_name}/*",
          ]
        },
        {
          # The one log group of all crawlers; its name is Glue's.
          Sid    = "Logs"
          Effect = "Allow"
          Action = [
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
          ]
          Resource = [
            "${local._arn_of.logs}:log-group:/aws-glue/crawlers",
            "${local._arn_of.logs}:log-group:/aws-glue/crawlers:*",
          ]
        },
      ],
      [
        for key in var.kms_key == null ? [] : [var.kms_key.arn] : {
          Sid      = "KeyOfQueues"
          Effect   = "Allow"
          Action   = ["kms:Decrypt"]
          Resource = [key]
        }
      ],
      [
        for key in var.target.kms_key == null ? [] : [var.target.kms_key.arn] : {
          Sid      = "KeyOfObjects"
          Effect   = "Allow"
          Action   = ["kms:Decrypt"]
          Resource = [key]
        }
      ],
    )
  })
}

resource "aws_iam_role" "this" {
  name                 = local._role_name
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary
  tags                 = var.tags

  # Without aws:SourceArn and aws:SourceAccount: AWS does not say that Glue sets them. A role can
  # only be given to a crawler of its own account.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "glue.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = "crawler"
  role   = aws_iam_role.this.name
  policy = local._policy
}
