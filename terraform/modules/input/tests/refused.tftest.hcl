# The refusals of the input: one run per rule. Each starts from terraform.tfvars.

run "name_too_short" {
  command = plan

  variables {
    name = "ab"
  }

  expect_failures = [var.name]
}

run "name_too_long" {
  command = plan

  variables {
    name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  }

  expect_failures = [var.name]
}

run "name_in_upper_case" {
  command = plan

  variables {
    name = "Reports"
  }

  expect_failures = [var.name]
}

run "name_with_a_dash_at_the_end" {
  command = plan

  variables {
    name = "reports-"
  }

  expect_failures = [var.name]
}

run "buckets_none" {
  command = plan

  variables {
    buckets = {}
  }

  expect_failures = [var.buckets]
}

run "buckets_with_a_key_that_is_none" {
  command = plan

  variables {
    buckets = { "a b" = { name = "bucket-a", notification = "owned", sources = { all = {} } } }
  }

  expect_failures = [var.buckets]
}

run "buckets_named_twice" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = {} } }, b = { name = "bucket-a", notification = "owned", sources = { all = {} } } }
  }

  expect_failures = [var.buckets]
}

run "buckets_without_a_source" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = {} } }
  }

  expect_failures = [var.buckets]
}

run "buckets_with_a_notification_that_is_none" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "shared", sources = { all = {} } } }
  }

  expect_failures = [var.buckets]
}

run "buckets_of_an_account_that_is_none" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", account_id = "12345678901", notification = "owned", sources = { all = {} } } }
  }

  expect_failures = [var.buckets]
}

run "buckets_with_a_source_key_that_is_none" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { "All" = {} } } }
  }

  expect_failures = [var.buckets]
}

run "buckets_via_nothing_known" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "kinesis" } } } }
  }

  expect_failures = [var.buckets]
}

run "buckets_without_events" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { events = [] } } } }
  }

  expect_failures = [var.buckets]
}

run "buckets_with_events_of_removal" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { events = ["s3:ObjectRemoved:*"] } } } }
  }

  expect_failures = [var.buckets]
}

run "buckets_with_an_event_that_is_none" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { events = ["s3:ObjectCreated:Upload"] } } } }
  }

  expect_failures = [var.buckets]
}

run "buckets_with_a_wildcard_in_the_prefix" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { prefix = "in/*" } } } }
  }

  expect_failures = [var.buckets]
}

run "buckets_with_a_wildcard_in_the_suffix" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { suffix = "*.json" } } } }
  }

  expect_failures = [var.buckets]
}

run "buckets_with_more_wildcards_than_an_event_bus_has" {
  command = plan

  variables {
    buckets = {
      a = { name = "bucket-a", notification = "owned", sources = { for i in range(16) : "s${i}" => { via = "eventbridge", prefix = "p${i}/", suffix = ".json" } } }
      b = { name = "bucket-b", notification = "owned", sources = { for i in range(15) : "s${i}" => { via = "eventbridge", prefix = "p${i}/", suffix = ".json" } } }
    }
  }

  expect_failures = [var.buckets]
}

run "handlers_nowhere" {
  command = plan

  variables {
    handlers = { manifest = { version = "1.2.3", protocol = 2, handlers = { dispatch = { arm64 = { file = "d.zip", sha256 = "d1", bytes = 1 } }, reconcile = { arm64 = { file = "r.zip", sha256 = "r1", bytes = 1 } }, settle = { arm64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } } } }
  }

  expect_failures = [var.handlers]
}

run "handlers_of_a_checkout" {
  command = plan

  variables {
    handlers = {}
  }

  expect_failures = [output.handlers]
}

run "handlers_in_a_directory_without_a_build" {
  command = plan

  variables {
    handlers = { directory = "nowhere" }
  }

  expect_failures = [output.handlers]
}

run "handlers_in_two_places" {
  command = plan

  variables {
    handlers = { directory = ".", s3 = { bucket = "b" }, manifest = { version = "1.2.3", protocol = 2, handlers = { dispatch = { arm64 = { file = "d.zip", sha256 = "d1", bytes = 1 } }, reconcile = { arm64 = { file = "r.zip", sha256 = "r1", bytes = 1 } }, settle = { arm64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } } } }
  }

  expect_failures = [var.handlers]
}

run "handlers_of_an_architecture_that_is_none" {
  command = plan

  variables {
    handlers = { s3 = { bucket = "artifacts" }, architecture = "arm", manifest = { version = "1.2.3", protocol = 2, handlers = { dispatch = { arm = { file = "d.zip", sha256 = "d1", bytes = 1 } }, reconcile = { arm = { file = "r.zip", sha256 = "r1", bytes = 1 } }, settle = { arm = { file = "s.zip", sha256 = "s1", bytes = 1 } } } } }
  }

  expect_failures = [var.handlers]
}

run "handlers_of_an_architecture_not_built" {
  command = plan

  variables {
    handlers = { architecture = "arm64", s3 = { bucket = "artifacts" }, manifest = { version = "1.2.3", protocol = 2, handlers = { dispatch = { x86_64 = { file = "d.zip", sha256 = "d1", bytes = 1 } }, reconcile = { x86_64 = { file = "r.zip", sha256 = "r1", bytes = 1 } }, settle = { x86_64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } } } }
  }

  expect_failures = [output.handlers]
}

run "handlers_not_all_built" {
  command = plan

  variables {
    handlers = { s3 = { bucket = "artifacts" }, manifest = { version = "1.2.3", protocol = 2, handlers = { dispatch = { arm64 = { file = "d.zip", sha256 = "d1", bytes = 1 } }, reconcile = { arm64 = { file = "r.zip", sha256 = "r1", bytes = 1 } } } } }
  }

  expect_failures = [output.handlers]
}

run "handlers_without_reconcile" {
  command = plan

  variables {
    handlers = { s3 = { bucket = "artifacts" }, manifest = { version = "1.2.3", protocol = 2, handlers = { dispatch = { arm64 = { file = "d.zip", sha256 = "d1", bytes = 1 } }, settle = { arm64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } } } }
  }

  expect_failures = [output.handlers]
}

run "ledger_that_forgets_too_soon" {
  command = plan

  variables {
    ledger = { retention_days = 28 }
  }

  expect_failures = [var.ledger]
}

run "ledger_that_forgets_too_late" {
  command = plan

  variables {
    ledger = { retention_days = 3651 }
  }

  expect_failures = [var.ledger]
}

run "ledger_that_is_no_table" {
  command = plan

  variables {
    ledger = { table = { arn = "reports_ledger-restored" } }
  }

  expect_failures = [var.ledger]
}

run "pace_without_a_slot" {
  command = plan

  variables {
    pace = { max_concurrency = 0 }
  }

  expect_failures = [var.pace]
}

run "pace_with_half_a_slot" {
  command = plan

  variables {
    pace = { max_concurrency = 1.5 }
  }

  expect_failures = [var.pace]
}

run "pace_with_too_many_slots" {
  command = plan

  variables {
    pace = { max_concurrency = 10001 }
  }

  expect_failures = [var.pace]
}

run "pace_that_stands_still" {
  command = plan

  variables {
    pace = { max_concurrency = 10, starts_per_second = 0 }
  }

  expect_failures = [var.pace]
}

run "pace_that_is_too_fast" {
  command = plan

  variables {
    pace = { max_concurrency = 10, starts_per_second = 400.5 }
  }

  expect_failures = [var.pace]
}

run "pace_with_two_slot_partitions" {
  command = plan

  variables {
    pace = { max_concurrency = 10, slot_partitions = 2 }
  }

  expect_failures = [var.pace]
}

run "pace_with_too_many_slots_for_sixteen_partitions" {
  command = plan

  variables {
    pace = { max_concurrency = 100001, slot_partitions = 16 }
  }

  expect_failures = [var.pace]
}

run "pace_with_more_slots_than_fit_into_the_memory" {
  command = plan

  variables {
    handlers = { dispatch = { memory_mb = 128 } }
    pace     = { max_concurrency = 30001, slot_partitions = 16 }
  }

  expect_failures = [var.handlers]
}

run "pace_that_is_too_fast_for_sixteen_partitions" {
  command = plan

  variables {
    pace = { max_concurrency = 10, starts_per_second = 4000.5, slot_partitions = 16 }
  }

  expect_failures = [var.pace]
}

run "pace_that_adapts_to_no_error" {
  command = plan

  variables {
    pace = { max_concurrency = 10, adapt = { errors = [] } }
  }

  expect_failures = [var.pace]
}

run "pace_that_adapts_to_every_error" {
  command = plan

  variables {
    pace = { max_concurrency = 10, adapt = { errors = ["*Throttl*", "**"] } }
  }

  expect_failures = [var.pace]
}

run "pace_that_adapts_at_any_share" {
  command = plan

  variables {
    pace = { max_concurrency = 10, adapt = { errors = ["*Throttl*"], tolerated_share = 1 } }
  }

  expect_failures = [var.pace]
}

run "pace_that_adapts_above_the_pace" {
  command = plan

  variables {
    pace = { max_concurrency = 10, adapt = { errors = ["*Throttl*"], slowest_starts_per_second = 25.5 } }
  }

  expect_failures = [var.pace]
}

run "pace_that_adapts_and_counts_in_halves" {
  command = plan

  variables {
    pace = { max_concurrency = 10, adapt = { errors = ["*Throttl*"], uncounted_max = 0.5 } }
  }

  expect_failures = [var.pace]
}

run "pace_without_a_burst" {
  command = plan

  variables {
    pace = { max_concurrency = 10, burst = 0 }
  }

  expect_failures = [var.pace]
}

run "pace_with_too_big_a_burst" {
  command = plan

  variables {
    pace = { max_concurrency = 10, burst = 1001 }
  }

  expect_failures = [var.pace]
}

run "pace_without_a_start_per_tick" {
  command = plan

  variables {
    pace = { max_concurrency = 10, starts_per_tick = 0 }
  }

  expect_failures = [var.pace]
}

run "platform_with_a_path_that_is_none" {
  command = plan

  variables {
    platform = { iam = { path = "pipelines" } }
  }

  expect_failures = [var.platform]
}

run "platform_with_code_signing_that_is_none" {
  command = plan

  variables {
    platform = { code_signing = { arn = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/ours" } }
  }

  expect_failures = [var.platform]
}

run "platform_with_a_network_without_subnets" {
  command = plan

  variables {
    platform = { vpc = { security_group_ids = ["sg-0123456789abcdef0"], subnet_ids = [] } }
  }

  expect_failures = [var.platform]
}

run "platform_with_a_subnet_that_is_none" {
  command = plan

  variables {
    platform = { vpc = { security_group_ids = ["sg-0123456789abcdef0"], subnet_ids = ["10.0.0.0/24"] } }
  }

  expect_failures = [var.platform]
}

run "platform_with_a_boundary_that_is_none" {
  command = plan

  variables {
    platform = { iam = { permissions_boundary = "boundary" } }
  }

  expect_failures = [var.platform]
}

run "platform_with_a_role_prefix_that_is_none" {
  command = plan

  variables {
    platform = { iam = { role_name_prefix = "team/" } }
  }

  expect_failures = [var.platform]
}

run "platform_with_a_role_prefix_that_a_name_could_go_on" {
  command = plan

  variables {
    platform = { iam = { role_name_prefix = "team-" } }
  }

  expect_failures = [var.platform]
}

run "platform_that_keeps_logs_for_odd_days" {
  command = plan

  variables {
    platform = { logs = { retention_days = 31 } }
  }

  expect_failures = [var.platform]
}

run "retry_without_an_attempt" {
  command = plan

  variables {
    retry = { max_attempts = 0 }
  }

  expect_failures = [var.retry]
}

run "retry_without_a_backoff" {
  command = plan

  variables {
    retry = { backoff_seconds = [] }
  }

  expect_failures = [var.retry]
}

run "retry_that_waits_too_long" {
  command = plan

  variables {
    retry = { backoff_seconds = [30, 901] }
  }

  expect_failures = [var.retry]
}

run "retry_that_waits_less_than_nothing" {
  command = plan

  variables {
    retry = { backoff_seconds = [-1] }
  }

  expect_failures = [var.retry]
}

run "schedule_in_seconds" {
  command = plan

  variables {
    schedule = { expression = "rate(30 seconds)" }
  }

  expect_failures = [var.schedule]
}

run "schedule_with_a_wrong_plural" {
  command = plan

  variables {
    schedule = { expression = "rate(1 minutes)" }
  }

  expect_failures = [var.schedule]
}

run "schedule_of_nothing" {
  command = plan

  variables {
    schedule = { expression = "rate(0 minutes)" }
  }

  expect_failures = [var.schedule]
}

run "schedule_with_five_fields" {
  command = plan

  variables {
    schedule = { expression = "cron(*/5 * * * *)" }
  }

  expect_failures = [var.schedule]
}

run "schedule_with_both_days" {
  command = plan

  variables {
    schedule = { expression = "cron(0 10 * * * *)" }
  }

  expect_failures = [var.schedule]
}

run "schedule_that_is_no_expression" {
  command = plan

  variables {
    schedule = { expression = "every minute" }
  }

  expect_failures = [var.schedule]
}

run "schedule_with_a_tick_of_nothing" {
  command = plan

  variables {
    schedule = { tick_seconds = 0 }
  }

  expect_failures = [var.schedule]
}

run "schedule_with_a_tick_too_long" {
  command = plan

  variables {
    schedule = { expression = "rate(5 minutes)", tick_seconds = 101 }
  }

  expect_failures = [var.schedule]
}

run "schedule_with_a_tick_that_meets_the_next" {
  command = plan

  variables {
    schedule = { tick_seconds = 59 }
  }

  expect_failures = [var.schedule]
}

run "sweep_at_once" {
  command = plan

  variables {
    sweep = { after_seconds = 0 }
  }

  expect_failures = [var.sweep]
}

run "sweep_of_nothing" {
  command = plan

  variables {
    sweep = { per_tick = 0 }
  }

  expect_failures = [var.sweep]
}

run "sweep_of_too_much" {
  command = plan

  variables {
    sweep = { per_tick = 101 }
  }

  expect_failures = [var.sweep]
}

# tests/terraform/test_messages_of_refusals.py compares the message of each.
run "reconcile_out_of_range" {
  command = plan

  variables {
    reconcile = {
      schedule            = "every day"
      stale_after_seconds = 900
      max_concurrency     = 0
      list                = { buckets = ["a"], min_age_seconds = -1 }
    }
  }

  expect_failures = [var.reconcile]
}

run "reconcile_of_what_cannot_be_listed" {
  command = plan

  variables {
    buckets = {
      a     = { name = "bucket-a", notification = "owned", sources = { all = { events = ["s3:ObjectCreated:Put"] } } }
      small = { name = "bucket-s", notification = "owned", sources = { all = { via = "eventbridge", max_size = 9 } } }
      away  = { name = "bucket-b", account_id = "444455556666", notification = "owned", sources = { all = {} } }
    }
    reconcile = { list = { buckets = ["a", "away", "b"], inventories = { small = { bucket = "inventories" } } } }
  }

  expect_failures = [var.reconcile]
}

run "reconcile_off_with_a_list_of_nothing" {
  command = plan

  variables {
    reconcile = { enabled = false, list = { scheduled = true } }
  }

  expect_failures = [var.reconcile]
}
