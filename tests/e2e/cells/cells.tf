# Every order and batch on either kind of queue, each pipeline with every way in that its queue has.
# Their state machines only wait, and fail if a key asks for it: the tests judge the times of
# executions, and their inputs.
locals {
  handlers = {
    manifest     = jsondecode(file(var.handlers_manifest))
    architecture = var.architecture
    # From a bucket, the provider makes functions side by side; from files, one at a time, 6 s each.
    s3 = { bucket = var.handlers_bucket }
  }

  # Ticks are invoked by the tests, one after another.
  schedule = { enabled = false, tick_seconds = 5 }
  sweep    = { after_seconds = 10 }

  cells = {
    none        = { order = "none", events_per_execution = 1, fifo = false }
    latest      = { order = "latest", events_per_execution = 1, fifo = false }
    each        = { order = "each", events_per_execution = 1, fifo = false }
    batch       = { order = "none", events_per_execution = 5, fifo = false }
    fifo-none   = { order = "none", events_per_execution = 1, fifo = true }
    fifo-latest = { order = "latest", events_per_execution = 1, fifo = true }
    fifo-each   = { order = "each", events_per_execution = 1, fifo = true }
  }

  # Into a FIFO queue, ingest is the only way.
  sources = {
    sqs         = { prefix = "sqs/", via = "sqs" }
    lambda      = { prefix = "lambda/", via = "lambda" }
    eventbridge = { prefix = "eventbridge/", suffix = ".json", via = "eventbridge", min_size = 10, reasons = ["PutObject"] }
  }
}

resource "aws_s3_bucket" "uploads" {
  for_each = local.cells

  bucket_prefix = "cells-${each.key}-"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "uploads" {
  for_each = aws_s3_bucket.uploads

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

module "cells" {
  for_each = local.cells
  source   = "../../../terraform"

  name = each.key
  fifo = each.value.fifo

  buckets = {
    uploads = {
      name         = aws_s3_bucket.uploads[each.key].id
      notification = "owned"
      sources      = { for way, source in local.sources : way => source if !each.value.fifo || way == "lambda" }
    }
  }
  topics = {
    for name, topic in local.topics :
    name => { arn = aws_sns_topic.notified["${each.key}/${name}"].arn, raw_delivery = topic.raw }
    if !each.value.fifo
  }

  workflow = {
    definition           = file("${path.module}/../workflows/${each.value.events_per_execution > 1 ? "batch" : "single"}.asl.json")
    order                = each.value.order
    events_per_execution = each.value.events_per_execution
    # With S3's own format there are no ids that a batch could report.
    input_format = each.value.events_per_execution > 1 ? "objects" : var.input_format
  }

  handlers = local.handlers
  pace     = { max_concurrency = 20, starts_per_second = 50 }
  protect  = false
  # Terraform's provider makes one function at a time, 6 s each; reconcile.tf has the tested part of
  # it.
  reconcile = { enabled = false }
  retry     = { max_attempts = 3, backoff_seconds = [0] }
  schedule  = local.schedule
  sweep     = local.sweep
}
