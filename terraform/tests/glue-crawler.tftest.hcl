# glue-crawler: its resources, and the inputs that it refuses before AWS does.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  home   = { partition = "aws", region = "eu-central-1", account_id = "111122223333" }
  name   = "reports"
  target = { bucket = "uploads", prefix = "status/" }
}

run "fed_by_the_bucket" {
  module {
    source = "./modules/glue-crawler"
  }

  assert {
    condition     = aws_glue_crawler.this.s3_target[0].path == "s3://uploads/status/" && length(aws_glue_crawler.this.s3_target) == 1
    error_message = "One target, a folder."
  }
  assert {
    condition     = aws_glue_crawler.this.recrawl_policy[0].recrawl_behavior == "CRAWL_EVENT_MODE"
    error_message = "Event mode."
  }
  assert {
    condition     = aws_glue_crawler.this.schema_change_policy[0].update_behavior == "UPDATE_IN_DATABASE" && aws_glue_crawler.this.schema_change_policy[0].delete_behavior == "DEPRECATE_IN_DATABASE"
    error_message = "AWS takes these together with event mode."
  }
  assert {
    condition     = jsondecode(aws_glue_crawler.this.configuration) == { Version = 1, CrawlerOutput = { Partitions = { AddOrUpdateBehavior = "InheritFromTable" } }, Grouping = { TableGroupingPolicy = "CombineCompatibleSchemas" } }
    error_message = "One table of compatible schemas."
  }
  assert {
    condition     = aws_glue_catalog_database.this[0].name == "reports" && aws_glue_crawler.this.database_name == "reports"
    error_message = "A database of the crawler's name."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dlq.arn, maxReceiveCount = 5 }
    error_message = "The queue's redrive policy: ${aws_sqs_queue.this.redrive_policy}"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.dlq.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-central-1:111122223333:reports_crawl-events"] }
    error_message = "The dead-letter queue takes from its own queue only: ${aws_sqs_queue.dlq.redrive_allow_policy}"
  }
  assert {
    condition = jsondecode(aws_sqs_queue.this.policy).Statement == [
      {
        Sid       = "S3"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:aws:sqs:eu-central-1:111122223333:reports_crawl-events"
        Condition = {
          ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::uploads" }
          StringEquals = { "aws:SourceAccount" = "111122223333" }
        }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:aws:sqs:eu-central-1:111122223333:reports_crawl-events"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "Protected"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["sqs:DeleteQueue"]
        Resource  = "arn:aws:sqs:eu-central-1:111122223333:reports_crawl-events"
      },
    ]
    error_message = "The bucket sends, and nobody deletes the queue; the crawler may purge it."
  }
  assert {
    condition     = length(aws_sns_topic_subscription.this) == 0
    error_message = "No topic, no subscription."
  }
  assert {
    condition     = output.bucket_notification["reports"].prefix == "status/" && output.bucket_notification["reports"].events == toset(["s3:ObjectCreated:*", "s3:ObjectRemoved:*"])
    error_message = "The bucket's entry has deletions too: without them a deleted partition comes back."
  }
  assert {
    condition = {
      for key, alarm in aws_cloudwatch_metric_alarm.this : key => [alarm.metric_name, alarm.threshold]
      } == {
      oldest-event  = ["ApproximateAgeOfOldestMessage", 10800]
      dead-letters  = ["ApproximateNumberOfMessagesVisible", 0]
      failed-crawls = ["ApproximateNumberOfMessagesVisible", 0]
    }
    error_message = "Three alarms."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.failed.event_pattern).detail == { crawlerName = ["reports"], state = ["Failed"] }
    error_message = "Failed crawls of this crawler."
  }
}

run "the_role_has_its_own_and_no_more" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  assert {
    condition = { for s in jsondecode(output.policy_json).Statement : s.Sid => s.Resource } == {
      List   = ["arn:aws:s3:::uploads"]
      Locate = ["arn:aws:s3:::uploads"]
      Read   = ["arn:aws:s3:::uploads/status/*"]
      Events = ["arn:aws:sqs:eu-central-1:111122223333:reports_crawl-events", "arn:aws:sqs:eu-central-1:111122223333:reports_crawl-events-dlq"]
      Catalogue = [
        "arn:aws:glue:eu-central-1:111122223333:catalog",
        "arn:aws:glue:eu-central-1:111122223333:database/reports",
        "arn:aws:glue:eu-central-1:111122223333:table/reports/*",
      ]
      Logs = [
        "arn:aws:logs:eu-central-1:111122223333:log-group:/aws-glue/crawlers",
        "arn:aws:logs:eu-central-1:111122223333:log-group:/aws-glue/crawlers:*",
      ]
    }
    error_message = "Every statement names its resources."
  }
  assert {
    condition     = [for s in jsondecode(output.policy_json).Statement : s.Condition.StringLike["s3:prefix"] if s.Sid == "List"] == [["status", "status/*"]]
    error_message = "It lists its folder only."
  }
  assert {
    condition     = length([for a in flatten([for s in jsondecode(output.policy_json).Statement : s.Action]) : a if strcontains(a, "*") || strcontains(a, "Delete") && startswith(a, "glue:")]) == 0
    error_message = "No wildcards, and nothing is deleted from the catalogue unless crawl.delete says so."
  }
}

run "fed_by_a_topic_with_keys_and_another_accounts_bucket" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    target   = { bucket = "uploads", account_id = "777788889999", prefix = "~a b/status=x/", kms_key = { arn = "arn:aws:kms:eu-central-1:777788889999:key/objects" } }
    feed     = { topic = { arn = "arn:aws:sns:eu-central-1:777788889999:uploads" } }
    kms_key  = { arn = "arn:aws:kms:eu-central-1:111122223333:key/own" }
    crawl    = { delete = "DELETE_FROM_DATABASE", schedule = null }
    database = { name = "lake", create = false }
    table    = { prefix = "raw_", level = 3, combine_compatible_schemas = false, partitions_inherit = false }
    alarms   = null
    protect  = false
  }

  assert {
    condition     = jsondecode(aws_sns_topic_subscription.this[0].filter_policy) == { Records = { s3 = { object = { key = [{ prefix = "%7Ea+b/status%3Dx/" }] } } } }
    error_message = "Only the folder, as S3 writes its keys."
  }
  assert {
    condition     = aws_sns_topic_subscription.this[0].raw_message_delivery && length(output.bucket_notification) == 0
    error_message = "As S3 sends it, and nothing for the bucket's own notification."
  }
  assert {
    condition = [for policy in [aws_sqs_queue.this.policy, aws_sqs_queue.dlq.policy] : [for s in jsondecode(policy).Statement : s.Sid]] == [
      ["Sns", "TlsOnly"], ["Sns", "TlsOnly"],
    ]
    error_message = "The topic sends, also the messages that it could not deliver; no bucket does."
  }
  assert {
    condition     = length(aws_glue_catalog_database.this) == 0 && aws_glue_crawler.this.database_name == "lake" && length(aws_cloudwatch_metric_alarm.this) == 0
    error_message = "A database that is there, and no alarms."
  }
  assert {
    condition     = jsondecode(aws_glue_crawler.this.configuration) == { Version = 1, Grouping = { TableLevelConfiguration = 3 } }
    error_message = "The level, and neither of the two others."
  }
  assert {
    condition     = contains(flatten([for s in jsondecode(output.policy_json).Statement : s.Action]), "glue:DeleteTable")
    error_message = "It may delete if crawl.delete says so."
  }
  assert {
    condition     = [for s in jsondecode(output.policy_json).Statement : s.Resource if startswith(s.Sid, "KeyOf")] == [["arn:aws:kms:eu-central-1:111122223333:key/own"], ["arn:aws:kms:eu-central-1:777788889999:key/objects"]]
    error_message = "Both keys."
  }
  assert {
    condition     = [for s in output.kms_key_policy_statements : s.Principal.Service] == ["sns.amazonaws.com", "events.amazonaws.com"]
    error_message = "The senders to the queues must use their key."
  }
}

run "without_event_mode_no_queue_is_named" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    crawl = { recrawl = "CRAWL_NEW_FOLDERS_ONLY", update = "LOG", delete = "LOG" }
  }

  assert {
    condition     = aws_glue_crawler.this.s3_target[0].event_queue_arn == null && aws_glue_crawler.this.s3_target[0].dlq_event_queue_arn == null
    error_message = "The queue is for event mode."
  }
}

run "refuses_a_fifo_name" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    name = "reports.fifo"
  }

  expect_failures = [var.name]
}

run "refuses_a_name_too_long" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    name = "reports-reports-reports-reports-reports-r"
  }

  expect_failures = [var.name]
}

run "refuses_a_path_for_a_bucket" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    target = { bucket = "s3://uploads/status/" }
  }

  expect_failures = [var.target]
}

run "refuses_all_buckets" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    target = { bucket = "%" }
  }

  expect_failures = [var.target]
}

run "refuses_two_targets" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    target = { bucket = "uploads,archive" }
  }

  expect_failures = [var.target]
}

run "refuses_a_prefix_that_is_no_folder" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    target = { bucket = "uploads", prefix = "status" }
  }

  expect_failures = [var.target]
}

# modules/bucket-notification writes it as S3 does.
run "the_buckets_own_entry_has_the_folder_as_it_is" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    target = { bucket = "uploads", prefix = "~a b/status=x/" }
  }

  assert {
    condition     = output.bucket_notification["reports"].prefix == "~a b/status=x/"
    error_message = "Not encoded twice: ${output.bucket_notification["reports"].prefix}"
  }
}

run "refuses_a_prefix_with_a_wildcard" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    target = { bucket = "uploads", prefix = "status/%/" }
  }

  expect_failures = [var.target]
}

run "refuses_an_account_that_is_none" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    target = { bucket = "uploads", account_id = "1" }
  }

  expect_failures = [var.target]
}

run "refuses_too_many_exclusions" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    target = { bucket = "uploads", exclusions = [for number in range(101) : "x${number}"] }
  }

  expect_failures = [var.target]
}

run "refuses_an_alarm_after_the_retention" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    alarms = { oldest_event_seconds = 1209600 }
  }

  expect_failures = [var.alarms]
}

run "refuses_too_many_actions" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    alarms = { actions = ["a", "b", "c", "d", "e", "f"] }
  }

  expect_failures = [var.alarms]
}

run "refuses_a_rate" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    crawl = { schedule = "rate(1 hour)" }
  }

  expect_failures = [var.crawl]
}

run "refuses_a_schedule_of_each_minute" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    crawl = { schedule = "cron(0/1 * * * ? *)" }
  }

  expect_failures = [var.crawl]
}

run "refuses_a_recrawl_that_is_none" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    crawl = { recrawl = "EVENTS" }
  }

  expect_failures = [var.crawl]
}

run "refuses_an_update_that_is_none" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    crawl = { update = "DELETE_FROM_DATABASE" }
  }

  expect_failures = [var.crawl]
}

run "refuses_a_delete_that_is_none" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    crawl = { delete = "UPDATE_IN_DATABASE" }
  }

  expect_failures = [var.crawl]
}

run "refuses_new_folders_and_updates" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    crawl = { recrawl = "CRAWL_NEW_FOLDERS_ONLY" }
  }

  expect_failures = [var.crawl]
}

run "refuses_a_database_athena_cannot_read" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    database = { name = "Reports-1" }
  }

  expect_failures = [var.database]
}

run "refuses_a_database_without_a_name" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    database = { create = false }
  }

  expect_failures = [var.database]
}

run "refuses_a_fifo_topic" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    feed = { topic = { arn = "arn:aws:sns:eu-central-1:111122223333:uploads.fifo" } }
  }

  expect_failures = [var.feed]
}

run "refuses_a_topic_that_is_none" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    feed = { topic = { arn = "arn:aws:sqs:eu-central-1:111122223333:uploads" } }
  }

  expect_failures = [var.feed]
}

run "refuses_events_that_are_no_objects" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    feed = { events = ["s3:ObjectTagging:*"] }
  }

  expect_failures = [var.feed]
}

run "refuses_a_path_of_iam" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    iam = { path = "pipelines" }
  }

  expect_failures = [var.iam]
}

run "refuses_a_key_of_aws" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:alias/aws/sqs" }
  }

  expect_failures = [var.kms_key]
}

run "refuses_the_buckets_level" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    table = { level = 1 }
  }

  expect_failures = [var.table]
}

run "refuses_a_table_prefix_athena_cannot_read" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    table = { prefix = "Raw-" }
  }

  expect_failures = [var.table]
}

run "shortens_a_role_name_that_is_too_long" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    name = "reports-of-all-devices"
    iam  = { role_name_prefix = "a-prefix-of-thirty-two-letter_" }
  }

  assert {
    condition     = length(aws_iam_role.this.name) == 64 && startswith(aws_iam_role.this.name, "a-prefix-of-thirty-two-letter_reports-of-all-de")
    error_message = "IAM allows 64 characters: ${aws_iam_role.this.name}"
  }
}

run "refuses_a_role_prefix_that_a_name_could_go_on" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    iam = { role_name_prefix = "team-" }
  }

  expect_failures = [var.iam]
}

run "is_not_destroyed_while_it_is_protected" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  assert {
    condition     = aws_sns_topic.guard.name == "reports_kept-until-protect-is-false_crawl-events"
    error_message = "The name says the remedy: ${aws_sns_topic.guard.name}"
  }
  assert {
    condition     = [for s in jsondecode(aws_sns_topic.guard.policy).Statement : "${s.Effect} ${join(" ", s.Action)}"] == ["Deny SNS:Publish SNS:Subscribe", "Deny SNS:DeleteTopic"]
    error_message = "Nobody deletes the topic: ${aws_sns_topic.guard.policy}"
  }
}

run "can_be_destroyed_once_protection_is_off" {
  command = plan

  module {
    source = "./modules/glue-crawler"
  }

  variables {
    protect = false
  }

  assert {
    condition     = [for s in jsondecode(aws_sns_topic.guard.policy).Statement : s.Sid] == ["NoMessages"]
    error_message = "The topic can be deleted: ${aws_sns_topic.guard.policy}"
  }
}
