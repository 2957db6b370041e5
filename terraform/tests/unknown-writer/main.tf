# A root whose workflow writes into the bucket that starts it, beside the
# source. The bucket is made in the same apply: at plan, nothing of it is known.
terraform {
  required_version = ">= 1.9.0, != 1.15.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.90.0, < 7.0.0"
    }
  }
}

resource "aws_s3_bucket" "uploads" {
  bucket_prefix = "uploads-"
}

module "spillway" {
  source = "../../"

  name = "unknown"

  buckets = {
    uploads = {
      name         = aws_s3_bucket.uploads.id
      notification = "owned"
      sources      = { status = { prefix = "status/" } }
    }
  }

  workflow = {
    definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
    policy_statements = [
      { actions = ["s3:PutObject"], resources = ["${aws_s3_bucket.uploads.arn}/results/*"] },
    ]
  }

  handlers = {
    s3 = { bucket = "artifacts" }
    manifest = {
      version  = "0.0.0"
      protocol = 2
      handlers = {
        for handler in ["dispatch", "reconcile", "settle"] : handler => {
          arm64 = { file = "${handler}.zip", sha256 = handler, bytes = 1 }
        }
      }
    }
  }
}
