locals {
  # EventBridge takes one matcher per value: prefix and suffix together are a
  # wildcard, with its special characters escaped.
  _literal = {
    for part, text in { prefix = var.prefix, suffix = var.suffix } :
    part => replace(replace(text, "\\", "\\\\"), "*", "\\*")
  }
  # If prefix and suffix share characters of the key, S3's own filters match and the wildcard does
  # not: a/b.json with prefix a/b. and suffix .json.
  _shared = [
    for n in range(1, min(length(var.prefix), length(var.suffix)) + 1) :
    "${var.prefix}${substr(var.suffix, n, -1)}"
    if endswith(var.prefix, substr(var.suffix, 0, n))
  ]
  _key = (
    var.prefix == "" && var.suffix == "" ? [] :
    var.suffix == "" ? [jsonencode({ prefix = var.prefix })] :
    var.prefix == "" ? [jsonencode({ suffix = var.suffix })] :
    concat(
      [jsonencode({ wildcard = "${local._literal.prefix}*${local._literal.suffix}" })],
      [for key in distinct(local._shared) : jsonencode(key)],
    )
  )
  _size = concat(
    var.min_size == null ? [] : [jsonencode(">="), jsonencode(var.min_size)],
    var.max_size == null ? [] : [jsonencode("<="), jsonencode(var.max_size)],
  )

  _object = merge(
    length(local._key) == 0 ? {} : { key = jsondecode("[${join(",", local._key)}]") },
    length(local._size) == 0 ? {} : { size = [{ numeric = jsondecode("[${join(",", local._size)}]") }] },
  )
  _event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    account     = [var.bucket.account_id]
    detail = merge(
      { bucket = { name = [var.bucket.name] } },
      length(local._object) == 0 ? {} : { object = local._object },
      var.reasons == null ? {} : { reason = sort(var.reasons) },
    )
  })
}

resource "aws_cloudwatch_event_rule" "this" {
  name          = var.name
  description   = "Spillway: uploads for queue ${reverse(split(":", var.queue.arn))[0]}"
  event_pattern = local._event_pattern
  tags          = var.tags

  lifecycle {
    precondition {
      # The default: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
      condition     = length(local._event_pattern) <= 2048
      error_message = "The event pattern of rule ${var.name} would have ${length(local._event_pattern)} characters; EventBridge allows 2,048. Shorten its prefix or suffix."
    }
  }
}

# EventBridge goes on trying for a day; an event without delivery then is kept.
resource "aws_cloudwatch_event_target" "this" {
  rule      = aws_cloudwatch_event_rule.this.name
  target_id = "queue"
  arn       = var.queue.arn

  dead_letter_config {
    arn = var.dead_letter_queue.arn
  }
}
