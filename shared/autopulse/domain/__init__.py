"""The rules of calls, independent of Vapi and the database: pure values and functions, without I/O or a clock."""
