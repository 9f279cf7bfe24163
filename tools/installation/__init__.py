"""Set-up, step by step: runs on the machine's own Python, so it uses the standard library alone."""
