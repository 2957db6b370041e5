# No index: all reads that bound or decide are strongly consistent, and an
# index cannot be.
resource "aws_dynamodb_table" "this" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = var.protect
  hash_key                    = "pk"
  range_key                   = "sk"
  tags                        = var.tags

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  # Without a block: a key that AWS owns.
  dynamic "server_side_encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key.arn]

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  # Only finished rows carry the attribute.
  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }
}
