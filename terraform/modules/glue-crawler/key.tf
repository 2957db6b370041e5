locals {
  _key_policy_statements = [
    for sender in [
      {
        sid     = "CrawlerEvents"
        service = local._by_topic ? "sns.amazonaws.com" : "s3.amazonaws.com"
        source  = local._by_topic ? var.feed.topic.arn : local._bucket_arn
      },
      {
        sid     = "CrawlerFailures"
        service = "events.amazonaws.com"
        source  = local._rule_arn
      },
      ] : {
      Sid       = sender.sid
      Effect    = "Allow"
      Principal = { Service = sender.service }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = "*"
      Condition = { ArnEquals = { "aws:SourceArn" = sender.source } }
    }
  ]
}
