"""What the Makefile runs: set-up, the demo, recovery and the bench."""
