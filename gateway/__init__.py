"""The gateway: a stateless HTTP and WebSocket face of the execution log."""
