# The composition's refusals about the time and the rate of starts: one run per rule.

run "windows_called_default" {
  command = plan

  variables {
    windows = { default = { priority = 1, pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_with_a_name_that_is_none" {
  command = plan

  variables {
    windows = { "Night shift" = { priority = 1, pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_too_many" {
  command = plan

  variables {
    windows = { for i in range(51) : "w${i}" => { priority = i, pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_of_one_priority" {
  command = plan

  variables {
    windows = { one = { priority = 1, pause = true }, two = { priority = 1, pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_below_every_priority" {
  command = plan

  variables {
    windows = { night = { priority = -1, pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_in_a_zone_that_is_none" {
  command = plan

  variables {
    windows = { night = { priority = 1, timezone = "Asia/Soul", pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_in_a_zone_by_offset" {
  command = plan

  variables {
    windows = { night = { priority = 1, timezone = "+09:00", pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_from_midnight_as_24" {
  command = plan

  variables {
    windows = { night = { priority = 1, from = "24:00", pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_with_a_time_of_one_digit" {
  command = plan

  variables {
    windows = { night = { priority = 1, from = "8:00", pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_after_midnight_as_25" {
  command = plan

  variables {
    windows = { night = { priority = 1, to = "25:00", pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_with_a_minute_too_much" {
  command = plan

  variables {
    windows = { night = { priority = 1, to = "20:60", pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_past_24" {
  command = plan

  variables {
    windows = { night = { priority = 1, to = "24:01", pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_that_end_when_they_begin" {
  command = plan

  variables {
    windows = { night = { priority = 1, from = "08:00", to = "08:00", pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_on_a_day_that_is_none" {
  command = plan

  variables {
    windows = { night = { priority = 1, days = ["Monday"], pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_on_no_day" {
  command = plan

  variables {
    windows = { night = { priority = 1, days = [], pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_on_a_date_that_is_none" {
  command = plan

  variables {
    windows = { night = { priority = 1, dates = ["2026-02-30"], pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_on_dates_the_wrong_way_round" {
  command = plan

  variables {
    windows = { night = { priority = 1, dates = ["2026-12-27/2026-12-24"], pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_on_a_date_in_words" {
  command = plan

  variables {
    windows = { night = { priority = 1, dates = ["24 December"], pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_on_no_date" {
  command = plan

  variables {
    windows = { night = { priority = 1, dates = [], pause = true } }
  }

  expect_failures = [var.windows]
}

run "windows_that_change_nothing" {
  command = plan

  variables {
    windows = { night = { priority = 1, from = "08:00" } }
  }

  expect_failures = [var.windows]
}

run "windows_with_an_empty_pace" {
  command = plan

  variables {
    windows = { night = { priority = 1, pace = {} } }
  }

  expect_failures = [var.windows]
}

run "windows_with_too_much_at_once" {
  command = plan

  variables {
    windows = { night = { priority = 1, pace = { max_concurrency = 10001 } } }
  }

  expect_failures = [var.windows]
}

run "windows_with_too_much_at_once_for_sixteen_partitions" {
  command = plan

  variables {
    pace    = { max_concurrency = 10, slot_partitions = 16 }
    windows = { night = { priority = 1, pace = { max_concurrency = 100001 } } }
  }

  expect_failures = [var.windows]
}

run "windows_with_more_slots_than_fit_into_the_memory" {
  command = plan

  variables {
    handlers = { dispatch = { memory_mb = 128 } }
    pace     = { max_concurrency = 10, slot_partitions = 16 }
    windows  = { night = { priority = 1, pace = { max_concurrency = 30001 } } }
  }

  expect_failures = [var.handlers]
}

run "windows_that_are_too_fast_for_one_partition" {
  command = plan

  variables {
    windows = { night = { priority = 1, pace = { starts_per_second = 401 } } }
  }

  expect_failures = [var.windows]
}

run "windows_with_a_lane_that_is_none" {
  command = plan

  variables {
    lanes   = { bulk = { priority = 1 }, default = { priority = 2 } }
    windows = { night = { priority = 1, lanes = { bluk = { max_concurrency = 5 } } } }
  }

  expect_failures = [var.windows]
}

run "windows_that_bound_the_only_lane" {
  command = plan

  variables {
    windows = { night = { priority = 1, lanes = { default = { max_concurrency = 5 } } } }
  }

  expect_failures = [var.windows]
}

run "windows_with_a_lane_above_the_pipelines" {
  command = plan

  variables {
    lanes   = { bulk = { priority = 1 }, default = { priority = 2 } }
    windows = { night = { priority = 1, lanes = { bulk = { max_concurrency = 101 } } } }
  }

  expect_failures = [var.windows]
}

run "windows_that_stand_still" {
  command = plan

  variables {
    windows = { night = { priority = 1, pace = { starts_per_second = 0 } } }
  }

  expect_failures = [var.windows]
}

run "windows_with_too_big_a_burst" {
  command = plan

  variables {
    windows = { night = { priority = 1, pace = { burst = 1001 } } }
  }

  expect_failures = [var.windows]
}

run "windows_with_half_a_start" {
  command = plan

  variables {
    windows = { night = { priority = 1, pace = { starts_per_tick = 0.5 } } }
  }

  expect_failures = [var.windows]
}

run "limits_of_nothing" {
  command = plan

  variables {
    limits = { starts_per_day = 0 }
  }

  expect_failures = [var.limits]
}

run "limits_of_half_a_start" {
  command = plan

  variables {
    limits = { starts_per_day = 1.5 }
  }

  expect_failures = [var.limits]
}

run "schedule_with_minute_60" {
  command = plan

  variables {
    schedule = { expression = "cron(60 * * * ? *)" }
  }

  expect_failures = [var.schedule]
}

run "schedule_by_cron_that_meets_the_next" {
  command = plan

  variables {
    schedule = { expression = "cron(* * * * ? *)", tick_seconds = 59 }
  }

  expect_failures = [var.schedule]
}

run "schedule_by_step_that_meets_the_next" {
  command = plan

  variables {
    schedule = { expression = "cron(0/1 8-17 ? * MON-FRI *)", tick_seconds = 59 }
  }

  expect_failures = [var.schedule]
}

run "idle_of_another_kind" {
  command = plan

  variables {
    schedule = { idle = "sleep" }
  }

  expect_failures = [var.schedule]
}

run "wait_with_a_slower_schedule" {
  command = plan

  variables {
    schedule = { idle = "wait", expression = "rate(5 minutes)" }
  }

  expect_failures = [var.schedule]
}

run "wait_with_cron" {
  command = plan

  variables {
    schedule = { idle = "wait", expression = "cron(* * * * ? *)" }
  }

  expect_failures = [var.schedule]
}

run "wait_with_tick_seconds" {
  command = plan

  variables {
    schedule = { idle = "wait", tick_seconds = 56 }
  }

  expect_failures = [var.schedule]
}

run "wait_with_one_reserved" {
  command = plan

  variables {
    schedule = { idle = "wait" }
    handlers = merge(var.handlers, { dispatch = { reserved_concurrency = 1 } })
  }

  expect_failures = [var.handlers]
}

run "a_share_of_more_than_all" {
  command = plan

  variables {
    pace = { max_concurrency = 10, account_share = { share = 1.5, quota_per_second = 150, quota_burst = 800 } }
  }

  expect_failures = [var.pace]
}

run "a_share_of_no_quota" {
  command = plan

  variables {
    pace = { max_concurrency = 10, account_share = { share = 0.5, quota_per_second = 0, quota_burst = 800 } }
  }

  expect_failures = [var.pace]
}

run "a_share_and_a_number_of_starts" {
  command = plan

  variables {
    pace = { max_concurrency = 10, starts_per_second = 25, account_share = { share = 0.5, quota_per_second = 150, quota_burst = 800 } }
  }

  expect_failures = [var.pace]
}

run "tenants_by_segment_zero" {
  command = plan

  variables {
    tenants = { by = "0", max_concurrency = 5 }
  }

  expect_failures = [var.tenants]
}

run "tenants_by_nothing" {
  command = plan

  variables {
    tenants = { by = "", max_concurrency = 5 }
  }

  expect_failures = [var.tenants]
}

run "tenants_by_a_pattern_that_is_none" {
  command = plan

  variables {
    tenants = { by = "^in/(", max_concurrency = 5 }
  }

  expect_failures = [var.tenants]
}

run "tenants_by_a_pattern_without_a_group" {
  command = plan

  variables {
    tenants = { by = "^in/", max_concurrency = 5 }
  }

  expect_failures = [var.tenants]
}

run "tenants_by_a_pattern_with_two_groups" {
  command = plan

  variables {
    tenants = { by = "^(in|out)/([^/]+)/", max_concurrency = 5 }
  }

  expect_failures = [var.tenants]
}

run "tenants_by_a_class_of_unicode" {
  command = plan

  variables {
    tenants = { by = "^(\\p{L}+)/", max_concurrency = 5 }
  }

  expect_failures = [var.tenants]
}

run "tenants_by_a_named_group" {
  command = plan

  variables {
    tenants = { by = "^(?P<tenant>[^/]+)/", max_concurrency = 5 }
  }

  expect_failures = [var.tenants]
}

run "tenants_by_a_class_in_a_class" {
  command = plan

  variables {
    tenants = { by = "^([[:alpha:]]+)/", max_concurrency = 5 }
  }

  expect_failures = [var.tenants]
}

run "tenants_by_an_open_brace" {
  command = plan

  variables {
    tenants = { by = "^{([^/]+)/", max_concurrency = 5 }
  }

  expect_failures = [var.tenants]
}

run "tenants_by_a_pattern_that_is_too_long" {
  command = plan

  variables {
    tenants = { by = format("^(%0256d)/", 0), max_concurrency = 5 }
  }

  expect_failures = [var.tenants]
}

run "tenants_of_which_none_starts" {
  command = plan

  variables {
    tenants = { by = "1", max_concurrency = 0 }
  }

  expect_failures = [var.tenants]
}

run "tenants_with_half_an_execution" {
  command = plan

  variables {
    tenants = { by = "1", max_concurrency = 1.5 }
  }

  expect_failures = [var.tenants]
}

run "tenants_with_more_than_the_pipeline" {
  command = plan

  variables {
    tenants = { by = "1", max_concurrency = 101 }
  }

  expect_failures = [var.tenants]
}

run "tenants_with_an_order" {
  command = plan

  variables {
    tenants  = { by = "1", max_concurrency = 5 }
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "latest" }
  }

  expect_failures = [var.tenants]
}

run "tenants_with_a_batch" {
  command = plan

  variables {
    tenants  = { by = "1", max_concurrency = 5 }
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", events_per_execution = 10 }
  }

  expect_failures = [var.tenants]
}

run "tenants_with_fifo" {
  command = plan

  variables {
    tenants = { by = "1", max_concurrency = 5 }
    fifo    = true
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "lambda" } } } }
  }

  expect_failures = [var.tenants]
}
