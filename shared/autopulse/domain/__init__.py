"""What a call is, in our own words: pure values and rules, no I/O and no clock."""
