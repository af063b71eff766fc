"""The words of the sender: its message types, its signatures, its payloads, and the envelope that we put them in."""
