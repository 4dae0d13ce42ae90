"""The release loaded and asked by other people's tools."""
