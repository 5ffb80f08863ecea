"""What the service costs and what it holds, measured on real processes. Nothing imports it; `make bench` runs it."""
