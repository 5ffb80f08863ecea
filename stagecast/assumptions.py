"""What an estimate stands on, as sentences for people: gathered while it is made, each told once."""

from contracts.estimate import CountRange
from contracts.pipeline import Stage

LONGEST_ANSWER = 4_096
"""Tokens that an answer of a model without `max_tokens` is taken to have at most."""

USUAL_ANSWER = 500
"""Tokens: a plain-text answer is expected to have half of `max_tokens`, and no more than this."""


class Assumptions:
    """The assumptions that one estimate makes."""

    def __init__(self) -> None:
        self._sentences: dict[str, None] = {}
        self._skippable: list[str] = []

    def told(self) -> tuple[str, ...]:
        """Return the sentences, in the order in which they came up."""
        skippable = f"Stages that may be skipped count as expected: {', '.join(self._skippable)}."
        return (*self._sentences, *([skippable] if self._skippable else []))

    def add(self, sentence: str) -> None:
        """Add a sentence of somebody else's."""
        self._sentences[sentence] = None

    def measured_texts(self) -> None:
        """Texts were measured."""
        self.add("Four bytes of text, in English four letters, count as one token.")

    def plain_answers(self) -> None:
        """A plain-text answer was foreseen."""
        self.add(
            f"An answer in plain text is expected to have half of max_tokens, and no more than {USUAL_ANSWER} tokens."
        )

    def schema_answers(self) -> None:
        """An answer with a schema was foreseen."""
        self.add("An answer with a schema is expected to be about half as long as the schema allows.")

    def no_max_tokens(self, alias: str) -> None:
        """The longest answer of a model is not known."""
        self.add(f"The model '{alias}' has no max_tokens; its longest answer is taken to be {LONGEST_ANSWER:,} tokens.")

    def retries(self) -> None:
        """Attempts may be repeated."""
        self.add("No attempt is expected to be repeated; the most counts as many repetitions as the stages allow.")

    def unknown_text(self, stage: Stage, tokens: CountRange) -> None:
        """Nothing is known of what a prompt reads."""
        self.add(
            f"'{stage.title}' reads what is known only during the run; that is taken to be {tokens.low} to "
            f"{tokens.high:,} tokens."
        )

    def unknown_items(self, stage: Stage, count: CountRange) -> None:
        """Nobody knows for how many items a stage runs."""
        self.add(
            f"For how many items '{stage.title}' runs is known only during the run; that is taken to be {count.low} to "
            f"{count.high}, and there may be more."
        )

    def may_be_skipped(self, stage: Stage) -> None:
        """A condition is decided only during the run."""
        self._skippable.append(f"'{stage.title}'")

    def may_end_early(self, stage: Stage) -> None:
        """A stage may end the run."""
        self.add(f"'{stage.title}' may end the run early; what comes after it counts as expected.")

    def unforeseen(self, stage: Stage) -> None:
        """A function says nothing about its calls."""
        self.add(f"Which models '{stage.title}' asks cannot be foreseen (function '{stage.call}'); it is not counted.")

    def unknown_price(self, use: str) -> None:
        """A model's price is not known."""
        self.add(f"The price of {use} is not known, and neither is what the run costs.")
