# Destroyed before everything else, and AWS refuses that while protect is true.
# One for each queue that can be removed alone.
module "guard" {
  source = "./modules/guard"

  depends_on = [
    module.bucket_invocation, module.bucket_notification, module.dispatch,
    module.ingest, module.ingest_failures, module.ledger, module.outcomes,
    module.queue, module.reconcile, module.reconcile_failures,
    module.reconcile_function, module.rule, module.rules_dlq, module.schedule,
    module.settle, module.topic_subscription, module.workflow,
  ]

  protect = module.input.protect
  tags    = local._tags

  names = {
    for key in concat(
      [for lane in keys(module.input.lanes) : "events_${lane}"],
      [for lane in local._rule_lanes : "rules-dlq_${lane}"],
      local._ingest ? ["ingest-failures"] : [],
    ) : key => module.names.guards[key]
  }
}
