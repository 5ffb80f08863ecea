"""Who answers model calls: providers, the local model, scripts for tests."""
