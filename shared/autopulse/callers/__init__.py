"""What Vapi waits for and the database knows: who calls, who may be called; and which numbers may not be."""
