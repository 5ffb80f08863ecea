"""The `stagecast` command, one subcommand a file."""
