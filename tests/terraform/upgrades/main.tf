# The configuration with which a pipeline of each release was applied, and is planned from then on:
# it stays as it is. It has queues of every kind, so that none is lost by an upgrade.
variable "handlers" {
  description = "The manifest of zips that nobody runs."
  type        = any
}

variable "name" {
  description = "Name of the pipeline."
  type        = string
  default     = "upgraded"
}

module "spillway" {
  source = "../../../terraform"

  name = var.name

  buckets = {
    uploads = {
      name         = "uploads-of-${var.name}"
      notification = "owned"
      sources = {
        reports = { prefix = "reports/", lane = "default" }
        urgent  = { prefix = "urgent/", lane = "urgent", via = "eventbridge" }
        raw     = { prefix = "raw/", lane = "default", via = "lambda" }
      }
    }
  }

  lanes = {
    urgent  = { priority = 1 }
    default = { priority = 2 }
  }

  workflow = {
    definition = jsonencode({ StartAt = "Done", States = { Done = { Type = "Succeed" } } })
    alias      = { name = "live" }
  }

  handlers = {
    manifest = var.handlers
    s3       = { bucket = "handlers" }
  }

  schedule = { enabled = false }
}
