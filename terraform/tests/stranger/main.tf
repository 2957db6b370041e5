resource "aws_s3_bucket" "uploads" {
  bucket_prefix = "uploads-"
}

module "spillway" {
  source = "../../"

  name = "reports"
  buckets = { uploads = { name = aws_s3_bucket.uploads.id, notification = "owned", sources = {
    urgent = { prefix = "urgent/", lane = "urgent" }
    rest   = { prefix = "in/", lane = "default" }
  } } }
  lanes    = { urgent = { priority = 1 }, default = { priority = 2, min_share = 0.1 } }
  windows  = { night = { priority = 1, from = "20:00", to = "24:00", pace = { max_concurrency = 9 } } }
  workflow = { definition = file("${path.module}/workflow.asl.json") }
  handlers = { s3 = { bucket = "artifacts" }, manifest = jsondecode(file("${path.module}/handlers.json")) }
}
