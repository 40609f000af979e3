"""The messages of a chat in, a question and the turns before it out."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answer import Turn
from ui.compatible.faults import Fault
from ui.compatible.records import Message
from ui.compatible.references import bare


@dataclass(frozen=True)
class Conversation:
    """A question and the turns before it, oldest first."""

    question: str
    history: tuple[Turn, ...]

    @classmethod
    def of(cls, messages: Sequence[Message]) -> "Conversation":
        """Take the last message of the user for the question, and pairs before it for turns.

        Instructions (system, developer), results of tools, and questions that nobody answered are passed over.

        Raises:
            Fault: No message with text is the user's, or one holds something other than text.
        """
        texts = [(message.role, _text(at, message)) for at, message in enumerate(messages)]
        last = max((at for at, (role, text) in enumerate(texts) if role == "user" and text.strip()), default=None)
        if last is None:
            raise Fault("No message of the role 'user' holds text. Put the question into one.", param="messages")
        turns: list[Turn] = []
        asked = ""
        for role, text in texts[:last]:
            if role == "user":
                asked = text
            elif role == "assistant" and asked and (said := bare(text)):
                turns.append(Turn(asked, said))
                asked = ""
        return cls(texts[last][1], tuple(turns))


def _text(at: int, message: Message) -> str:
    """Return the text of a message, its parts joined."""
    if not isinstance(message.content, list):
        return message.content or ""
    if other := [part.type for part in message.content if part.type not in ("text", "refusal")]:
        raise Fault(
            f"Part of type {other[0]!r}: only text is read. Send parts of type 'text'.", param=f"messages.{at}.content"
        )
    return "\n".join(part.text or part.refusal or "" for part in message.content)
