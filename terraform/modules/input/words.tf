# Written by scripts/variables from the types: the objects that were given, and the
# same with every word, by their places.
#
# No try() and no can() here: both are unknown as soon as anything inside is, such
# as a bucket's name.
locals {
  _sides = {
    given = var.given
    known = {
      buckets   = var.buckets
      workflow  = var.workflow
      alarms    = var.alarms
      handlers  = var.handlers
      lanes     = var.lanes
      ledger    = var.ledger
      limits    = var.limits
      pace      = var.pace
      platform  = var.platform
      reconcile = var.reconcile
      retry     = var.retry
      schedule  = var.schedule
      sweep     = var.sweep
      tenants   = var.tenants
      topics    = var.topics
      windows   = var.windows
    }
  }

  _of_buckets = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "buckets", null)] : {
        for key, one in found : "buckets.${key}" => one if one != null
      } if found != null
    ]...)
  }

  _of_buckets_sources = {
    for side, objects in local._of_buckets : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "sources", null)] : {
          for key, one in found : "${place}.sources.${key}" => one if one != null
        } if found != null
      ]
    ])...)
  }

  _of_workflow = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "workflow", null)] : {
        for only in [found] : "workflow" => only
      } if found != null
    ]...)
  }

  _of_workflow_state_machine = {
    for side, objects in local._of_workflow : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "state_machine", null)] : {
          for only in [found] : "${place}.state_machine" => only
        } if found != null
      ]
    ])...)
  }

  _of_workflow_alias = {
    for side, objects in local._of_workflow : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "alias", null)] : {
          for only in [found] : "${place}.alias" => only
        } if found != null
      ]
    ])...)
  }

  _of_workflow_policy_statements = {
    for side, objects in local._of_workflow : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "policy_statements", null)] : {
          for number, one in found : "${place}.policy_statements[${number}]" => one if one != null
        } if found != null
      ]
    ])...)
  }

  _of_alarms = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "alarms", null)] : {
        for only in [found] : "alarms" => only
      } if found != null
    ]...)
  }

  _of_alarms_topics = {
    for side, objects in local._of_alarms : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "topics", null)] : {
          for number, one in found : "${place}.topics[${number}]" => one if one != null
        } if found != null
      ]
    ])...)
  }

  _of_handlers = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "handlers", null)] : {
        for only in [found] : "handlers" => only
      } if found != null
    ]...)
  }

  _of_handlers_s3 = {
    for side, objects in local._of_handlers : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "s3", null)] : {
          for only in [found] : "${place}.s3" => only
        } if found != null
      ]
    ])...)
  }

  _of_handlers_dispatch = {
    for side, objects in local._of_handlers : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "dispatch", null)] : {
          for only in [found] : "${place}.dispatch" => only
        } if found != null
      ]
    ])...)
  }

  _of_handlers_ingest = {
    for side, objects in local._of_handlers : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "ingest", null)] : {
          for only in [found] : "${place}.ingest" => only
        } if found != null
      ]
    ])...)
  }

  _of_handlers_reconcile = {
    for side, objects in local._of_handlers : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "reconcile", null)] : {
          for only in [found] : "${place}.reconcile" => only
        } if found != null
      ]
    ])...)
  }

  _of_handlers_settle = {
    for side, objects in local._of_handlers : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "settle", null)] : {
          for only in [found] : "${place}.settle" => only
        } if found != null
      ]
    ])...)
  }

  _of_lanes = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "lanes", null)] : {
        for key, one in found : "lanes.${key}" => one if one != null
      } if found != null
    ]...)
  }

  _of_ledger = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "ledger", null)] : {
        for only in [found] : "ledger" => only
      } if found != null
    ]...)
  }

  _of_ledger_table = {
    for side, objects in local._of_ledger : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "table", null)] : {
          for only in [found] : "${place}.table" => only
        } if found != null
      ]
    ])...)
  }

  _of_limits = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "limits", null)] : {
        for only in [found] : "limits" => only
      } if found != null
    ]...)
  }

  _of_pace = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "pace", null)] : {
        for only in [found] : "pace" => only
      } if found != null
    ]...)
  }

  _of_pace_account_share = {
    for side, objects in local._of_pace : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "account_share", null)] : {
          for only in [found] : "${place}.account_share" => only
        } if found != null
      ]
    ])...)
  }

  _of_pace_adapt = {
    for side, objects in local._of_pace : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "adapt", null)] : {
          for only in [found] : "${place}.adapt" => only
        } if found != null
      ]
    ])...)
  }

  _of_platform = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "platform", null)] : {
        for only in [found] : "platform" => only
      } if found != null
    ]...)
  }

  _of_platform_code_signing = {
    for side, objects in local._of_platform : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "code_signing", null)] : {
          for only in [found] : "${place}.code_signing" => only
        } if found != null
      ]
    ])...)
  }

  _of_platform_iam = {
    for side, objects in local._of_platform : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "iam", null)] : {
          for only in [found] : "${place}.iam" => only
        } if found != null
      ]
    ])...)
  }

  _of_platform_kms_key = {
    for side, objects in local._of_platform : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "kms_key", null)] : {
          for only in [found] : "${place}.kms_key" => only
        } if found != null
      ]
    ])...)
  }

  _of_platform_logs = {
    for side, objects in local._of_platform : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "logs", null)] : {
          for only in [found] : "${place}.logs" => only
        } if found != null
      ]
    ])...)
  }

  _of_platform_vpc = {
    for side, objects in local._of_platform : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "vpc", null)] : {
          for only in [found] : "${place}.vpc" => only
        } if found != null
      ]
    ])...)
  }

  _of_reconcile = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "reconcile", null)] : {
        for only in [found] : "reconcile" => only
      } if found != null
    ]...)
  }

  _of_reconcile_list = {
    for side, objects in local._of_reconcile : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "list", null)] : {
          for only in [found] : "${place}.list" => only
        } if found != null
      ]
    ])...)
  }

  _of_reconcile_list_inventories = {
    for side, objects in local._of_reconcile_list : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "inventories", null)] : {
          for key, one in found : "${place}.inventories.${key}" => one if one != null
        } if found != null
      ]
    ])...)
  }

  _of_retry = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "retry", null)] : {
        for only in [found] : "retry" => only
      } if found != null
    ]...)
  }

  _of_schedule = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "schedule", null)] : {
        for only in [found] : "schedule" => only
      } if found != null
    ]...)
  }

  _of_sweep = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "sweep", null)] : {
        for only in [found] : "sweep" => only
      } if found != null
    ]...)
  }

  _of_tenants = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "tenants", null)] : {
        for only in [found] : "tenants" => only
      } if found != null
    ]...)
  }

  _of_topics = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "topics", null)] : {
        for key, one in found : "topics.${key}" => one if one != null
      } if found != null
    ]...)
  }

  _of_windows = {
    for side, object in local._sides : side => merge([
      for found in [lookup(object, "windows", null)] : {
        for key, one in found : "windows.${key}" => one if one != null
      } if found != null
    ]...)
  }

  _of_windows_pace = {
    for side, objects in local._of_windows : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "pace", null)] : {
          for only in [found] : "${place}.pace" => only
        } if found != null
      ]
    ])...)
  }

  _of_windows_lanes = {
    for side, objects in local._of_windows : side => merge(flatten([
      for place, object in objects : [
        for found in [lookup(object, "lanes", null)] : {
          for key, one in found : "${place}.lanes.${key}" => one if one != null
        } if found != null
      ]
    ])...)
  }

  _words = {
    for side in ["given", "known"] : side => merge(
      { for place, object in local._of_buckets[side] : place => keys(object) },
      { for place, object in local._of_buckets_sources[side] : place => keys(object) },
      { for place, object in local._of_workflow[side] : place => keys(object) },
      { for place, object in local._of_workflow_state_machine[side] : place => keys(object) },
      { for place, object in local._of_workflow_alias[side] : place => keys(object) },
      { for place, object in local._of_workflow_policy_statements[side] : place => keys(object) },
      { for place, object in local._of_alarms[side] : place => keys(object) },
      { for place, object in local._of_alarms_topics[side] : place => keys(object) },
      { for place, object in local._of_handlers[side] : place => keys(object) },
      { for place, object in local._of_handlers_s3[side] : place => keys(object) },
      { for place, object in local._of_handlers_dispatch[side] : place => keys(object) },
      { for place, object in local._of_handlers_ingest[side] : place => keys(object) },
      { for place, object in local._of_handlers_reconcile[side] : place => keys(object) },
      { for place, object in local._of_handlers_settle[side] : place => keys(object) },
      { for place, object in local._of_lanes[side] : place => keys(object) },
      { for place, object in local._of_ledger[side] : place => keys(object) },
      { for place, object in local._of_ledger_table[side] : place => keys(object) },
      { for place, object in local._of_limits[side] : place => keys(object) },
      { for place, object in local._of_pace[side] : place => keys(object) },
      { for place, object in local._of_pace_account_share[side] : place => keys(object) },
      { for place, object in local._of_pace_adapt[side] : place => keys(object) },
      { for place, object in local._of_platform[side] : place => keys(object) },
      { for place, object in local._of_platform_code_signing[side] : place => keys(object) },
      { for place, object in local._of_platform_iam[side] : place => keys(object) },
      { for place, object in local._of_platform_kms_key[side] : place => keys(object) },
      { for place, object in local._of_platform_logs[side] : place => keys(object) },
      { for place, object in local._of_platform_vpc[side] : place => keys(object) },
      { for place, object in local._of_reconcile[side] : place => keys(object) },
      { for place, object in local._of_reconcile_list[side] : place => keys(object) },
      { for place, object in local._of_reconcile_list_inventories[side] : place => keys(object) },
      { for place, object in local._of_retry[side] : place => keys(object) },
      { for place, object in local._of_schedule[side] : place => keys(object) },
      { for place, object in local._of_sweep[side] : place => keys(object) },
      { for place, object in local._of_tenants[side] : place => keys(object) },
      { for place, object in local._of_topics[side] : place => keys(object) },
      { for place, object in local._of_windows[side] : place => keys(object) },
      { for place, object in local._of_windows_pace[side] : place => keys(object) },
      { for place, object in local._of_windows_lanes[side] : place => keys(object) },
    )
  }
}
