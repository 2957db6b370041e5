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


def test_a_tenant_keeps_to_its_bound_and_holds_nobody_up(site: Site, pipelines: dict[str, Pipeline]) -> None:
    pipeline, terraform = pipelines["lanes"], site.roots["pipelines"].terraform
    operator = (pipeline.emulator, "-p", pipeline.name)
    bounded = f"-var=lanes={json.dumps({'of_tenant_at_once': BOUND})}"
    terraform.apply(bounded, *APPLIED)
    try:
        uploads = uploads_of(pipeline, "tenants")
        with pipeline.unsettled():
            ticked = pipeline.tick()
            assert ticked["Started"] == BOUND + len(QUIET_TENANTS) * QUIET
            assert ticked["Deferred"] == NOISY - BOUND
            # Each has its item, and one more names the tenant. No message is left.
            assert len(waiting(pipeline)) == NOISY - BOUND + 1
            assert pipeline.waiting() == 0
            status = answer(*operator, "status")
            assert status["tenants"]["waiting"] == 1
            started = {run.objects[0]["key"] for run in pipeline.runs("urgent/tenants/noisy/")}
            held = next(upload.key for upload in uploads if "noisy" in upload.key and upload.key not in started)
            (event,) = answer(*operator, "explain", f"s3://{pipeline.bucket}/{held}")["versions"]
            assert event["place"] == "in the ledger: it waits for its tenant, noisy"
        pipeline.work_off()
        with pipeline.ticking():
            wait(lambda: not waiting(pipeline), lambda: f"events wait: {waiting(pipeline)}")
            pipeline.until_quiet()
        runs = pipeline.runs("urgent/tenants/")
        assert judge_orders.exactly_once(uploads, runs) == []
        assert peak_running([run for run in runs if "/noisy/" in run.objects[0]["key"]]) == BOUND
    finally:
        terraform.apply(*APPLIED)


def test_events_that_wait_start_when_the_bound_is_taken_away(site: Site, pipelines: dict[str, Pipeline]) -> None:
    pipeline, terraform = pipelines["lanes"], site.roots["pipelines"].terraform
    terraform.apply(f"-var=lanes={json.dumps({'of_tenant_at_once': BOUND})}", *APPLIED)
    try:
        uploads = uploads_of(pipeline, "unbound")
        with pipeline.unsettled():
            pipeline.tick()
        assert waiting(pipeline)
    finally:
        terraform.apply(*APPLIED)
    with pipeline.ticking():
        wait(lambda: not waiting(pipeline), lambda: f"events wait: {waiting(pipeline)}")
        pipeline.until_quiet()
    runs = pipeline.runs("urgent/unbound/")
    assert judge_orders.exactly_once(uploads, runs) == []
    assert peak_running([run for run in runs if "/noisy/" in run.objects[0]["key"]]) > BOUND
