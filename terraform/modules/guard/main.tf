# Nothing is ever published here. AWS makes and keeps a topic for
# nothing, and does not delete against the topic's own policy.
resource "aws_sns_topic" "this" {
  for_each = var.names

  name = each.value
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
}
