terraform {
  required_version = ">= 1.9.0, != 1.15.0"

  # Each account has a state of its own: each-account.sh names its place. With a bucket
  # for them, write "s3" here.
  backend "local" {}

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.90.0, < 7.0.0"
    }
  }
}

# The account that this state is of, and no other.
provider "aws" {
  region              = local.account.region
  allowed_account_ids = [local.account.id]

  dynamic "assume_role" {
    for_each = local.account.role == null ? [] : [local.account.role]

    content {
      role_arn = "arn:aws:iam::${local.account.id}:role/${assume_role.value}"
    }
  }
}
