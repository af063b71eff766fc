"""Commands for a stack that runs, here or on AWS: connect Vapi, look after it, redrive dead letters."""
