# From the table of all accounts, the one that this state is of.
locals {
  _all    = yamldecode(file(coalesce(var.accounts_file, "${path.module}/accounts.yaml")))
  _shared = local._all.shared
  _own    = local._all.accounts[var.account]

  account = {
    id       = local._own.id
    region   = lookup(local._own, "region", local._shared.region)
    role     = lookup(local._own, "role", local._shared.role)
    quota    = merge(local._shared.quota, lookup(local._own, "quota", {}))
    platform = merge(local._shared.platform, lookup(local._own, "platform", {}))
  }

  # By name, each with all of its settings.
  pipelines = {
    for name, pipeline in local._own.pipelines :
    name => merge({ bucket = null }, local._shared.pipeline, pipeline)
  }
  shares = sum([for pipeline in local.pipelines : pipeline.share])
}
