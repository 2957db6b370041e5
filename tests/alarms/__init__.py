"""CloudWatch's alarms, as far as those of terraform/modules/alarms need it: an evaluator for tests.

It reads the alarms' own definitions from Terraform's plan, and metrics from the lines that the handlers print. How missing data is
treated is compared with AWS's published tables in tests/terraform/test_alarm_states.py.
"""
