"""Ordered ranks over the aliases of a repository: gates, verdicts, approvals, promotion."""
