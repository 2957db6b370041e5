"""scripts/demo: the whole pipeline on an emulator, judged by its executions."""
