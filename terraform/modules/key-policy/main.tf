module "names" {
  source = "../names"

  name             = var.name
  region           = var.home.region
  role_name_prefix = var.iam.role_name_prefix
}

locals {
  _sid = join("", [for word in split("-", var.name) : title(word)])

  _machines = concat(
    var.workflow ? ["workflow"] : [],
    local._reconcile ? ["reconcile"] : [],
  )
  _log_group_names = concat(
    [for handler in sort(var.handlers) : module.names.log_groups.functions[handler]],
    [for machine in local._machines : module.names.log_groups.machines[machine]],
  )
  _role_names = [
    for role in concat(
      sort(var.handlers),
      var.workflow ? ["workflow"] : [],
      local._reconcile ? ["reconcile-map"] : [],
    ) : module.names.roles[role]
  ]
  _reconcile = contains(var.handlers, "reconcile")
  _own_rules = [
    for rule in concat(["outcomes"], local._reconcile ? ["reconcile"] : []) : join(":", [
      "arn", var.home.partition, "events", var.home.region, var.home.account_id,
      "rule/${module.names.rules[rule]}",
    ])
  ]
}

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

  # The services that put messages into the queues on another's behalf, and their principals.
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
      sources = concat(local._own_rules, [for rule in var.rules : rule.arn])
      owner   = null
    },
    {
      sid     = "Sns"
      service = "sns.amazonaws.com"
      sources = [for topic in var.topics : topic.arn]
      owner   = null
    },
  ]

  # The uses that AWS services ask of the role that applies, by statement.
  _applying = {
    # Step Functions: DescribeKey and GenerateDataKey to create and update a
    # state machine, Decrypt to read its definition. Lambda: Encrypt to set an
    # environment, Decrypt to read it. DynamoDB: DescribeKey.
    Appliers = {
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
      services  = ["dynamodb", "lambda", "states"]
      condition = {}
    }
    # Lambda and DynamoDB go on with the key by a grant.
    AppliersGrants = {
      actions   = ["kms:CreateGrant"]
      services  = ["dynamodb", "lambda"]
      condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
    }
  }
  _applier_roots = distinct([
    for arn in sort(var.appliers) :
    "arn:${var.home.partition}:iam::${split(":", arn)[4]}:root"
  ])

  _statements = concat(
    [
      for sender in local._senders : {
        Sid       = "${local._sid}${sender.sid}"
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
      {
        Sid       = "${local._sid}Logs"
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
              for name in local._log_group_names : join(":", [
                "arn", var.home.partition, "logs", var.home.region,
                var.home.account_id, "log-group", name,
              ])
            ]
          }
        }
      },
    ],
    [
      # Step Functions writes its logs through log delivery, which names all log
      # groups of the account, as this text with its *.
      for sid in var.workflow || local._reconcile ? ["LogDelivery"] : [] : {
        Sid       = "${local._sid}${sid}"
        Effect    = "Allow"
        Principal = { Service = "delivery.logs.amazonaws.com" }
        Action    = ["kms:Decrypt"]
        Resource  = "*"
        Condition = {
          StringEquals = {
            "kms:EncryptionContext:SourceArn" = join(":", [
              "arn", var.home.partition, "logs", var.home.region,
              var.home.account_id, "*",
            ])
          }
        }
      }
    ],
    [
      # By condition and not as principals: KMS refuses a policy that names a
      # role which does not exist yet.
      {
        Sid    = "${local._sid}Roles"
        Effect = "Allow"
        Principal = {
          AWS = "arn:${var.home.partition}:iam::${var.home.account_id}:root"
        }
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = "*"
        Condition = {
          ArnEquals = {
            "aws:PrincipalArn" = [
              for name in local._role_names :
              "arn:${var.home.partition}:iam::${var.home.account_id}:role${var.iam.path}${name}"
            ]
          }
        }
      },
    ],
    [
      for sid, applying in local._applying : {
        Sid       = "${local._sid}${sid}"
        Effect    = "Allow"
        Principal = { AWS = local._applier_roots }
        Action    = applying.actions
        Resource  = "*"
        Condition = merge(
          {
            ArnLike = { "aws:PrincipalArn" = sort(var.appliers) }
            # Only through these services: their names end otherwise in China.
            StringLike = {
              "kms:ViaService" = [
                for service in applying.services : "${service}.${var.home.region}.*"
              ]
            }
          },
          applying.condition,
        )
      } if length(var.appliers) > 0
    ],
  )
}
