"""The read API: what the screens show, and other programs fetch. Everything is bounded by the reader's organization."""
