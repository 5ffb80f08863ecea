"""AsyncAPI 3.0 documents of `/ws` and of the NATS subjects, made from the models in `contracts`."""
