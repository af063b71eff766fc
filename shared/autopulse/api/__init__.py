"""The read API for the console and other programs. All data are restricted to the reader's organization."""
