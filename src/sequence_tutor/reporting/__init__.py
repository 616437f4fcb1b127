"""The report: one HTML page to look at and to listen to, which needs nothing but itself."""
