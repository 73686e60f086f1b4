"""Checks that let a rollout go on: commands, HTTP, alarms, verdicts."""
