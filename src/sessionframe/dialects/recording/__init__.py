"""Recordings of whole conversations as one JSON document or as a log of changes, a shape that two agents share -> rows."""
