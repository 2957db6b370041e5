# Every name that a pipeline gives, and no other file makes one.
#
# A name is NAME_KIND, NAME_KIND_PART or NAME_KIND_PART_PART. A kind of the lists below has a fixed
# number of parts, and no part has a _. So no two pipelines can make the same name, for any names of
# theirs and of their lanes, buckets and sources.
locals {
  _handlers = ["dispatch", "ingest", "reconcile", "settle"]

  _queues = {
    ingest_failures    = "${var.name}_ingest-failures"
    outcomes           = "${var.name}_outcomes"
    outcomes_dlq       = "${var.name}_outcomes-dlq"
    reconcile_failures = "${var.name}_reconcile-failures"
  }
  _lanes = {
    for lane in var.lanes : lane => {
      events     = "${var.name}_events_${lane}"
      events_dlq = "${var.name}_events-dlq_${lane}"
      rules_dlq  = "${var.name}_rules-dlq_${lane}"
    }
  }

  # An error of Terraform shows them: they say the remedy.
  _guards = merge(
    {
      for pair in setproduct(["events", "rules-dlq"], var.lanes) :
      "${pair[0]}_${pair[1]}" => "${var.name}_kept-until-protect-is-false_${pair[0]}_${pair[1]}"
    },
    { ingest-failures = "${var.name}_kept-until-protect-is-false_ingest-failures" },
  )

  # An alarm is named as its page in the runbook, and those of a lane or of a
  # function have that name after it.
  _alarms = merge(
    {
      for alarm in [
        "circuit-open", "day-limit", "dead-letters", "drain-time", "failures", "function-limit",
        "lease-stays-taken", "needs-person", "no-tick", "oldest-slot",
        "other-release", "override", "reconcile-failed", "stands-still",
        "throttled-starts", "unhealthy",
      ] : alarm => "${var.name}_alarm_${alarm}"
    },
    { for lane in var.lanes : "oldest-event_${lane}" => "${var.name}_lane-alarm_oldest-event_${lane}" },
    { for calls in ["reads", "writes"] : "ledger-throttled_${calls}" => "${var.name}_ledger-alarm_ledger-throttled_${calls}" },
    {
      for pair in setproduct(["errors", "throttles"], local._handlers) :
      "${pair[0]}_${pair[1]}" => "${var.name}_function-alarm_${pair[0]}_${pair[1]}"
    },
  )
  # Dashboards are the account's and not a Region's.
  _dashboard = "${var.name}_dashboard_${var.region}"

  _functions = { for handler in local._handlers : handler => "${var.name}_${handler}" }
  _machines  = { for machine in ["reconcile", "workflow"] : machine => "${var.name}_${machine}" }
  _rules     = { for rule in ["outcomes", "reconcile", "tick"] : rule => "${var.name}_${rule}" }
  # Under /aws/vendedlogs/, so that log delivery does not fill up the account's
  # one resource policy for logs.
  _log_groups = {
    functions = { for handler, name in local._functions : handler => "/aws/lambda/${name}" }
    machines  = { for machine, name in local._machines : machine => "/aws/vendedlogs/states/${name}" }
  }

  # Notification entries, and rules: these have 64 characters. A dot is in no
  # full name.
  _sources = {
    for source in var.sources :
    source => "${var.name}_on_${replace(source, ".", "_")}"
  }
  _source_rules = {
    for source, name in local._sources : source => (
      length(name) <= 64 ? name : "${substr(name, 0, 47)}.${substr(sha256(name), 0, 16)}"
    )
  }
}

# Roles are the account's and not a Region's. A full name ends with _ and the
# Region, a short one with a dot and 16 hexadecimal digits: none is both.
locals {
  _full_roles = {
    for role in concat(local._handlers, ["reconcile-map", "reconcile-rule", "workflow"]) :
    role => "${var.role_name_prefix}${var.name}_${role}_${var.region}"
  }
  _roles = {
    for role, name in local._full_roles :
    role => length(name) <= 64 ? name : "${substr(name, 0, 47)}.${substr(sha256(name), 0, 16)}"
  }
}
