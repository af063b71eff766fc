"""Vapi's vocabulary: its message types, signatures and payloads, and the envelope that carries its messages."""
