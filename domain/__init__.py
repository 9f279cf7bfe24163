"""The rules of the landing zone as pure functions and values: no Pulumi, no network."""
