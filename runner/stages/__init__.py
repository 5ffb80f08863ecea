"""The kinds of stage, one a file."""
