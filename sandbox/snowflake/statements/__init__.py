"""The statements that the sandbox answers itself, one family a module; every other one is the engine's."""
