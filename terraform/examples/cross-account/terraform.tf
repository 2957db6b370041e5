terraform {
  required_version = ">= 1.9.0, != 1.15.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.90.0, < 7.0.0"
    }
  }
}

# The account that the devices upload to.
provider "aws" {
  alias = "uploads"

  profile = var.uploads_profile
  region  = var.region
}

# The account that processes the uploads.
provider "aws" {
  alias = "pipeline"

  profile = var.pipeline_profile
  region  = var.region
}
