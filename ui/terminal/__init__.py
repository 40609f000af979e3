"""The terminal's face: answers as they grow, lists, abstracts, and a session to talk in."""
