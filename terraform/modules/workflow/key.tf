# The account is left open here: it is known from the log group only, which
# cannot be made before the key's policy has these.
# The Region too, from a text that is the same in versions 5 and 6 of the provider:
# ec2.<region>.amazonaws.com. Without an API call.
data "aws_region" "this" {}

locals {
  _region = split(".", data.aws_region.this.endpoint)[1]

  _key_policy_statements = [
    {
      Sid       = "LogGroupOfWorkflow"
      Effect    = "Allow"
      Principal = { Service = "logs.${local._region}.amazonaws.com" }
      Action = [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey*",
        "kms:ReEncrypt*",
      ]
      Resource = "*"
      Condition = {
        ArnLike = {
          "kms:EncryptionContext:aws:logs:arn" = "arn:*:logs:${local._region}:*:log-group:/aws/vendedlogs/states/${var.name}"
        }
      }
    },
    {
      Sid       = "LogDeliveryOfWorkflow"
      Effect    = "Allow"
      Principal = { Service = "delivery.logs.amazonaws.com" }
      Action    = ["kms:Decrypt"]
      Resource  = "*"
      Condition = {
        StringLike = {
          "kms:EncryptionContext:SourceArn" = "arn:*:logs:${local._region}:*"
        }
      }
    },
  ]
}
