# Alarms and dashboard, as the composition makes them.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name = "reports"

  buckets = {
    ours = { name = "our-bucket", notification = "owned", sources = { all = {} } }
  }

  workflow = { definition = "{\"StartAt\": \"Done\", \"TimeoutSeconds\": 900, \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}" }

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

run "no_alarms" {
  command = plan

  assert {
    condition     = output.alarms == null && output.dashboard_url == null
    error_message = "Without a topic nobody is told, and nothing is paid for."
  }
}

run "alarms_and_a_dashboard" {
  variables {
    alarms    = { topics = [{ arn = "arn:aws:sns:eu-central-1:111122223333:oncall" }], oldest_event_seconds = 3600, unhealthy = true }
    dashboard = true
    limits    = { starts_per_day = 1000 }
    pace      = { max_concurrency = 10, adapt = { errors = ["*Throttl*"] } }
    lanes     = { urgent = { priority = 1 }, default = { priority = 2 } }
  }

  assert {
    condition = join(" ", keys(output.alarms.names)) == join(" ", [
      "circuit-open", "day-limit", "dead-letters", "errors_dispatch", "errors_reconcile", "errors_settle",
      "failures", "function-limit", "lease-stays-taken", "ledger-throttled_reads", "ledger-throttled_writes", "needs-person",
      "no-tick", "oldest-event_default", "oldest-event_urgent", "oldest-slot", "other-release",
      "override", "reconcile-failed", "stands-still", "throttled-starts",
      "throttles_dispatch", "throttles_settle",
    ])
    error_message = "The pipeline has the alarms of its own parts: ${jsonencode(keys(output.alarms.names))}"
  }
  assert {
    condition     = module.alarms[0].thresholds["oldest-event_default"] == 3600 && module.alarms[0].thresholds["oldest-slot"] == 900 + 300 + 1800
    error_message = "The bounds arrive, and a slot can be as old as the workflow and the sweep make it."
  }
  assert {
    condition     = output.alarms.metrics == 23 && output.alarms.unhealthy_arn != null
    error_message = "${output.alarms.metrics} metrics are paid for."
  }
  assert {
    condition     = strcontains(output.dashboard_url, "reports_dashboard_eu-central-1")
    error_message = "The dashboard is the Region's: ${output.dashboard_url}"
  }
}
