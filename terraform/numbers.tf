# The pipeline's numbers, before anything is made: `spillway plan --terraform` reads them
# from a plan. The functions have the same, beside addresses that no first plan knows.
resource "terraform_data" "numbers" {
  input = {
    pipeline                  = module.input.name
    region                    = local._home.region
    architecture              = module.input.handlers.architecture
    dispatch_memory_mb        = module.input.handlers.dispatch.memory_mb
    settle_memory_mb          = module.input.handlers.settle.memory_mb
    ingest_memory_mb          = module.input.handlers.ingest.memory_mb
    fifo                      = module.input.fifo
    events_per_execution      = module.input.workflow.events_per_execution
    execution_timeout_seconds = coalesce(one(module.workflow[*].longest_seconds), 0)
    order                     = module.input.workflow.order
    starts_per_day            = module.input.limits.starts_per_day
    idle                      = module.input.schedule.idle
    schedule                  = module.input.schedule.expression
    schedule_enabled          = module.input.schedule.enabled
    tenants                   = module.input.tenants
    tick_seconds              = module.input.schedule.tick_seconds
    via                       = local._most_costly_way
    windows                   = values(local._windows)
    retry = {
      max_attempts    = module.input.retry.max_attempts
      backoff_seconds = local._backoff_seconds
    }
    pace = {
      max_concurrency   = module.input.pace.max_concurrency
      starts_per_second = module.input.pace.starts_per_second
      starts_per_tick   = module.input.pace.starts_per_tick
      burst             = module.input.pace.burst
      slot_partitions   = module.input.pace.slot_partitions
      adapt             = module.input.pace.adapt
    }
    lanes = [for lane in module.input.lane_order : {
      name            = lane
      priority        = module.input.lanes[lane].priority
      min_share       = module.input.lanes[lane].min_share
      max_concurrency = module.input.lanes[lane].max_concurrency
    }]
  }
}

locals {
  # If sources differ in how events come in, all are counted like the dearest.
  _ways = distinct(concat(
    [for source in values(module.input.sources) : source.via],
    length(module.input.topics) > 0 ? ["sns"] : [],
  ))
  _most_costly_way = [
    for way in ["lambda", "eventbridge", "sns", "sqs"] : way if way == "sqs" || contains(local._ways, way)
  ][0]
}
