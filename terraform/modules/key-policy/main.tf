locals {
  _away = (
    var.trusted_organization_id == null
    ? []
    : [for key, bucket in var.buckets : key if bucket.account_id != null]
  )
  _bucket_arns = {
    for key, bucket in var.buckets :
    key => "arn:${var.home.partition}:s3:::${bucket.name}"
  }
  _accounts = distinct([
    for key, bucket in var.buckets :
    bucket.account_id == null ? var.home.account_id : bucket.account_id
    if !contains(local._away, key)
  ])

  # Who puts messages into the queues on somebody's behalf, and for whom.
  _senders = [
    {
      sid     = "S3"
      service = "s3.amazonaws.com"
      sources = [for key, arn in local._bucket_arns : arn if !contains(local._away, key)]
      owner   = { "aws:SourceAccount" = local._accounts }
    },
    {
      sid     = "S3OfOrganization"
      service = "s3.amazonaws.com"
      sources = [for key in local._away : local._bucket_arns[key]]
      owner   = { "aws:SourceOrgID" = [var.trusted_organization_id] }
    },
    {
      sid     = "EventBridge"
      service = "events.amazonaws.com"
      sources = [for rule in var.rules : rule.arn]
      owner   = null
    },
    {
      sid     = "Sns"
      service = "sns.amazonaws.com"
      sources = [for topic in var.topics : topic.arn]
      owner   = null
    },
  ]

  _statements = concat(
    [
      for sender in local._senders : {
        Sid       = "${var.sid_prefix}${sender.sid}"
        Effect    = "Allow"
        Principal = { Service = sender.service }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = merge(
          { ArnEquals = { "aws:SourceArn" = sort(distinct(sender.sources)) } },
          sender.owner == null ? {} : {
            StringEquals = { for name, values in sender.owner : name => sort(values) }
          },
        )
      } if length(sender.sources) > 0
    ],
    [
      for sid in length(var.log_group_names) > 0 ? ["Logs"] : [] : {
        Sid       = "${var.sid_prefix}${sid}"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.home.region}.amazonaws.com" }
        Action = [
          "kms:Decrypt*",
          "kms:Describe*",
          "kms:Encrypt*",
          "kms:GenerateDataKey*",
          "kms:ReEncrypt*",
        ]
        Resource = "*"
        Condition = {
          ArnEquals = {
            "kms:EncryptionContext:aws:logs:arn" = [
              for name in sort(var.log_group_names) : join(":", [
                "arn", var.home.partition, "logs", var.home.region,
                var.home.account_id, "log-group", name,
              ])
            ]
          }
        }
      }
    ],
    [
      # By condition and not as principals: KMS refuses a policy that names a
      # role which does not exist yet.
      for sid in length(var.role_names) > 0 ? ["Functions"] : [] : {
        Sid    = "${var.sid_prefix}${sid}"
        Effect = "Allow"
        Principal = {
          AWS = "arn:${var.home.partition}:iam::${var.home.account_id}:root"
        }
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = "*"
        Condition = {
          ArnEquals = {
            "aws:PrincipalArn" = [
              for name in sort(var.role_names) :
              "arn:${var.home.partition}:iam::${var.home.account_id}:role${var.role_path}${name}"
            ]
          }
        }
      }
    ],
  )
}
