"""Models as files for other programs, one module a format; `formats` lists them."""
