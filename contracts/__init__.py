"""What crosses a process boundary: identifiers, events, definitions, results, HTTP and WebSocket messages.

Pure data and pure functions on pydantic and the standard library. No I/O, no broker, no web framework.
"""
