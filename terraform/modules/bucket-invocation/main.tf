resource "aws_lambda_permission" "this" {
  statement_id  = var.statement_id
  action        = "lambda:InvokeFunction"
  function_name = var.function.arn
  principal     = "s3.amazonaws.com"

  # A bucket's ARN names no account, and its name can be someone else's once the
  # bucket is deleted.
  source_account = var.bucket.account_id
  source_arn     = "arn:${var.partition}:s3:::${var.bucket.name}"
}
