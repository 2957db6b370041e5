"""What Terraform made, as it made it."""

from running import Running

# docs/emulator.md: attributes that the emulator does not keep.
GAPS = {"module.spillway.module.workflow.aws_sfn_state_machine.this": {"tracing_configuration"}}


def test_a_plan_after_the_apply_changes_nothing_but_the_emulators_gaps(running: Running) -> None:
    assert running.stack.terraform.plan() == GAPS


def test_the_functions_run_the_code_that_was_built(running: Running) -> None:
    module = running.stack.terraform.outputs()["spillway"]
    assert module["running_sha256"] == module["released_sha256"]
