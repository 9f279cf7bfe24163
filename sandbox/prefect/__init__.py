"""The sandbox's Prefect: the real server and the real process worker, kept inside the sandbox's folder."""
