# A crawler with a bucket that notifies its queue straight, without a topic.
resource "aws_s3_bucket" "crawled" {
  bucket_prefix = "crawled-"
  force_destroy = true
}

module "crawler" {
  source = "../../../terraform/modules/glue-crawler"

  name    = "crawled"
  home    = { partition = "aws", region = "us-east-1", account_id = data.aws_caller_identity.current.account_id }
  target  = { bucket = aws_s3_bucket.crawled.id, prefix = "in/" }
  protect = false
}

module "crawled_notification" {
  source = "../../../terraform/modules/bucket-notification"

  bucket = aws_s3_bucket.crawled.id
  queues = module.crawler.bucket_notification
}
