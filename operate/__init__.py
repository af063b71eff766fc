"""Commands that operate a running stack, local or on AWS: configure Vapi, check the stack, redrive dead letters."""
