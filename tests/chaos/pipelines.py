"""The pipelines of the chaos suite: one of each thing that a pipeline can do, each prompt named by a marker."""

from dataclasses import dataclass
from pathlib import Path

from contracts.results import ResultStatus

KEY_VARIABLE = "CHAOS_API_KEY"

_HEAD = """
format: 1
id: {id}
name: {id}
inputs: {{primary: tag, tag: {{type: string}}, pause: {{type: number, default: 1000}}}}
models: {{model: {{use: "openai:chaos", base_url: "{url}/v1", api_key_env: {key}, price: {{input: 1, output: 2}}}}}}
defaults: {{model: model, retries: {{max: 6, delay: 200ms, max_delay: 1s}}, timeout: 60s}}
"""

_CHAIN = """
stages:
  - {id: one, prompt: {user: "[[{{ inputs.tag }}/one/all]] begin"}}
  - {id: rest, call: echo, with: {delay_ms: "{{ inputs.pause }}", text: waited}}
  - {id: two, prompt: {system: Be brief., user: "[[{{ inputs.tag }}/two/all]] after {{ stages.one.output }}"}}
  - {id: three, prompt: {user: "[[{{ inputs.tag }}/three/all]] after {{ stages.two.output }}"}}
output: "{{ stages.three.output }}"
"""

_FAN = """
stages:
  - {id: first, prompt: {user: "[[{{ inputs.tag }}/first/all]] begin"}}
  - {id: left, needs: [first], prompt: {user: "[[{{ inputs.tag }}/left/all]] {{ stages.first.output }}"}}
  - {id: middle, needs: [first], call: echo, with: {delay_ms: "{{ inputs.pause }}", text: waited}}
  - {id: right, needs: [first], prompt: {user: "[[{{ inputs.tag }}/right/all]] {{ stages.first.output }}"}}
  - id: last
    needs: [left, middle, right]
    prompt: {user: "[[{{ inputs.tag }}/last/all]] {{ stages.left.output }} and {{ stages.right.output }}"}
output: {last: "{{ stages.last.output }}", waited: "{{ stages.middle.output.text }}"}
"""

_EACH = """
stages:
  - id: each
    foreach:
      as: item
      max_parallel: 3
      items:
        - {part: red, times: ""}
        - {part: same, times: "*3"}
        - {part: blue, times: ""}
        - {part: same, times: "*3"}
        - {part: green, times: ""}
        - {part: same, times: "*3"}
    prompt: {user: "[[{{ inputs.tag }}/each/{{ item.part }}{{ item.times }}]] look at {{ item.part }}"}
  - {id: rest, call: echo, with: {delay_ms: "{{ inputs.pause }}", text: waited}}
  - {id: sum, prompt: {user: "[[{{ inputs.tag }}/sum/all]] {{ stages.each.results | length }} looked at"}}
output:
  count: "{{ stages.each.results | length }}"
  results: "{{ stages.each.results }}"
  sum: "{{ stages.sum.output }}"
"""

_WORK = """
stages:
  - {id: before, prompt: {user: "[[{{ inputs.tag }}/before/all]] begin"}}
  - {id: work, call: chaos_work, with: {tag: "{{ inputs.tag }}"}}
  - {id: rest, call: echo, with: {delay_ms: "{{ inputs.pause }}", text: waited}}
  - {id: after, prompt: {user: "[[{{ inputs.tag }}/after/all]] {{ stages.work.output.texts | length }} texts"}}
output: {work: "{{ stages.work.output }}", after: "{{ stages.after.output }}"}
"""

_SPOILT = """
stages:
  - id: shaped
    prompt: {user: "[[{{ inputs.tag }}/shaped/spoilt]] answer in JSON"}
    output: {type: object, required: [answer], properties: {answer: {type: string}}}
  - {id: rest, call: echo, with: {delay_ms: "{{ inputs.pause }}", text: waited}}
  - {id: then, prompt: {user: "[[{{ inputs.tag }}/then/all]] {{ stages.shaped.output.answer }}"}}
output: "{{ stages.then.output }}"
"""

_BROKEN = """
stages:
  - {id: dear, prompt: {user: "[[{{ inputs.tag }}/dear/all]] expensive"}}
  - id: more
    foreach: {items: [north, south, east], as: side, max_parallel: 2}
    prompt: {user: "[[{{ inputs.tag }}/more/{{ side }}]] also expensive"}
  - {id: rest, call: echo, with: {delay_ms: "{{ inputs.pause }}", text: waited}}
  - {id: boom, prompt: {user: "[[{{ inputs.tag }}/boom/refused]] {{ stages.dear.output }}"}}
output: {dear: "{{ stages.dear.output }}", boom: "{{ stages.boom.output }}"}
"""

_EXIT = """
stages:
  - id: look
    prompt: {user: "[[{{ inputs.tag }}/look/all]] is it worth it"}
    early_exit: {if: "true", output: "{{ stages.look.output }}"}
  - {id: never, prompt: {user: "[[{{ inputs.tag }}/never/all]] not reached"}}
output: "{{ stages.never.output }}"
"""

_SKIP = """
stages:
  - id: unwanted
    when: [{if: "inputs.pause < 0", else: "the pause is {{ inputs.pause }}"}]
    output_when_skipped: nothing
    prompt: {user: "[[{{ inputs.tag }}/unwanted/all]] not reached"}
  - {id: rest, call: echo, with: {delay_ms: "{{ inputs.pause }}", text: "{{ stages.unwanted.output }}"}}
  - {id: wanted, prompt: {user: "[[{{ inputs.tag }}/wanted/all]] after {{ stages.rest.output.text }}"}}
output: "{{ stages.wanted.output }}"
"""

_ECHO = """
stages:
  - {id: one, call: echo, with: {delay_ms: "{{ inputs.pause }}", text: "[[{{ inputs.tag }}/one/echoed]]"}}
  - {id: two, call: echo, with: {delay_ms: "{{ inputs.pause }}", text: "{{ stages.one.output.text }}"}}
output: "{{ stages.two.output.text }}"
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """A pipeline as the clients of the suite use it.

    Attributes:
        weight: how often it is chosen, relative to the others.
        expected: how it ends when nobody cancels it.
    """

    id: str
    stages: str
    weight: int
    expected: ResultStatus = "success"

    @property
    def can_be_repaired(self) -> bool:
        """Whether it fails at first, and succeeds when it is run again after a repair."""
        return self.expected == "failed"


KINDS = (
    Kind("chain-v1", _CHAIN, 3),
    Kind("fan-v1", _FAN, 3),
    Kind("each-v1", _EACH, 3),
    Kind("work-v1", _WORK, 4),
    Kind("spoilt-v1", _SPOILT, 2),
    Kind("broken-v1", _BROKEN, 2, "failed"),
    Kind("exit-v1", _EXIT, 1, "early_exit"),
    Kind("skip-v1", _SKIP, 1),
    Kind("wait-v1", _ECHO, 2),
)


def write_pipelines(directory: Path, model_url: str) -> None:
    """Write the files; their models are at `model_url`."""
    directory.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        head = _HEAD.format(id=kind.id, url=model_url, key=KEY_VARIABLE)
        (directory / f"{kind.id}.yaml").write_text(head.lstrip() + kind.stages)
