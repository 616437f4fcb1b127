"""The studio: a page, and the service under it, in which one writes, hears, changes and tunes."""
