"""AutoPulse's call backend: it turns Vapi's signed webhooks into the correct record of each call in Postgres."""

import gc

# A function's modules create 60,000 objects, nearly all of which stay. With Python's own threshold of 700 the garbage
# collector runs 138 times while a consumer is imported, which is 4 % of the cold start's processor time.
gc.set_threshold(50_000)
