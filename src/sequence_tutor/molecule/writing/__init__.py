"""Molecules written as files, tables and pictures."""
