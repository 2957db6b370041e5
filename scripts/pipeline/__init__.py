"""The pipeline on one machine: what scripts/demo, scripts/test and the end-to-end tests share."""
