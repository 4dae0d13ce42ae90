"""The description of the dataset, its files and its services: VoID, DCAT, schema.org, Croissant."""
