"""What a scan found goes in; tables for a terminal, JSON, CSV, files and pages of documentation come out."""
