"""Starts MiniStack; its settings are in the environment.

Standard input is a pipe that the parent holds. When the parent ends, however it ends, the pipe closes and this whole
process group ends too; the line `keep` cuts that tie.
"""

import os
import signal
import sys
import threading

from ministack import app

from emulator.additions import (
    async_invokes,
    connections,
    deployments,
    distributed_maps,
    embedded_metrics,
    event_buses,
    function_logs,
    glue_jobs,
    glue_tasks,
    invocation_metrics,
    jsonata_time,
    message_moves,
    permissions,
    queue_lock,
    quotas,
    repeated_requests,
    rule_targets,
    s3_events,
    s3_get_object,
    s3_list_versions,
    s3_put_object,
    schedules,
    sns_deliveries,
    state_machine_deletes,
    state_machine_tracing,
    state_machine_versions,
    table_lock,
)


def follow_parent() -> None:
    for line in sys.stdin:
        if line.strip() == "keep":
            return
    os.killpg(0, signal.SIGKILL)


threading.Thread(target=follow_parent, daemon=True).start()
lock = queue_lock.add()
message_moves.add(lock)
table_lock.add()
quotas.add()
rule_targets.add(lock)
event_buses.add()
jsonata_time.add()
permissions.add()
deployments.add()
s3_get_object.add()
s3_put_object.add()
s3_list_versions.add()
async_invokes.add()
s3_events.add()
sns_deliveries.add()
state_machine_versions.add()
state_machine_deletes.add()
state_machine_tracing.add()
distributed_maps.add()
glue_jobs.add()
glue_tasks.add()
function_logs.add()
embedded_metrics.add()
invocation_metrics.add()
connections.add(int(os.environ["GATEWAY_SOCKET"]))
schedules.add(float(os.environ["SCHEDULE_SECONDS"]))
repeated_requests.add()
app.main()
