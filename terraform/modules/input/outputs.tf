# The input, with its defaults.
output "alarms" {
  description = "The input alarms, with its defaults."
  value       = var.alarms
}

output "buckets" {
  description = "The input buckets, with its defaults."
  value       = var.buckets
}

output "dashboard" {
  description = "The input dashboard, with its defaults."
  value       = var.dashboard
}

output "fifo" {
  description = "The input fifo, with its defaults."
  value       = var.fifo
}

output "handlers" {
  description = "The input handlers, with its defaults, the manifest and the place of the zips."
  value = merge(var.handlers, {
    architecture = local._architecture
    manifest     = local._manifest
    directory    = var.handlers.s3 == null ? coalesce(var.handlers.directory, var.dist) : null
  })

  precondition {
    # Here and not beside the type: a rule there cannot read values derived from it.
    condition     = var.handlers.manifest == null ? fileexists(local._manifest_file) : true
    error_message = "There is no ${local._manifest_file}, which names the functions' zips. ${var.handlers.directory == null ? "A release brings it, and a checkout has none: take a release (scripts/release makes one), or build into the checkout (scripts/build --out terraform/dist), or name a build of your own in handlers.directory." : "Build into that directory (scripts/build --out DIRECTORY), or leave handlers.directory out to take the functions that a release brings."}"
  }
  precondition {
    # Without a manifest the rule above has said so.
    condition = var.handlers.manifest == null && !fileexists(local._manifest_file) ? true : alltrue([
      for handler in local._handlers :
      can(local._manifest.handlers[handler][local._architecture])
    ])
    error_message = "The manifest of version ${local._manifest.version} has no ${join(" and no ", [for handler in local._handlers : handler if !can(local._manifest.handlers[handler][local._architecture])])} for ${local._architecture}; it has ${join(", ", flatten([for handler, builds in local._manifest.handlers : [for architecture in keys(builds) : "${handler} for ${architecture}"]]))}. Build it (scripts/build --arch ${local._architecture}), or set another handlers.architecture.${contains(local._handlers, "reconcile") && !can(local._manifest.handlers["reconcile"]) ? " A build without reconcile is of a release before it: reconcile = { enabled = false } does without." : ""}"
  }
}

output "lanes" {
  description = "The lanes; default alone if none is given."
  value       = local._lanes
}

output "ledger" {
  description = "The input ledger, with its defaults."
  value       = var.ledger
}

output "limits" {
  description = "The input limits, with its defaults."
  value       = var.limits
}

output "name" {
  description = "The input name, with its defaults."
  value       = var.name
}

output "pace" {
  description = "The input pace, with its defaults and with the numbers that account_share gives."
  value       = local._pace
}

output "platform" {
  description = "The input platform, with its defaults."
  value       = var.platform
}

output "protect" {
  description = "The input protect, with its defaults."
  value       = var.protect
}

output "reconcile" {
  description = "The input reconcile, with its defaults."
  value       = var.reconcile
}

output "retry" {
  description = "The input retry, with its defaults."
  value       = var.retry
}

output "schedule" {
  description = "The input schedule, with its defaults. A tick that waits for events does so for two periods at most."
  value = merge(var.schedule, {
    tick_seconds = var.schedule.idle == "wait" ? 120 : coalesce(var.schedule.tick_seconds, 56)
  })
}

output "sweep" {
  description = "The input sweep, with its defaults."
  value       = var.sweep
}

output "tenants" {
  description = "The input tenants; null without a bound for each tenant."
  value       = var.tenants
}

output "topics" {
  description = "The input topics, with its defaults."
  value       = var.topics
}

output "trusted_organization_id" {
  description = "The input trusted_organization_id, with its defaults."
  value       = var.trusted_organization_id
}

output "windows" {
  description = "The input windows, with its defaults."
  value       = var.windows
}

output "workflow" {
  description = "The input workflow, with its defaults."
  value       = var.workflow
}

# Values derived from the input.
output "first_lane" {
  description = "The lane that comes first."
  value       = local._first_lane
}

output "functions" {
  description = "The handlers that the pipeline has a function of."
  value       = local._handlers
}

output "lane_order" {
  description = "The lanes, the first one first."
  value       = local._lane_order
}

output "sources" {
  description = "Every source of every bucket, by <bucket>.<source>, with its bucket and its lane."
  value       = local._sources

  precondition {
    condition     = length(local._overlaps) == 0
    error_message = <<-EOT
      These sources of buckets overlap: ${join("; ", [for pair in local._overlaps : "${pair.one} and ${pair.other}"])}.
      S3 refuses that, and by EventBridge one upload would come twice.
      Give them prefixes or suffixes that cannot match the same key, or different event types, reasons or sizes.
    EOT
  }
}
