# The connections and the permissions.

mock_provider "aws" {
  source = "./tests/mocks"
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
  target = module.outcomes.aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_outcomes", url = "url:reports_outcomes" }
}

override_resource {
  target = module.outcomes.aws_sqs_queue.dlq
  values = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_outcomes-dlq", url = "url:reports_outcomes-dlq" }
}

override_resource {
  target = module.reconcile_failures[0].aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_reconcile-failures", url = "url:reconcile-failures" }
}

variables {
  name = "reports"

  buckets = {
    ours = {
      name         = "our-bucket"
      notification = "owned"
      sources = {
        status = { prefix = "status/", suffix = ".json" }
        images = { prefix = "images/", events = ["s3:ObjectCreated:Put"] }
      }
    }
    theirs = {
      name         = "their-bucket"
      account_id   = "444455556666"
      notification = "external"
      sources      = { all = {} }
    }
  }

  workflow = {
    definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
    policy_statements = [
      { sid = "Read", actions = ["s3:GetObject"], resources = ["arn:aws:s3:::our-bucket/*"] },
    ]
  }

  handlers = {
    s3 = { bucket = "artifacts" }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = {
        dispatch  = { arm64 = { file = "dispatch.zip", sha256 = "d1", bytes = 1 } }
        reconcile = { arm64 = { file = "reconcile.zip", sha256 = "r1", bytes = 1 } }
        settle    = { arm64 = { file = "settle.zip", sha256 = "s1", bytes = 1 } }
      }
    }
  }
}

run "defaults" {
  assert {
    condition = module.dispatch.environment == tomap({
      SPILLWAY_BURST                     = "50"
      SPILLWAY_EVENTS_PER_EXECUTION      = "1"
      SPILLWAY_EXECUTION_TIMEOUT_SECONDS = "86400"
      SPILLWAY_FAILURE_QUEUES            = "{\"outcomes\":[\"url:reports_outcomes-dlq\"],\"reconcile\":[\"url:reports_reconcile-failures\"]}"
      SPILLWAY_IDLE                      = "stop"
      SPILLWAY_INPUT_FORMAT              = "objects"
      SPILLWAY_LANES                     = "[{\"dead_letter_queue_url\":\"url:reports_events-dlq_default\",\"min_share\":0,\"name\":\"default\",\"priority\":1,\"queue_url\":\"url:reports_events_default\"}]"
      SPILLWAY_LEDGER_ARN                = "arn:aws:dynamodb:eu-central-1:111122223333:table/mock"
      SPILLWAY_LEDGER_TABLE              = "reports_ledger"
      SPILLWAY_MAX_CONCURRENCY           = "100"
      SPILLWAY_ORDER                     = "none"
      SPILLWAY_OUTCOMES_QUEUE_URL        = "url:reports_outcomes"
      SPILLWAY_PIPELINE                  = "reports"
      SPILLWAY_RELEASE                   = "1.2.3"
      SPILLWAY_RETENTION_DAYS            = "90"
      SPILLWAY_SLOT_PARTITIONS           = "1"
      SPILLWAY_STARTS_PER_SECOND         = "25"
      SPILLWAY_STATE_MACHINE_ARN         = "arn:aws:states:eu-central-1:111122223333:stateMachine:mock"
      SPILLWAY_SWEEP_AFTER_SECONDS       = "300"
      SPILLWAY_SWEEP_PER_TICK            = "50"
      SPILLWAY_TICK_SECONDS              = "56"
      SPILLWAY_WINDOWS                   = "[]"
    })
    error_message = "dispatch is configured by exactly these variables, without SPILLWAY_STARTS_PER_DAY and SPILLWAY_STARTS_PER_TICK: ${jsonencode(module.dispatch.environment)}"
  }
  assert {
    condition = module.settle.environment == tomap({
      SPILLWAY_BACKOFF_SECONDS                = "30,300"
      SPILLWAY_EVENTS_PER_EXECUTION           = "1"
      SPILLWAY_LANES                          = "[{\"dead_letter_queue_url\":\"url:reports_events-dlq_default\",\"min_share\":0,\"name\":\"default\",\"priority\":1,\"queue_url\":\"url:reports_events_default\"}]"
      SPILLWAY_LEDGER_ARN                     = "arn:aws:dynamodb:eu-central-1:111122223333:table/mock"
      SPILLWAY_LEDGER_TABLE                   = "reports_ledger"
      SPILLWAY_MAX_ATTEMPTS                   = "3"
      SPILLWAY_ORDER                          = "none"
      SPILLWAY_OUTCOMES_DEAD_LETTER_QUEUE_URL = "url:reports_outcomes-dlq"
      SPILLWAY_PIPELINE                       = "reports"
      SPILLWAY_RELEASE                        = "1.2.3"
      SPILLWAY_RETENTION_DAYS                 = "90"
    })
    error_message = "settle is configured by exactly these variables: ${jsonencode(module.settle.environment)}"
  }
  assert {
    condition = {
      for statement in jsondecode(module.dispatch.policy_json).Statement :
      statement.Sid => "${join(" ", sort(statement.Action))} on ${join(" ", sort(statement.Resource))}"
      } == {
      EventsQueues = "sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage sqs:SendMessage on arn:aws:sqs:eu-central-1:111122223333:reports_events_default"
      Ledger       = "dynamodb:BatchGetItem dynamodb:ConditionCheckItem dynamodb:DeleteItem dynamodb:GetItem dynamodb:PartiQLInsert dynamodb:PartiQLUpdate dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem on arn:aws:dynamodb:eu-central-1:111122223333:table/mock"
      List         = "states:ListExecutions on arn:aws:states:eu-central-1:111122223333:stateMachine:mock"
      Logs         = "logs:CreateLogStream logs:PutLogEvents on arn:aws:logs:eu-central-1:111122223333:log-group:mock:*"
      SendOnly     = "sqs:SendMessage on arn:aws:sqs:eu-central-1:111122223333:reports_events-dlq_default arn:aws:sqs:eu-central-1:111122223333:reports_outcomes"
      Sizes        = "sqs:GetQueueAttributes on arn:aws:sqs:eu-central-1:111122223333:reports_events-dlq_default arn:aws:sqs:eu-central-1:111122223333:reports_outcomes arn:aws:sqs:eu-central-1:111122223333:reports_outcomes-dlq arn:aws:sqs:eu-central-1:111122223333:reports_reconcile-failures"
      Start        = "states:StartExecution on arn:aws:states:eu-central-1:111122223333:stateMachine:mock"
      Sweep        = "states:DescribeExecution on arn:aws:states:eu-central-1:111122223333:execution:mock:*"
    }
    error_message = "dispatch may do exactly this: ${module.dispatch.policy_json}"
  }
  assert {
    condition = {
      for statement in jsondecode(module.settle.policy_json).Statement :
      statement.Sid => "${join(" ", sort(statement.Action))} on ${join(" ", sort(statement.Resource))}"
      } == {
      Ledger        = "dynamodb:BatchGetItem dynamodb:DeleteItem dynamodb:GetItem dynamodb:PartiQLDelete dynamodb:PartiQLUpdate dynamodb:Query dynamodb:UpdateItem on arn:aws:dynamodb:eu-central-1:111122223333:table/mock"
      Logs          = "logs:CreateLogStream logs:PutLogEvents on arn:aws:logs:eu-central-1:111122223333:log-group:mock:*"
      Outputs       = "states:DescribeExecution on arn:aws:states:eu-central-1:111122223333:execution:mock:*"
      OutcomesQueue = "sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage on arn:aws:sqs:eu-central-1:111122223333:reports_outcomes"
      SendOnly      = "sqs:SendMessage on arn:aws:sqs:eu-central-1:111122223333:reports_events-dlq_default arn:aws:sqs:eu-central-1:111122223333:reports_events_default arn:aws:sqs:eu-central-1:111122223333:reports_outcomes-dlq"
    }
    error_message = "settle may do exactly this: ${module.settle.policy_json}"
  }
  assert {
    condition     = module.queue["default"].visibility_timeout_seconds == 45
    error_message = "A message of one event is hidden for as long as a lease lasts."
  }
  assert {
    condition = output.bucket_notifications == {
      ours = {
        bucket = "our-bucket"
        queues = {
          reports_on_ours_images = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events_default" }, events = toset(["s3:ObjectCreated:Put"]), prefix = "images/", suffix = "" }
          reports_on_ours_status = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events_default" }, events = toset(["s3:ObjectCreated:*"]), prefix = "status/", suffix = ".json" }
        }
        functions   = {}
        eventbridge = false
      }
      theirs = {
        bucket = "their-bucket"
        queues = {
          reports_on_theirs_all = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events_default" }, events = toset(["s3:ObjectCreated:*"]), prefix = "", suffix = "" }
        }
        functions   = {}
        eventbridge = false
      }
    }
    error_message = "The owner of a bucket gets its entries: ${jsonencode(output.bucket_notifications)}"
  }
  assert {
    condition     = keys(module.bucket_notification) == ["ours"] && module.bucket_notification["ours"].bucket == "our-bucket"
    error_message = "Only a bucket with an owned notification gets one written."
  }
  assert {
    condition = jsonencode(output.effective_pace) == jsonencode({
      default = {
        max_concurrency   = 100
        starts_per_second = 25
        burst             = 50
        starts_per_tick   = null
        slot_partitions   = 1
        adapt             = null
        schedule          = "rate(1 minute)"
        tick_seconds      = 56
        idle              = "stop"
        lanes             = {}
      }
    })
    error_message = "The default pace is in force: ${jsonencode(output.effective_pace)}"
  }
  assert {
    condition = jsonencode(output.redrive) == jsonencode({
      events   = { source_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events-dlq_default", source_url = "url:reports_events-dlq_default", destination_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events_default", destination_url = "url:reports_events_default" }
      outcomes = { source_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_outcomes-dlq", source_url = "url:reports_outcomes-dlq", destination_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_outcomes", destination_url = "url:reports_outcomes" }
      lanes    = { default = { source_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events-dlq_default", source_url = "url:reports_events-dlq_default", destination_arn = "arn:aws:sqs:eu-central-1:111122223333:reports_events_default", destination_url = "url:reports_events_default" } }
      ingest   = null
      rules    = {}
      replay   = { first_lane = "default", ledger_arn = output.ledger_table_arn, ledger_table_name = output.ledger_table_name, order = "none" }
    })
    error_message = "A redrive goes from each dead-letter queue to its own queue: ${jsonencode(output.redrive)}"
  }
  assert {
    condition = module.reconcile_function[0].environment == tomap({
      SPILLWAY_LANES                     = "[{\"dead_letter_queue_url\":\"url:reports_events-dlq_default\",\"min_share\":0,\"name\":\"default\",\"priority\":1,\"queue_url\":\"url:reports_events_default\"}]"
      SPILLWAY_LEDGER_ARN                = "arn:aws:dynamodb:eu-central-1:111122223333:table/mock"
      SPILLWAY_LEDGER_TABLE              = "reports_ledger"
      SPILLWAY_PIPELINE                  = "reports"
      SPILLWAY_RELEASE                   = "1.2.3"
      SPILLWAY_RECONCILE_MIN_AGE_SECONDS = "86400"
      SPILLWAY_RETENTION_DAYS            = "90"
      SPILLWAY_SOURCES                   = "[]"
      SPILLWAY_STALE_AFTER_SECONDS       = "86400"
    })
    error_message = "reconcile is configured by exactly these variables, and has no sources unless it may list something: ${jsonencode(module.reconcile_function[0].environment)}"
  }
  assert {
    condition = {
      for statement in jsondecode(module.reconcile_function[0].policy_json).Statement :
      statement.Sid => "${join(" ", sort(statement.Action))} on ${join(" ", sort(statement.Resource))}"
      } == {
      EventsQueues = "sqs:SendMessage on arn:aws:sqs:eu-central-1:111122223333:reports_events_default"
      Ledger       = "dynamodb:BatchGetItem dynamodb:GetItem dynamodb:Query dynamodb:Scan dynamodb:UpdateItem on arn:aws:dynamodb:eu-central-1:111122223333:table/mock"
      Logs         = "logs:CreateLogStream logs:PutLogEvents on arn:aws:logs:eu-central-1:111122223333:log-group:mock:*"
      Slots        = "dynamodb:ConditionCheckItem dynamodb:PutItem on arn:aws:dynamodb:eu-central-1:111122223333:table/mock"
    }
    error_message = "reconcile may do exactly this, and nothing with S3: ${module.reconcile_function[0].policy_json}"
  }
  assert {
    condition     = !strcontains(module.reconcile[0].policy_json, "s3:") && module.reconcile[0].target_input == "{}" && output.reconcile.dry_run_command == null
    error_message = "No bucket may be listed unless it is said: ${module.reconcile[0].policy_json}"
  }
  assert {
    condition     = jsondecode(module.reconcile_failures[0].policy_json).Statement[0].Condition.ArnEquals["aws:SourceArn"] == ["arn:aws:events:eu-central-1:111122223333:rule/reports_reconcile"] && output.reconcile.failure_queue_url == "url:reconcile-failures"
    error_message = "Runs that could not be started are kept: ${module.reconcile_failures[0].policy_json}"
  }
  assert {
    condition     = output.released_sha256 == { dispatch = "d1", reconcile = "r1", settle = "s1" } && output.running_sha256 == { dispatch = "running", reconcile = "running", settle = "running" }
    error_message = "The manifest names the released code, and Lambda the running one."
  }
}

run "every_number_arrives" {
  variables {
    handlers = {
      architecture = "x86_64"
      s3           = { bucket = "artifacts", prefix = "v1/" }
      dispatch     = { memory_mb = 512, reserved_concurrency = 1 }
      settle       = { maximum_concurrency = 5 }
      manifest = {
        version  = "1.2.3"
        protocol = 2
        handlers = {
          dispatch  = { x86_64 = { file = "dispatch.zip", sha256 = "d2", bytes = 1 } }
          reconcile = { x86_64 = { file = "reconcile.zip", sha256 = "r2", bytes = 1 } }
          settle    = { x86_64 = { file = "settle.zip", sha256 = "s2", bytes = 1 } }
        }
      }
    }
    buckets = {
      ours = {
        name         = "our-bucket"
        notification = "owned"
        sources = {
          status = { prefix = "status/", suffix = ".json" }
          now    = { prefix = "status/now/", suffix = ".csv" }
          images = { prefix = "all + images%/" }
        }
      }
      whole  = { name = "whole-bucket", notification = "owned", sources = { all = { suffix = ".json" } } }
      theirs = { name = "their-bucket", account_id = "444455556666", notification = "external", sources = { all = {} } }
    }
    ledger = { retention_days = 29 }
    reconcile = {
      schedule            = "cron(30 3 * * ? *)"
      stale_after_seconds = 3600
      max_concurrency     = 3
      list = {
        buckets         = ["ours", "whole"]
        scheduled       = true
        inventories     = { theirs = { bucket = "inventories", prefix = "their-bucket/all/" } }
        min_age_seconds = 0
      }
    }
    limits   = { starts_per_day = 7 }
    pace     = { max_concurrency = 1, starts_per_second = 0.5, burst = 1, starts_per_tick = 5, slot_partitions = 16 }
    protect  = false
    retry    = { max_attempts = 1, backoff_seconds = [0, 900] }
    schedule = { expression = "cron(0/5 8-17 ? * MON-FRI *)", tick_seconds = 100, enabled = false }
    sweep    = { after_seconds = 1, per_tick = 100 }
    platform = {
      iam     = { path = "/pipelines/", permissions_boundary = "arn:aws:iam::111122223333:policy/boundary", role_name_prefix = "team_" }
      logs    = { retention_days = 7 }
      tags    = { team = "devices" }
      tracing = true
    }
  }

  assert {
    condition = {
      for key, value in module.dispatch.environment : key => value
      if !can(regex("_(URL|ARN|TABLE|LANES)$", key))
      } == {
      SPILLWAY_BURST                     = "1"
      SPILLWAY_EVENTS_PER_EXECUTION      = "1"
      SPILLWAY_EXECUTION_TIMEOUT_SECONDS = "86400"
      SPILLWAY_FAILURE_QUEUES            = "{\"outcomes\":[\"url:reports_outcomes-dlq\"],\"reconcile\":[\"url:reports_reconcile-failures\"]}"
      SPILLWAY_IDLE                      = "stop"
      SPILLWAY_INPUT_FORMAT              = "objects"
      SPILLWAY_MAX_CONCURRENCY           = "1"
      SPILLWAY_ORDER                     = "none"
      SPILLWAY_PIPELINE                  = "reports"
      SPILLWAY_RELEASE                   = "1.2.3"
      SPILLWAY_RETENTION_DAYS            = "29"
      SPILLWAY_SLOT_PARTITIONS           = "16"
      SPILLWAY_STARTS_PER_DAY            = "7"
      SPILLWAY_STARTS_PER_SECOND         = "0.5"
      SPILLWAY_STARTS_PER_TICK           = "5"
      SPILLWAY_SWEEP_AFTER_SECONDS       = "1"
      SPILLWAY_SWEEP_PER_TICK            = "100"
      SPILLWAY_TICK_SECONDS              = "100"
      SPILLWAY_WINDOWS                   = "[]"
    }
    error_message = "dispatch gets the pace: ${jsonencode(module.dispatch.environment)}"
  }
  assert {
    condition = {
      for key, value in module.settle.environment : key => value
      if !can(regex("_(URL|ARN|TABLE|LANES)$", key))
      } == {
      SPILLWAY_BACKOFF_SECONDS      = "0,900"
      SPILLWAY_EVENTS_PER_EXECUTION = "1"
      SPILLWAY_MAX_ATTEMPTS         = "1"
      SPILLWAY_ORDER                = "none"
      SPILLWAY_PIPELINE             = "reports"
      SPILLWAY_RELEASE              = "1.2.3"
      SPILLWAY_RETENTION_DAYS       = "29"
    }
    error_message = "settle gets the retry policy: ${jsonencode(module.settle.environment)}"
  }
  assert {
    condition     = module.outcomes.maximum_concurrency == 5
    error_message = "settle gets its bound: ${module.outcomes.maximum_concurrency}"
  }
  assert {
    condition = {
      for key, value in module.reconcile_function[0].environment : key => value
      if !can(regex("_(URL|ARN|TABLE|LANES|SOURCES)$", key))
      } == {
      SPILLWAY_PIPELINE                  = "reports"
      SPILLWAY_RELEASE                   = "1.2.3"
      SPILLWAY_RECONCILE_MIN_AGE_SECONDS = "0"
      SPILLWAY_RETENTION_DAYS            = "29"
      SPILLWAY_STALE_AFTER_SECONDS       = "3600"
    }
    error_message = "reconcile gets its ages: ${jsonencode(module.reconcile_function[0].environment)}"
  }
  assert {
    condition = jsondecode(module.reconcile_function[0].environment.SPILLWAY_SOURCES) == [
      { bucket = "our-bucket", folder_markers = false, lane = "default", prefix = "all + images%/", suffix = "" },
      { bucket = "our-bucket", folder_markers = false, lane = "default", prefix = "status/now/", suffix = ".csv" },
      { bucket = "our-bucket", folder_markers = false, lane = "default", prefix = "status/", suffix = ".json" },
      { bucket = "their-bucket", folder_markers = false, lane = "default", prefix = "", suffix = "" },
      { bucket = "whole-bucket", folder_markers = false, lane = "default", prefix = "", suffix = ".json" },
    ]
    error_message = "It knows the sources of the buckets that are compared, by keys as they are: ${module.reconcile_function[0].environment.SPILLWAY_SOURCES}"
  }
  assert {
    condition = {
      for statement in jsondecode(module.reconcile_function[0].policy_json).Statement :
      statement.Sid => sort(statement.Resource) if contains(["Objects", "Gone"], statement.Sid)
      } == {
      Gone    = tolist(["arn:aws:s3:::our-bucket", "arn:aws:s3:::their-bucket", "arn:aws:s3:::whole-bucket"])
      Objects = tolist(["arn:aws:s3:::our-bucket/all + images%/*", "arn:aws:s3:::our-bucket/status/*", "arn:aws:s3:::our-bucket/status/now/*", "arn:aws:s3:::their-bucket/*", "arn:aws:s3:::whole-bucket/*"])
    }
    error_message = "It may describe objects of the sources: ${module.reconcile_function[0].policy_json}"
  }
  assert {
    condition = [
      for statement in jsondecode(module.reconcile[0].policy_json).Statement :
      "${join(" ", statement.Action)} on ${join(" ", statement.Resource)} where ${jsonencode(try(statement.Condition.StringLike["s3:prefix"], []))}"
      if startswith(statement.Action[0], "s3:")
      ] == [
      "s3:ListBucket on arn:aws:s3:::whole-bucket where []",
      "s3:ListBucket on arn:aws:s3:::our-bucket where [\"all + images%/*\",\"status/*\"]",
      "s3:GetObject on arn:aws:s3:::inventories/their-bucket/all/* where []",
    ]
    error_message = "The state machine may list these buckets, below the prefixes of their sources, and read the inventories: ${module.reconcile[0].policy_json}"
  }
  assert {
    condition = jsondecode(module.reconcile[0].target_input).list == [
      { bucket = "our-bucket", prefix = "all + images%/" },
      { bucket = "our-bucket", prefix = "status/" },
      { bucket = "whole-bucket", prefix = "" },
    ]
    error_message = "A scheduled run lists each object once: ${module.reconcile[0].target_input}"
  }
  assert {
    condition     = strcontains(output.reconcile.dry_run_command, "--input '{\"list\":[{\"bucket\":\"our-bucket\",\"dry_run\":true,\"prefix\":\"all + images%/\"}")
    error_message = "The outputs say how to look first: ${output.reconcile.dry_run_command}"
  }
  assert {
    condition     = module.queue["default"].visibility_timeout_seconds == 45
    error_message = "The visibility timeout of a message of one event does not follow the tick."
  }
  assert {
    condition     = !strcontains(module.queue["default"].policy_json, "sqs:DeleteQueue")
    error_message = "Without protection the queue can be deleted."
  }
  assert {
    condition = alltrue([
      for name in [module.dispatch.role_name, module.settle.role_name, module.workflow[0].role_name, module.reconcile[0].role_name, module.reconcile[0].rule_role_name] :
      startswith(name, "team_reports_") && endswith(name, "_eu-central-1")
    ])
    error_message = "Role names carry prefix, pipeline and Region."
  }
  assert {
    condition     = alltrue([for policy in [module.dispatch.policy_json, module.reconcile[0].policy_json, module.reconcile_function[0].policy_json, module.settle.policy_json, module.workflow[0].policy_json] : strcontains(policy, "xray:PutTraceSegments")])
    error_message = "Tracing reaches all five roles."
  }
}

run "a_network_and_code_signing_reach_every_function" {
  variables {
    platform = {
      code_signing = { arn = "arn:aws:lambda:eu-central-1:111122223333:code-signing-config:csc-0123456789abcdef0" }
      vpc = {
        security_group_ids = ["sg-0123456789abcdef0"]
        subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
      }
    }
  }

  assert {
    condition = alltrue([
      for network in [module.dispatch.vpc, module.settle.vpc, module.reconcile_function[0].vpc] :
      network.subnet_ids == toset(["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]) && network.security_group_ids == toset(["sg-0123456789abcdef0"])
    ])
    error_message = "Every function is in the network."
  }
  assert {
    condition = alltrue([
      for arn in [module.dispatch.code_signing_config_arn, module.settle.code_signing_config_arn, module.reconcile_function[0].code_signing_config_arn] :
      arn == "arn:aws:lambda:eu-central-1:111122223333:code-signing-config:csc-0123456789abcdef0"
    ])
    error_message = "Every function runs signed code only."
  }
  assert {
    condition     = alltrue([for policy in [module.dispatch.policy_json, module.settle.policy_json, module.reconcile_function[0].policy_json] : strcontains(policy, "ec2:CreateNetworkInterface")])
    error_message = "Lambda makes the network interfaces with the function's role."
  }
  assert {
    condition = output.vpc_endpoints == {
      dynamodb = { name = "com.amazonaws.eu-central-1.dynamodb", type = "Gateway" }
      s3       = { name = "com.amazonaws.eu-central-1.s3", type = "Gateway" }
      sqs      = { name = "com.amazonaws.eu-central-1.sqs", type = "Interface" }
      states   = { name = "com.amazonaws.eu-central-1.states", type = "Interface" }
    }
    error_message = "The endpoints are told: ${jsonencode(output.vpc_endpoints)}"
  }
}

run "a_restored_ledger_takes_the_place_of_the_own_one" {
  variables {
    alarms = { topics = [{ arn = "arn:aws:sns:eu-central-1:111122223333:oncall" }] }
    ledger = { table = { arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/reports_ledger-restored" } }
  }

  assert {
    condition = alltrue([
      for environment in [module.dispatch.environment, module.settle.environment, module.reconcile_function[0].environment] :
      environment["SPILLWAY_LEDGER_ARN"] == "arn:aws:dynamodb:eu-central-1:111122223333:table/mock" && environment["SPILLWAY_LEDGER_TABLE"] == "reports_ledger-restored"
    ])
    error_message = "Every function works on it, and gives executions the names that they have always had."
  }
  assert {
    condition     = output.ledger_table_name == "reports_ledger-restored" && module.ledger.name == "reports_ledger"
    error_message = "The outputs name it, and the own table stays."
  }
  assert {
    condition     = strcontains(output.operator_policies.operate, "table/reports_ledger-restored") && !strcontains(output.operator_policies.operate, "table/mock")
    error_message = "An operator of the pipeline may read and steer by it, and by no other."
  }
}

run "settle_follows_the_highest_pace" {
  command = plan

  variables {
    pace    = { max_concurrency = 10, starts_per_second = 2 }
    windows = { night = { priority = 1, from = "20:00", to = "24:00", pace = { starts_per_second = 400 } } }
  }

  assert {
    condition     = module.outcomes.maximum_concurrency == 16
    error_message = "One instance for each 25 starts a second of the fastest window: ${module.outcomes.maximum_concurrency}"
  }
}

run "folder_markers_are_worked_on_where_a_source_says_so" {
  command = plan

  variables {
    buckets = {
      ours = {
        name         = "our-bucket"
        notification = "owned"
        sources = {
          status = { prefix = "status/", folder_markers = true }
          images = { prefix = "all + images%/", suffix = "+ /", folder_markers = true }
        }
      }
    }
    topics = { shared = { arn = "arn:aws:sns:eu-central-1:111122223333:shared", folder_markers = true } }
  }

  assert {
    condition = jsondecode(module.dispatch.environment.SPILLWAY_FOLDER_MARKERS) == [
      { bucket = "our-bucket", folder_markers = true, prefix = "all + images%/", suffix = "+ /" },
      { bucket = "our-bucket", folder_markers = true, prefix = "status/", suffix = "" },
      { folder_markers = true },
    ]
    error_message = "dispatch knows the folder markers that it processes, by keys as they are: ${module.dispatch.environment.SPILLWAY_FOLDER_MARKERS}"
  }
}

# No value that a name, a key or a count needs is allowed to be known only after the apply.
run "everything_foreign_is_new" {
  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = output.spillway.bucket_notifications.one.bucket == aws_s3_bucket.this["one"].id
    error_message = "The bucket of the same apply is the one that is wired."
  }
}

run "no_wildcard" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for policy in [module.dispatch.policy_json, module.reconcile_function[0].policy_json, module.settle.policy_json] : [
        for statement in jsondecode(policy).Statement : [
          !contains(statement.Resource, "*"),
          alltrue([for action in statement.Action : !strcontains(action, "*")]),
        ]
      ]
    ]))
    error_message = "A handler may do named things with named resources only."
  }
}

run "ticks_that_wait" {
  variables {
    schedule = { idle = "wait" }
    handlers = {
      s3       = { bucket = "artifacts" }
      manifest = var.handlers.manifest
      dispatch = { memory_mb = 128, reserved_concurrency = 2 }
    }
  }

  assert {
    condition = {
      for name in ["IDLE", "TICK_SECONDS"] : name => module.dispatch.environment["SPILLWAY_${name}"]
    } == { IDLE = "wait", TICK_SECONDS = "120" }
    error_message = "A tick waits for events, for two periods at most: ${jsonencode(module.dispatch.environment)}"
  }
  assert {
    condition     = local._dispatch_timeout_seconds == 140
    error_message = "The function's timeout leaves 20 seconds to finish: ${local._dispatch_timeout_seconds}"
  }
  assert {
    condition     = output.effective_pace.default.idle == "wait"
    error_message = "The output gives the act of a tick when no event waits: ${jsonencode(output.effective_pace)}"
  }
}

run "batches_hide_their_messages_for_longer" {
  variables {
    workflow = {
      definition           = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
      events_per_execution = 10
    }
  }

  assert {
    condition     = module.queue["default"].visibility_timeout_seconds == 56 + 20 + 15
    error_message = "A message of a batch stays hidden for longer than dispatch can run."
  }
}
