"""Rows -> typed frames: building, the pandas door, copies across files, the sums of the `sessions` table."""
