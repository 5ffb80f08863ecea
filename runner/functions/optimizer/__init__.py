"""The functions and checks of `prompt-optimizer-v1`; docs/optimizer.md tells what they promise."""
