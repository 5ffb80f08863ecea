"""Where a result lies in the outputs, and in which order results come: pure, all of it taken from file names and ids.

A result lies under `<day>/<hour-minute>/<second>/<filename>`. Reading and listing are in `stagecast.outputs`.
"""

import re

from contracts.ids import parse_output_filename, submitted_at

LEVELS = tuple(  # the directories on the way to a result; others are not entered
    re.compile(pattern) for pattern in (r"[\d-]{10}", r"[\d-]{10}/\d\d-\d\d", r"[\d-]{10}/\d\d-\d\d/\d\d")
)


def output_key(filename: str) -> str:
    """Return where a result lies below the root of the outputs, with `/` between the parts.

    Raises:
        InvalidId: the text is not the name of a result file.
    """
    name = parse_output_filename(filename)
    hour, minute, second = name["clock"].split("-")
    return f"{name['day']}/{hour}-{minute}/{second}/{filename}"


def order_of(key: str) -> tuple[str, str, str]:
    """Order keys by time: the file name begins with the pipeline, so its milliseconds are compared first."""
    directory, _, filename = key.rpartition("/")
    return directory, parse_output_filename(filename)["millis"], filename


def moment_of(filename: str) -> int:
    """Return when a result was submitted as a number that grows with time; it is no measure of time.

    Raises:
        InvalidId: the text is not the name of a result file.
    """
    name = parse_output_filename(filename)
    return int((name["day"] + name["clock"] + name["millis"]).replace("-", ""))


def directory_of(execution_id: str) -> str:
    """Return the directory, ending in `/`, in which the result of an execution lies.

    Raises:
        InvalidId: the text is no execution id.
    """
    return submitted_at(execution_id).strftime("%Y-%m-%d/%H-%M/%S/")


def is_of_execution(filename: str, execution_id: str) -> bool:
    """Tell whether a file of the execution's directory holds its result, whatever its pipeline is."""
    name = parse_output_filename(filename)
    _, millis, token = execution_id.split("_")
    return name["random"] == token and millis.endswith(name["millis"])
