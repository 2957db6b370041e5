# An administrator applies this once in each account: the identity of GitHub's runs, and
# their permissions.
data "aws_caller_identity" "own" {}

data "aws_partition" "own" {}

data "aws_region" "own" {}

locals {
  home = {
    partition  = data.aws_partition.own.partition
    region     = split(".", data.aws_region.own.endpoint)[1]
    account_id = data.aws_caller_identity.own.account_id
  }
  issuer = "token.actions.githubusercontent.com"

  oidc_provider_arn = (
    var.oidc_provider == null
    ? one(aws_iam_openid_connect_provider.github[*].arn)
    : var.oidc_provider.arn
  )
}

# An account has one for each issuer.
resource "aws_iam_openid_connect_provider" "github" {
  count = var.oidc_provider == null ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
  tags           = var.tags
}

# The most that any role of a pipeline can do, with any policy of its own. Your
# organisation's boundary takes its place.
resource "aws_iam_policy" "boundary" {
  name = "${var.name}-boundary"
  tags = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Work"
        Effect = "Allow"
        Action = concat(["cloudwatch:PutMetricData"], [
          for service in ["dynamodb", "events", "kms", "lambda", "logs", "s3", "sns", "sqs", "states", "xray"] :
          "${service}:*"
        ])
        Resource = "*"
      },
      {
        # No role of a pipeline changes the deployed resources.
        Sid    = "NoDeployment"
        Effect = "Deny"
        Action = [
          "dynamodb:DeleteTable",
          "lambda:CreateFunction",
          "lambda:UpdateFunctionCode",
          "s3:DeleteBucket",
          "s3:PutBucketPolicy",
          "sqs:DeleteQueue",
          "states:UpdateStateMachine",
        ]
        Resource = "*"
      },
    ]
  })
}

module "roles" {
  source = "../../modules/deploy-roles"

  name                 = var.name
  branch               = var.branch
  buckets              = [for name in var.pipelines : "${name}-uploads-*"]
  environment          = var.environment
  home                 = local.home
  kms_key              = var.kms_key
  oidc_provider        = { arn = local.oidc_provider_arn }
  permissions_boundary = { arn = aws_iam_policy.boundary.arn }
  pipelines            = var.pipelines
  repository           = var.repository
  state                = var.state
  tags                 = var.tags
}
