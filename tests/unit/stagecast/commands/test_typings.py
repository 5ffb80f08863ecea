import re

from contracts.events import EVENT_TYPES, JOURNAL_TYPES
from stagecast.commands.typings import wire_typings


def members_of(union: str) -> list[str]:
    declared = re.search(rf"^export type {union} =\n((?:  \| \w+;?\n)+)", wire_typings(), re.MULTILINE)
    assert declared is not None
    return re.findall(r"\w+", declared[1])


def declaration_of(name: str) -> str:
    declared = re.search(rf"^export interface {name} {{\n(.*?)^}}$", wire_typings(), re.MULTILINE | re.DOTALL)
    assert declared is not None
    return declared[1]


def types_of(union: str) -> set[str]:
    """Return the wire names of a union's members: each begins with the name that tells it apart."""
    found = [re.match(r'  type: "([^"]+)";\n', declaration_of(member)) for member in members_of(union)]
    return {name[1] for name in found if name is not None}


def test_every_event_is_declared_by_its_wire_name() -> None:
    assert types_of("Event") == set(EVENT_TYPES)
    assert types_of("JournalEvent") == JOURNAL_TYPES
    assert types_of("LogEvent") == set(EVENT_TYPES) - {"stage:output"}


def test_every_message_is_declared() -> None:
    assert types_of("ClientMessage") == {"auth", "subscribe", "unsubscribe"}
    assert types_of("ServerMessage") >= {"subscribed", "caught_up", "dropped", "gap", "error"}


def test_events_and_answers_have_all_their_fields_with_null_for_what_is_unknown() -> None:
    assert "  cost: number | null;\n" in declaration_of("StageOutcome")
    assert '  status: "success" | "early_exit" | "failed" | "cancelled";\n' in declaration_of("PipelineResult")
    assert "  stages: Array<StageResult>;\n" in declaration_of("PipelineResult")
    assert "  reused: Record<string, Reused>;\n" in declaration_of("Rerun")
    assert "?:" not in declaration_of("ExecutionView")


def test_what_the_dashboard_reads_is_declared() -> None:
    assert "  stages: Array<StageDefinition>;\n" in declaration_of("PipelineDetail")
    assert "  $defs: Record<string, unknown>;\n" in declaration_of("PipelineView")
    assert "  evidence: Evidence;\n" in declaration_of("Optimization")
    assert "  models: Array<ModelStatus>;\n" in declaration_of("ModelOverview")
    assert "  source: string;\n" in declaration_of("PipelineSource")
    assert "  items: Array<StageInputItem>;\n" in declaration_of("StageInput")
    assert "  options: Record<string, unknown>;\n" in declaration_of("OptionsReply")


def test_messages_are_written_without_what_is_null() -> None:
    assert "  snapshot?: ExecutionView;\n" in declaration_of("Subscribed")
    assert "  success: boolean;\n" in declaration_of("Subscribed")
    assert "  after?: number;\n" in declaration_of("Subscribe")


def test_every_name_that_is_used_is_declared() -> None:
    text = wire_typings()
    declared = set(re.findall(r"^export (?:interface|type) (\w+)", text, re.MULTILINE))
    without_comments = re.sub(r"/\*\*.*?\*/", "", text, flags=re.DOTALL)
    used = set(re.findall(r"\b[A-Z]\w+\b", re.sub(r'"[^"]*"|//.*', "", without_comments)))
    assert used - {"Array", "Record"} == declared
