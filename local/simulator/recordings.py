"""A sound that players get in place of the recordings of simulated calls, which do not exist."""

import math
import struct
import wave
from io import BytesIO
from typing import Final

HOST: Final = "recordings.example.com"
"""The host in the recordings' URLs; nothing answers there."""
URLS: Final = f"https://{HOST}/**"
"""Pattern of the URLs of recordings."""
_RATE: Final = 8000
_LOUDNESS: Final = 8000
"""Amplitude, of 32767."""


def tone(seconds: float = 2, hertz: int = 220) -> bytes:
    """Return a low tone as a WAV file."""
    samples = (round(_LOUDNESS * math.sin(2 * math.pi * hertz * n / _RATE)) for n in range(round(seconds * _RATE)))
    stream = BytesIO()
    with wave.open(stream, "wb") as file:
        file.setparams((1, 2, _RATE, 0, "NONE", "not compressed"))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return stream.getvalue()
