resource "aws_cloudwatch_event_rule" "this" {
  name                = var.name
  description         = "Spillway: the tick of ${reverse(split(":", var.function.arn))[0]}"
  schedule_expression = var.expression
  state               = var.enabled ? "ENABLED" : "DISABLED"
  tags                = var.tags
}

# A tick is worthless once the next one is due: no retry, no dead-letter queue.
resource "aws_cloudwatch_event_target" "this" {
  rule      = aws_cloudwatch_event_rule.this.name
  target_id = "dispatch"
  arn       = var.function.arn

  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 0
  }

  depends_on = [aws_lambda_permission.this]
}

# No source_account: with one, EventBridge cannot invoke the function.
resource "aws_lambda_permission" "this" {
  statement_id  = "tick"
  action        = "lambda:InvokeFunction"
  function_name = var.function.arn
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this.arn
}
