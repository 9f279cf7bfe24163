"""Dynamic providers. A module here is named in the state of every stack: it never moves."""
