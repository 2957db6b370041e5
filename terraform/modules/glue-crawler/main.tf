locals {
  _arn_of = {
    for service in ["events", "glue", "logs", "sqs"] : service => join(":", [
      "arn", var.home.partition, service, var.home.region, var.home.account_id,
    ])
  }
  _database_name = coalesce(var.database.name, replace(var.name, "-", "_"))
  _event_mode    = var.crawl.recrawl == "CRAWL_EVENT_MODE"
  _rule_arn      = "${local._arn_of.events}:rule/${local._rule_name}"

  _configuration = jsonencode(merge(
    { Version = 1.0 },
    !var.table.partitions_inherit ? {} : {
      CrawlerOutput = {
        Partitions = { AddOrUpdateBehavior = "InheritFromTable" }
      }
    },
    {
      Grouping = merge(
        !var.table.combine_compatible_schemas ? {} : {
          TableGroupingPolicy = "CombineCompatibleSchemas"
        },
        var.table.level == null ? {} : {
          TableLevelConfiguration = var.table.level
        },
      )
    },
  ))
}

resource "aws_glue_catalog_database" "this" {
  count = var.database.create ? 1 : 0

  name = local._database_name
  tags = var.tags
}

resource "aws_glue_crawler" "this" {
  name          = var.name
  configuration = local._configuration
  database_name = local._database_name
  role          = aws_iam_role.this.arn
  schedule      = var.crawl.schedule
  table_prefix  = var.table.prefix
  tags          = var.tags

  s3_target {
    path       = "s3://${var.target.bucket}/${var.target.prefix}"
    exclusions = var.target.exclusions

    event_queue_arn     = local._event_mode ? aws_sqs_queue.this.arn : null
    dlq_event_queue_arn = local._event_mode ? aws_sqs_queue.dlq.arn : null
  }

  recrawl_policy {
    recrawl_behavior = var.crawl.recrawl
  }

  schema_change_policy {
    delete_behavior = var.crawl.delete
    update_behavior = var.crawl.update
  }

  # Glue tries the role on the queue when the crawler is made.
  depends_on = [
    aws_glue_catalog_database.this,
    aws_iam_role_policy.this,
  ]
}
