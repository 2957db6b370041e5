# Inputs of the time and the rate of starts that the composition takes. Its refusals are in
# modules/input/tests.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name    = "reports"
  buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = {} } } }

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

run "windows_of_all_kinds" {
  command = plan

  variables {
    windows = {
      night  = { priority = 1, timezone = "Asia/Seoul", from = "20:00", to = "24:00", pace = { max_concurrency = 500 } }
      late   = { priority = 2, timezone = "America/Argentina/Buenos_Aires", from = "22:00", to = "06:00", days = ["MON", "SUN"], pace = { starts_per_second = 0.5 } }
      freeze = { priority = 0, dates = ["2026-12-24/2026-12-27", "2028-02-29"], pause = true }
    }
  }
}

run "schedule_of_any_kind" {
  command = plan

  module {
    source = "./modules/input"
  }

  variables {
    schedule = { expression = "cron(5,35 14 1-15 JAN,FEB-MAR ? *)", tick_seconds = 30 }
  }

  assert {
    condition     = can(regex(module.forms.schedule, var.schedule.expression))
    error_message = "The composition takes the same inputs as the modules."
  }
}

run "pace_that_adapts" {
  command = plan

  variables {
    pace = { max_concurrency = 10, adapt = { errors = ["*Throttl*", "States.Timeout"] } }
  }

  assert {
    condition = alltrue([
      for function in [module.dispatch, module.settle] : function.environment.SPILLWAY_ADAPT == jsonencode({
        errors = ["*Throttl*", "States.Timeout"], slowest_starts_per_second = 0.1, tolerated_share = 0.05, uncounted_max = 20
      })
    ])
    error_message = "Both functions go by the same: ${jsonencode(module.dispatch.environment)}"
  }
}

run "tenants_by_a_segment" {
  command = plan

  variables {
    tenants = { by = 2, max_concurrency = 500 }
    windows = { night = { priority = 1, from = "20:00", pace = { max_concurrency = 500 } } }
  }

  assert {
    condition     = module.dispatch.environment.SPILLWAY_TENANTS == jsonencode({ by = "2", max_concurrency = 500 })
    error_message = "dispatch bounds each tenant: ${jsonencode(module.dispatch.environment)}"
  }
  assert {
    condition     = !contains(keys(module.settle.environment), "SPILLWAY_TENANTS")
    error_message = "settle knows nothing of tenants: ${jsonencode(module.settle.environment)}"
  }
  assert {
    condition     = terraform_data.numbers.input.tenants.max_concurrency == 500
    error_message = "spillway plan reads them: ${jsonencode(terraform_data.numbers.input)}"
  }
}

run "tenants_by_a_pattern" {
  command = plan

  variables {
    tenants = { by = "(?i)^in/\\d{4}/(?:eu|us)\\.device-([a-z0-9-]{1,40})/", max_concurrency = 1 }
  }

  assert {
    condition     = jsondecode(module.dispatch.environment.SPILLWAY_TENANTS).by == var.tenants.by
    error_message = "The pattern comes as it is: ${jsonencode(module.dispatch.environment)}"
  }
}

run "no_tenants" {
  command = plan

  assert {
    condition     = !contains(keys(module.dispatch.environment), "SPILLWAY_TENANTS") && terraform_data.numbers.input.tenants == null
    error_message = "Nothing is bounded by tenants: ${jsonencode(module.dispatch.environment)}"
  }
}

run "pace_of_sixteen_partitions" {
  command = plan

  variables {
    pace    = { max_concurrency = 100000, starts_per_second = 4000, slot_partitions = 16 }
    windows = { night = { priority = 1, pace = { max_concurrency = 50000, starts_per_second = 3000 } } }
  }
}

run "a_share_of_the_accounts_quota" {
  command = plan

  variables {
    pace = { max_concurrency = 10, account_share = { share = 0.2, quota_per_second = 150, quota_burst = 800 } }
  }

  assert {
    condition     = output.effective_pace.default.starts_per_second == 30 && output.effective_pace.default.burst == 160
    error_message = "A fifth of 150 a second and of 800 at once: ${jsonencode(output.effective_pace.default)}"
  }
}

run "a_large_share_stays_within_what_the_ledger_takes" {
  command = plan

  variables {
    pace = { max_concurrency = 10, account_share = { share = 0.8, quota_per_second = 2000, quota_burst = 5000 } }
  }

  assert {
    condition     = output.effective_pace.default.starts_per_second == 400 && output.effective_pace.default.burst == 1000
    error_message = "No more than 400 a second and 1000 at once: ${jsonencode(output.effective_pace.default)}"
  }
}

run "no_share" {
  command = plan

  assert {
    condition     = output.effective_pace.default.starts_per_second == 25 && output.effective_pace.default.burst == 50
    error_message = "25 a second and 50 at once: ${jsonencode(output.effective_pace.default)}"
  }
}
