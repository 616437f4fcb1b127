"""Charts and pieces of pages, which domains and reports draw with."""
