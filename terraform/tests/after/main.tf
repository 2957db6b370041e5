# A root that has everything of the module wait for something else, as roots do
# by depends_on. When that changes, Terraform reads no data source of the module
# before the apply.
terraform {
  required_version = ">= 1.9.0, != 1.15.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.90.0, < 7.0.0"
    }
  }
}

variable "release" {
  description = "The value that changes."
  type        = string
}

resource "terraform_data" "before" {
  input = var.release
}

module "spillway" {
  source     = "../../"
  depends_on = [terraform_data.before]

  name = "reports"

  buckets = {
    uploads = {
      name         = "uploads"
      notification = "owned"
      sources      = { status = { prefix = "status/", via = "lambda" } }
    }
  }

  workflow = {
    definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
  }

  handlers = {
    s3 = { bucket = "artifacts" }
    manifest = {
      version  = "0.0.0"
      protocol = 2
      handlers = {
        for handler in ["dispatch", "ingest", "reconcile", "settle"] : handler => {
          arm64 = { file = "${handler}.zip", sha256 = handler, bytes = 1 }
        }
      }
    }
  }
}

output "spillway" {
  description = "The outputs of the module."
  value       = module.spillway
}
