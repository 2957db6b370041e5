# Destroyed before everything else, and AWS refuses that while protect is true:
# see modules/guard.
resource "aws_sns_topic" "guard" {
  name = local._guard_name
  tags = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "NoMessages"
          Effect    = "Deny"
          Principal = "*"
          Action    = ["SNS:Publish", "SNS:Subscribe"]
          Resource  = "*"
        },
      ],
      [
        for sid in var.protect ? ["Protected"] : [] : {
          Sid       = sid
          Effect    = "Deny"
          Principal = "*"
          Action    = ["SNS:DeleteTopic"]
          Resource  = "*"
        }
      ],
    )
  })

  depends_on = [
    aws_cloudwatch_event_target.failed, aws_cloudwatch_metric_alarm.this,
    aws_glue_catalog_database.this, aws_glue_crawler.this,
    aws_iam_role_policy.this, aws_sns_topic_subscription.this,
  ]
}
