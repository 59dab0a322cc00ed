"""Wire shapes and vocabularies that several agents share. Knows no agent by name, no files and no frames."""
