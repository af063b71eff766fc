"""The encodings of an answer that a client accepts."""


def accepts_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header names gzip, or everything, and does not refuse it (`q=0`)."""
    choices = dict(_choice(part) for part in accepted.lower().split(","))
    return choices.get("gzip", choices.get("*", False))


def _choice(part: str) -> tuple[str, bool]:
    coding, _, weight = part.partition(";")
    return coding.strip(), weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
