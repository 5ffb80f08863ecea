"""What is known of a prompt before it is changed: its task, what makes an answer good, and its issues."""

from pydantic import BaseModel, ConfigDict, Field


class Issue(BaseModel):
    """One fault of a prompt.

    Attributes:
        id: `i1`, `i2`, …: how a change names the issue that it answers.
        problem: what is wrong, in a few words.
        quote: the text at fault; empty where something is missing.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    problem: str
    quote: str = ""


class Analysis(BaseModel):
    """What the first stage found.

    Attributes:
        takes_input: whether a user's text comes with the prompt although it has no placeholder for it.
        note: what a reader should know about how this came about.
    """

    task: str = "what the prompt asks for"
    criteria: list[str] = Field(default_factory=lambda: ["does what the prompt asks for", "is correct"])
    issues: list[Issue] = Field(default_factory=list[Issue])
    takes_input: bool = True
    model: str | None = None
    note: str = ""

    def problem_of(self, issue: str | None) -> str | None:
        """Return what an issue is about, by its id; None for one that is not known."""
        return next((known.problem for known in self.issues if known.id == issue), None)
