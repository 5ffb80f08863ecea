"""stagecast: what both services stand on, and what users import."""
