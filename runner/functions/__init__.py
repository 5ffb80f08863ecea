"""Functions and checks of the pipelines that ship, found by entry point like any plugin."""
