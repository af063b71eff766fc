"""Erasing calls: the requests, their execution, and the reports of the result in each store."""
