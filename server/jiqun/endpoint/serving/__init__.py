"""From a socket to a route: the application, and the layers in front of it."""
