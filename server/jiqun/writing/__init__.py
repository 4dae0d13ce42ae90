"""What users write: the workspace, its one writer, load and backup."""
