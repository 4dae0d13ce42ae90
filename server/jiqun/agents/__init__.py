"""Tools for agents over the Model Context Protocol, answered like any other request."""
