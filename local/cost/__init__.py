"""What a call costs, and how many fit: measured here, multiplied with a price list."""
