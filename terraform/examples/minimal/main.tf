resource "aws_s3_bucket" "uploads" {
  bucket_prefix = "uploads-"
}

module "spillway" {
  source = "../../"

  name     = "reports"
  buckets  = { uploads = { name = aws_s3_bucket.uploads.id, notification = "owned", sources = { all = {} } } }
  workflow = { definition = file("${path.module}/workflow.asl.json") }
}

output "bucket" {
  description = "Upload there; each object starts one execution."
  value       = aws_s3_bucket.uploads.id
}
