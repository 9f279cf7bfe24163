"""The sandbox's Git host: one bare repository that the worker clones from."""
