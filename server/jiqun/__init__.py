"""Jiqun: a knowledge graph of China's advanced manufacturing clusters, with its evidence."""
