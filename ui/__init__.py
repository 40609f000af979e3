"""Faces of the engine: terminal, page, HTTP service, the service that OpenAI's clients call, and tools of agents."""
