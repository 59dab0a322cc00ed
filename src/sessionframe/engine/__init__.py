"""Machines and options in, tables out: lists the sources, parses them in one process or several, and builds the five tables."""

from sessionframe.engine.logs import Logs, scan
from sessionframe.engine.table import Table

__all__ = ["Logs", "Table", "scan"]
