"""The rules of the landing zone as pure functions and values: no Pulumi, no network.

One thing here asks outside: the `git_` modules read Git, because where flows' code is *is* the rule.
"""
