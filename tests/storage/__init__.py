"""Tests of the book of record."""
