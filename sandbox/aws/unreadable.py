"""The error for a policy that the evaluator does not understand: it refuses, and never guesses."""

from __future__ import annotations


class PolicyError(ValueError):
    """A policy document that is not one, or that says what the evaluator does not know."""
