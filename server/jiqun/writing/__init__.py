"""Writing: the workspace, its single writer, load and backup."""
