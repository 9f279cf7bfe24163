"""The embedded clouds of the `dev` stack: real protocols on loopback, for one machine and no account."""
