"""What somebody may be allowed to do. Who somebody is, and how it is proved, is the gateway's affair."""

from typing import Literal, get_args

Scope = Literal["read", "run", "admin"]
"""`read`: look at pipelines, and at one's own executions and results, live too. `run`: submit, run again, cancel,
finish; also see pipeline files as they are written. `admin`: both, and also with everybody else's executions."""

SCOPES: tuple[Scope, ...] = get_args(Scope)
