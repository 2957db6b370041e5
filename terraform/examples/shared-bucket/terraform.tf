terraform {
  required_version = ">= 1.9.0, != 1.15.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.90.0, < 7.0.0"
    }
  }
}

# The account of the pipeline and of the bucket that is shared.
provider "aws" {
  alias = "pipeline"

  profile = var.pipeline_profile
  region  = var.region
}

# The account of a partner, with a bucket of its own.
provider "aws" {
  alias = "partner"

  profile = var.partner_profile
  region  = var.region
}
