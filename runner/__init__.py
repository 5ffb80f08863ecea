"""The runner: claims executions, runs their stages, tells what happens, saves the result."""
