"""A bound of each tenant: one that uploads much keeps to it, and the others go on."""

import json

import judge_orders
import pytest
from demo.executions import peak_running
from one_pipeline import Pipeline, wait
from operating import answer
from sites import Site

pytestmark = pytest.mark.xdist_group("pipelines")

BOUND = 2
NOISY, QUIET = 14, 2
QUIET_TENANTS = ("north", "south")
# Nothing but the environments of the handlers changes.
APPLIED = ("-target=module.lanes.module.dispatch", "-refresh=false")


def uploads_of(pipeline: Pipeline, group: str) -> list:
    """A burst of one tenant, and after it the uploads of the others. `group`: unlike that of any other test."""
    uploads = [pipeline.put(f"urgent/{group}/noisy/{number}.json") for number in range(NOISY)]
    uploads += [pipeline.put(f"urgent/{group}/{tenant}/{number}.json") for tenant in QUIET_TENANTS for number in range(QUIET)]
    pipeline.until_waiting(len(uploads))
    return uploads


def waiting(pipeline: Pipeline) -> list[dict]:
    """The ledger's items of events that wait for their tenants, and of tenants that wait."""
    return [*pipeline.ledger_of("t/"), *pipeline.ledger_of("tenants")]


def peak_of_noisy(uploads: list, pipeline: Pipeline, group: str) -> int:
    """Judges that each upload was processed once. Returns how many executions of the noisy tenant ran at once."""
    runs = pipeline.runs(f"urgent/{group}/")
    assert judge_orders.exactly_once(uploads, runs) == []
    return peak_running([run for run in runs if "/noisy/" in run.objects[0]["key"]])


def keeps_to_its_bound(pipeline: Pipeline) -> None:
    operator = (pipeline.emulator, "-p", pipeline.name)
    uploads = uploads_of(pipeline, "tenants")
    with pipeline.unsettled():
        ticked = pipeline.tick()
        assert ticked["Started"] == BOUND + len(QUIET_TENANTS) * QUIET
        assert ticked["Deferred"] == NOISY - BOUND
        # Each has its item, and one more names the tenant. No message is left.
        assert len(waiting(pipeline)) == NOISY - BOUND + 1
        assert pipeline.waiting() == 0
        assert answer(*operator, "status")["tenants"]["waiting"] == 1
        started = {run.objects[0]["key"] for run in pipeline.runs("urgent/tenants/noisy/")}
        held = next(upload.key for upload in uploads if "noisy" in upload.key and upload.key not in started)
        (version,) = answer(*operator, "explain", f"s3://{pipeline.bucket}/{held}")["versions"]
        assert version["where"] == "in the ledger: it waits for its tenant, noisy"
    work_off(pipeline)
    assert peak_of_noisy(uploads, pipeline, "tenants") == BOUND


def work_off(pipeline: Pipeline) -> None:
    with pipeline.ticking():
        wait(lambda: not waiting(pipeline), lambda: f"events wait: {waiting(pipeline)}")
        pipeline.until_quiet()


def test_a_tenant_keeps_to_its_bound_and_holds_nobody_up(site: Site, pipelines: dict[str, Pipeline]) -> None:
    pipeline, terraform = pipelines["lanes"], site.roots["pipelines"].terraform
    terraform.apply(f"-var=lanes={json.dumps({'of_tenant_at_once': BOUND})}", *APPLIED)
    try:
        keeps_to_its_bound(pipeline)
        unbound = uploads_of(pipeline, "unbound")
        with pipeline.unsettled():
            pipeline.tick()
        assert waiting(pipeline)
    finally:
        terraform.apply(*APPLIED)
    # The bound is taken away while events wait: they start all the same.
    work_off(pipeline)
    assert peak_of_noisy(unbound, pipeline, "unbound") > BOUND
