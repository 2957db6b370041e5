# The ways in, the lanes, and their parts: the connections, and
# the permissions.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = module.queue["urgent"].aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events_urgent", url = "url:reports_events_urgent" }
}

override_resource {
  target = module.queue["urgent"].aws_sqs_queue.dlq
  values = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events-dlq_urgent", url = "url:reports_events-dlq_urgent" }
}

override_resource {
  target = module.queue["default"].aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events_default", url = "url:reports_events_default" }
}

override_resource {
  target = module.queue["default"].aws_sqs_queue.dlq
  values = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events-dlq_default", url = "url:reports_events-dlq_default" }
}

override_resource {
  target = module.outcomes.aws_sqs_queue.dlq
  values = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_outcomes-dlq", url = "url:reports_outcomes-dlq" }
}

override_resource {
  target = module.rules_dlq["default"].aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_rules-dlq_default", url = "url:reports_rules-dlq_default" }
}

override_resource {
  target = module.ingest_failures[0].aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_ingest-failures", url = "url:ingest-failures" }
}

override_resource {
  target = module.ingest[0].aws_lambda_function.this
  values = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_ingest" }
}

variables {
  name = "reports"

  lanes = {
    default = { priority = 2, min_share = 0.1 }
    urgent  = { priority = 1 }
  }

  buckets = {
    ours = {
      name         = "our-bucket"
      notification = "owned"
      sources = {
        alarms = { prefix = "alarms/" }
        images = { prefix = "images/", via = "lambda", lane = "default" }
        status = { prefix = "status/", suffix = ".json", via = "eventbridge", lane = "default", reasons = ["PutObject"], max_size = 1000 }
        urgent = { prefix = "urgent/", suffix = ".json", via = "lambda" }
      }
    }
    theirs = {
      name         = "their-bucket"
      account_id   = "444455556666"
      notification = "external"
      sources      = { all = { via = "eventbridge", lane = "default" } }
    }
  }

  topics = {
    fanout = { arn = "arn:aws:sns:eu-central-1:777788889999:fanout", lane = "default", raw_delivery = false, filter_policy = "{\"Records\":{}}" }
    others = { arn = "arn:aws:sns:eu-central-1:777788889999:others", subscribe = false }
  }

  workflow = {
    definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
  }

  handlers = {
    s3 = { bucket = "artifacts" }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = {
        dispatch  = { arm64 = { file = "dispatch.zip", sha256 = "d1", bytes = 1 } }
        ingest    = { arm64 = { file = "ingest.zip", sha256 = "i1", bytes = 1 } }
        reconcile = { arm64 = { file = "reconcile.zip", sha256 = "r1", bytes = 1 } }
        settle    = { arm64 = { file = "settle.zip", sha256 = "s1", bytes = 1 } }
      }
    }
  }
}

run "every_way_in" {
  assert {
    condition = alltrue([
      for environment in [module.dispatch.environment, module.settle.environment, module.ingest[0].environment] :
      jsondecode(environment.SPILLWAY_LANES) == [
        { name = "urgent", queue_url = "url:reports_events_urgent", dead_letter_queue_url = "url:reports_events-dlq_urgent", priority = 1, min_share = 0 },
        { name = "default", queue_url = "url:reports_events_default", dead_letter_queue_url = "url:reports_events-dlq_default", priority = 2, min_share = 0.1 },
      ]
    ])
    error_message = "Every function knows the lanes, by priority: ${module.dispatch.environment.SPILLWAY_LANES}"
  }
  assert {
    condition = jsondecode(module.ingest[0].environment.SPILLWAY_SOURCES) == [
      { bucket = "our-bucket", folder_markers = false, prefix = "images/", suffix = "", lane = "default" },
      { bucket = "our-bucket", folder_markers = false, prefix = "urgent/", suffix = ".json", lane = "urgent" },
    ]
    error_message = "ingest knows its sources: ${module.ingest[0].environment.SPILLWAY_SOURCES}"
  }
  assert {
    condition     = join(" ", keys(module.ingest[0].environment)) == "SPILLWAY_LANES SPILLWAY_LEDGER_ARN SPILLWAY_LEDGER_TABLE SPILLWAY_PIPELINE SPILLWAY_RELEASE SPILLWAY_SOURCES"
    error_message = "ingest is configured by these variables alone: ${jsonencode(module.ingest[0].environment)}"
  }
  assert {
    condition = {
      for statement in jsondecode(module.ingest[0].policy_json).Statement :
      statement.Sid => "${join(" ", sort(statement.Action))} on ${join(" ", sort(statement.Resource))}"
      } == {
      EventsQueues = "sqs:SendMessage on arn:aws:sqs:eu-central-1:111122223333:reports_events_default arn:aws:sqs:eu-central-1:111122223333:reports_events_urgent"
      Ledger       = "dynamodb:UpdateItem on arn:aws:dynamodb:eu-central-1:111122223333:table/mock"
      Logs         = "logs:CreateLogStream logs:PutLogEvents on arn:aws:logs:eu-central-1:111122223333:log-group:mock:*"
      OnFailure    = "sqs:SendMessage on arn:aws:sqs:eu-central-1:111122223333:reports_ingest-failures"
    }
    error_message = "ingest may do exactly this: ${module.ingest[0].policy_json}"
  }
  assert {
    condition = {
      for lane, queue in module.queue : lane => {
        for statement in jsondecode(queue.policy_json).Statement :
        statement.Sid => try(statement.Condition.ArnEquals["aws:SourceArn"], null) if statement.Effect == "Allow"
      }
      } == {
      default = {
        EventBridge = ["arn:aws:events:eu-central-1:111122223333:rule/reports_on_ours_status", "arn:aws:events:eu-central-1:111122223333:rule/reports_on_theirs_all"]
        Sns         = ["arn:aws:sns:eu-central-1:777788889999:fanout"]
      }
      urgent = {
        S3  = ["arn:aws:s3:::our-bucket"]
        Sns = ["arn:aws:sns:eu-central-1:777788889999:others"]
      }
    }
    error_message = "Each queue lets in the senders of its lane: ${module.queue["default"].policy_json} ${module.queue["urgent"].policy_json}"
  }
  assert {
    condition = keys(module.rules_dlq) == ["default"] && {
      for statement in jsondecode(module.rules_dlq["default"].policy_json).Statement :
      statement.Sid => try(statement.Condition.ArnEquals["aws:SourceArn"], null) if statement.Effect == "Allow"
      } == {
      EventBridge = ["arn:aws:events:eu-central-1:111122223333:rule/reports_on_ours_status", "arn:aws:events:eu-central-1:111122223333:rule/reports_on_theirs_all"]
      Sns         = ["arn:aws:sns:eu-central-1:777788889999:fanout"]
    }
    error_message = "Events that the lane's rules and subscriptions could not deliver are kept: ${module.rules_dlq["default"].policy_json}"
  }
  assert {
    condition     = join(" ", keys(module.guard.topic_arns)) == "events_default events_urgent ingest-failures rules-dlq_default"
    error_message = "Each queue that can be removed alone has a guard: ${jsonencode(keys(module.guard.topic_arns))}"
  }
  assert {
    condition = output.bucket_notifications == {
      ours = {
        bucket = "our-bucket"
        queues = {
          reports_on_ours_alarms = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events_urgent" }, events = toset(["s3:ObjectCreated:*"]), prefix = "alarms/", suffix = "" }
        }
        functions = {
          reports_on_ours_images = { function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_ingest" }, events = toset(["s3:ObjectCreated:*"]), prefix = "images/", suffix = "" }
          reports_on_ours_urgent = { function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_ingest" }, events = toset(["s3:ObjectCreated:*"]), prefix = "urgent/", suffix = ".json" }
        }
        eventbridge = true
      }
      theirs = { bucket = "their-bucket", queues = {}, functions = {}, eventbridge = true }
    }
    error_message = "The owner of a bucket gets all its entries: ${jsonencode(output.bucket_notifications)}"
  }
  assert {
    condition = { for key, rule in output.event_rules : key => { name = rule.name, pattern = jsondecode(rule.pattern), mine = rule.enable == null } } == {
      "ours.status" = {
        name = "reports_on_ours_status"
        mine = true
        pattern = {
          source      = ["aws.s3"]
          detail-type = ["Object Created"]
          account     = ["111122223333"]
          detail = {
            bucket = { name = ["our-bucket"] }
            object = { key = [{ wildcard = "status/*.json" }], size = [{ numeric = ["<=", 1000] }] }
            reason = ["PutObject"]
          }
        }
      }
      "theirs.all" = {
        name = "reports_on_theirs_all"
        mine = false
        pattern = {
          source      = ["aws.s3"]
          detail-type = ["Object Created"]
          account     = ["444455556666"]
          detail      = { bucket = { name = ["their-bucket"] } }
        }
      }
    }
    error_message = "The rules: ${jsonencode(output.event_rules)}"
  }
  assert {
    condition     = strcontains(output.event_rules["theirs.all"].enable, "account 444455556666") && strcontains(output.event_rules["theirs.all"].enable, "account 111122223333")
    error_message = "The owner of the other bucket gets the remedy: ${output.event_rules["theirs.all"].enable}"
  }
  assert {
    condition     = keys(module.topic_subscription) == ["fanout"] && keys(module.bucket_invocation) == ["ours"]
    error_message = "Only buckets that ask for it are subscribed, and the invokers of ingest have the permission."
  }
  assert {
    condition = jsonencode({ for stage in ["events", "ingest", "rules"] : stage => output.redrive[stage] }) == jsonencode({
      events = { source_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events-dlq_urgent", source_url = "url:reports_events-dlq_urgent", destination_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events_urgent", destination_url = "url:reports_events_urgent" }
      ingest = { source_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_ingest-failures", source_url = "url:ingest-failures", function_name = "reports_ingest" }
      rules  = { default = { source_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_rules-dlq_default", source_url = "url:reports_rules-dlq_default", destination_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events_default", destination_url = "url:reports_events_default" } }
    })
    error_message = "A redrive knows every stage: ${jsonencode(output.redrive)}"
  }
  assert {
    condition     = keys(output.redrive.lanes) == ["default", "urgent"] && output.redrive.lanes.default.destination_url == "url:reports_events_default"
    error_message = "A redrive knows every lane: ${jsonencode(output.redrive.lanes)}"
  }
  assert {
    condition     = output.redrive.replay.first_lane == "urgent"
    error_message = "Rows of a lane that is gone are replayed by the first: ${jsonencode(output.redrive.replay)}"
  }
  assert {
    condition = output.lanes == {
      default = { queue_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events_default", queue_url = "url:reports_events_default", dead_letter_queue_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events-dlq_default", dead_letter_queue_url = "url:reports_events-dlq_default" }
      urgent  = { queue_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events_urgent", queue_url = "url:reports_events_urgent", dead_letter_queue_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events-dlq_urgent", dead_letter_queue_url = "url:reports_events-dlq_urgent" }
    }
    error_message = "The lanes: ${jsonencode(output.lanes)}"
  }
  assert {
    condition     = output.events_queue_url == "url:reports_events_urgent" && output.dead_letter_queue_url == "url:reports_events-dlq_urgent"
    error_message = "The events queue is that of the lane that comes first."
  }
  assert {
    condition = {
      for statement in jsondecode(module.dispatch.policy_json).Statement : statement.Sid => join(" ", sort(statement.Resource))
      if contains(["EventsQueues", "SendOnly"], statement.Sid)
      } == {
      EventsQueues = "arn:aws:sqs:eu-central-1:111122223333:reports_events_default arn:aws:sqs:eu-central-1:111122223333:reports_events_urgent"
      SendOnly     = "arn:aws:sqs:eu-central-1:111122223333:reports_events-dlq_default arn:aws:sqs:eu-central-1:111122223333:reports_events-dlq_urgent arn:aws:sqs:eu-central-1:111122223333:reports_outcomes"
    }
    error_message = "dispatch works on every lane: ${module.dispatch.policy_json}"
  }
  assert {
    condition     = output.ingest_function_name == "reports_ingest" && output.ingest_failure_queue_url == "url:ingest-failures" && output.released_sha256.ingest == "i1"
    error_message = "The outputs name ingest."
  }
}

run "fifo" {
  variables {
    fifo   = true
    lanes  = {}
    topics = {}
    buckets = {
      ours = { name = "our-bucket", notification = "owned", sources = { all = { via = "lambda" } } }
    }
  }

  assert {
    condition     = module.queue["default"].queue_name == "reports_events_default.fifo" && module.queue["default"].dead_letter_queue_name == "reports_events-dlq_default.fifo"
    error_message = "The queues are FIFO."
  }
  assert {
    condition     = local._lane_queues.default == { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events_default.fifo", url = "url:reports_events_default.fifo", dlq_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events-dlq_default.fifo", dlq_url = "url:reports_events-dlq_default.fifo" }
    error_message = "The functions call them by these names: ${jsonencode(local._lane_queues.default)}"
  }
  assert {
    condition     = module.ingest_failures[0].queue_name == "reports_ingest-failures"
    error_message = "Lambda's destination is a standard queue, for it can be no other."
  }
  assert {
    condition     = module.settle.environment.SPILLWAY_BACKOFF_SECONDS == "0"
    error_message = "A FIFO queue has no delay, so that there is no backoff."
  }
}

run "windows_and_limits" {
  command = plan

  variables {
    limits = { starts_per_day = 1000 }
    pace   = { max_concurrency = 100, starts_per_tick = 5 }
    windows = {
      night  = { priority = 1, timezone = "Asia/Seoul", from = "20:00", days = ["MON"], pace = { max_concurrency = 500, starts_per_second = 0.5 } }
      freeze = { priority = 0, dates = ["2026-12-24/2026-12-27"], pause = true }
    }
  }

  # As text: the functions read numbers, true and lists, and nothing as null.
  assert {
    condition = local._windows == {
      freeze = { name = "freeze", priority = 0, timezone = "UTC", from = "00:00", to = "24:00", dates = tolist(["2026-12-24/2026-12-27"]), pause = true }
      night  = { name = "night", priority = 1, timezone = "Asia/Seoul", from = "20:00", to = "24:00", days = tolist(["MON"]), pace = { max_concurrency = 500, starts_per_second = 0.5 } }
    }
    error_message = "dispatch gets the windows, without the numbers that they leave out: ${jsonencode(local._windows)}"
  }
  assert {
    condition = jsonencode(output.effective_pace) == jsonencode({
      default = { max_concurrency = 100, starts_per_second = 25, burst = 50, starts_per_tick = 5, slot_partitions = 1, adapt = null, schedule = "rate(1 minute)", tick_seconds = 56, idle = "stop", lanes = {} }
      freeze  = { max_concurrency = 100, starts_per_second = 25, burst = 50, starts_per_tick = 5, slot_partitions = 1, adapt = null, schedule = "rate(1 minute)", tick_seconds = 56, idle = "stop", lanes = {}, priority = 0, timezone = "UTC", from = "00:00", to = "24:00", dates = ["2026-12-24/2026-12-27"], days = null, pause = true }
      night   = { max_concurrency = 500, starts_per_second = 0.5, burst = 50, starts_per_tick = 5, slot_partitions = 1, adapt = null, schedule = "rate(1 minute)", tick_seconds = 56, idle = "stop", lanes = {}, priority = 1, timezone = "Asia/Seoul", from = "20:00", to = "24:00", dates = null, days = ["MON"], pause = false }
    })
    error_message = "The pace in force, by window: ${jsonencode(output.effective_pace)}"
  }
}

run "bounds_of_lanes" {
  variables {
    lanes = {
      default = { priority = 2, max_concurrency = 7 }
      urgent  = { priority = 1 }
    }
    windows = { night = { priority = 1, from = "20:00", lanes = { urgent = { max_concurrency = 0 }, default = { max_concurrency = 50 } } } }
  }

  assert {
    condition = jsondecode(module.dispatch.environment.SPILLWAY_LANES) == [
      { name = "urgent", queue_url = "url:reports_events_urgent", dead_letter_queue_url = "url:reports_events-dlq_urgent", priority = 1, min_share = 0 },
      { name = "default", queue_url = "url:reports_events_default", dead_letter_queue_url = "url:reports_events-dlq_default", priority = 2, min_share = 0, max_concurrency = 7 },
    ]
    error_message = "dispatch gets the bounds of those lanes that have one: ${module.dispatch.environment.SPILLWAY_LANES}"
  }
  assert {
    condition     = module.dispatch.environment.SPILLWAY_WINDOWS == "[{\"from\":\"20:00\",\"lanes\":{\"default\":{\"max_concurrency\":50},\"urgent\":{\"max_concurrency\":0}},\"name\":\"night\",\"priority\":1,\"timezone\":\"UTC\",\"to\":\"24:00\"}]"
    error_message = "dispatch gets those of a window: ${module.dispatch.environment.SPILLWAY_WINDOWS}"
  }
  assert {
    condition     = jsonencode([for window in ["default", "night"] : output.effective_pace[window].lanes]) == "[{\"default\":7},{\"default\":50,\"urgent\":0}]"
    error_message = "The bounds in force, by window: ${jsonencode(output.effective_pace)}"
  }
}

run "windows_and_limits_arrive" {
  variables {
    limits   = { starts_per_day = 1000 }
    windows  = { night = { priority = 1, timezone = "Asia/Seoul", from = "20:00", pace = { max_concurrency = 500 } } }
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", events_per_execution = 10 }
  }

  assert {
    condition     = module.dispatch.environment.SPILLWAY_WINDOWS == "[{\"from\":\"20:00\",\"name\":\"night\",\"pace\":{\"max_concurrency\":500},\"priority\":1,\"timezone\":\"Asia/Seoul\",\"to\":\"24:00\"}]"
    error_message = "dispatch gets the windows: ${module.dispatch.environment.SPILLWAY_WINDOWS}"
  }
  assert {
    condition     = module.dispatch.environment.SPILLWAY_STARTS_PER_DAY == "1000" && module.dispatch.environment.SPILLWAY_EVENTS_PER_EXECUTION == "10" && module.settle.environment.SPILLWAY_EVENTS_PER_EXECUTION == "10"
    error_message = "The limit and the batch size arrive."
  }
}

run "state_machine_that_is_there" {
  variables {
    workflow = { state_machine = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:there:live" }, order = "latest", input_format = "s3-notification" }
  }

  assert {
    condition     = length(module.workflow) == 0 && output.workflow_role_arn == null && output.log_group_names.workflow == null
    error_message = "No state machine is made."
  }
  assert {
    condition     = output.state_machine_arn == "arn:aws:states:eu-central-1:111122223333:stateMachine:there" && output.start_arn == "arn:aws:states:eu-central-1:111122223333:stateMachine:there:live"
    error_message = "Started is the alias; watched is the state machine, for events name it so."
  }
  assert {
    condition = {
      for statement in jsondecode(module.dispatch.policy_json).Statement : statement.Sid => statement.Resource
      if contains(["List", "Start", "Sweep"], statement.Sid)
      } == {
      List  = ["arn:aws:states:eu-central-1:111122223333:stateMachine:there"]
      Start = ["arn:aws:states:eu-central-1:111122223333:stateMachine:there", "arn:aws:states:eu-central-1:111122223333:stateMachine:there:live"]
      Sweep = ["arn:aws:states:eu-central-1:111122223333:execution:there:*"]
    }
    error_message = "dispatch may start it, and list and describe its executions: ${module.dispatch.policy_json}"
  }
  assert {
    condition = alltrue([
      module.dispatch.environment.SPILLWAY_STATE_MACHINE_ARN == "arn:aws:states:eu-central-1:111122223333:stateMachine:there:live",
      module.dispatch.environment.SPILLWAY_EXECUTION_TIMEOUT_SECONDS == "0",
      module.dispatch.environment.SPILLWAY_INPUT_FORMAT == "s3-notification",
      module.dispatch.environment.SPILLWAY_ORDER == "latest",
      module.settle.environment.SPILLWAY_ORDER == "latest",
    ])
    error_message = "The functions know the state machine and the form of its input: ${jsonencode(module.dispatch.environment)}"
  }
}

run "a_key_of_your_own" {
  variables {
    platform = {
      appliers = ["arn:aws:iam::111122223333:role/deploy"]
      iam      = { path = "/pipelines/" }
      kms_key  = { arn = "arn:aws:kms:eu-central-1:111122223333:key/k1" }
    }
  }

  assert {
    condition = alltrue([
      for policy in [module.dispatch.policy_json, module.settle.policy_json, module.ingest[0].policy_json] :
      [for s in jsondecode(policy).Statement : "${join(" ", s.Action)} on ${join(" ", s.Resource)}" if s.Sid == "Key"] == ["kms:Decrypt kms:GenerateDataKey on arn:aws:kms:eu-central-1:111122223333:key/k1"]
    ])
    error_message = "Every function may use this key: ${module.dispatch.policy_json}"
  }
  assert {
    condition     = [for s in output.kms_key_policy_statements : s.Sid] == ["ReportsS3", "ReportsEventBridge", "ReportsSns", "ReportsLogs", "ReportsLogDelivery", "ReportsRoles", "ReportsAppliers", "ReportsAppliersGrants"]
    error_message = "The key's owner learns its users: ${jsonencode(output.kms_key_policy_statements)}"
  }
  assert {
    condition = jsonencode({ for s in output.kms_key_policy_statements : s.Sid => s.Condition.ArnEquals if contains(["ReportsEventBridge", "ReportsRoles"], s.Sid) }) == jsonencode({
      ReportsEventBridge = { "aws:SourceArn" = [
        "arn:aws:events:eu-central-1:111122223333:rule/reports_on_ours_status",
        "arn:aws:events:eu-central-1:111122223333:rule/reports_on_theirs_all",
        "arn:aws:events:eu-central-1:111122223333:rule/reports_outcomes",
        "arn:aws:events:eu-central-1:111122223333:rule/reports_reconcile",
      ] }
      ReportsRoles = { "aws:PrincipalArn" = [
        for part in ["dispatch", "ingest", "reconcile", "settle", "workflow", "reconcile-map"] : "arn:aws:iam::111122223333:role/pipelines/reports_${part}_eu-central-1"
      ] }
    })
    error_message = "Rules and roles are named: ${jsonencode(output.kms_key_policy_statements)}"
  }
}
