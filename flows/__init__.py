"""Prefect flows. A worker pulls them from Git at each run."""
