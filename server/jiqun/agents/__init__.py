"""The graph for agents: tools over the Model Context Protocol, answered as any other request."""
