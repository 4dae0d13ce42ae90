"""Metadata of the dataset, its files and services: VoID, DCAT, schema.org, Croissant."""
