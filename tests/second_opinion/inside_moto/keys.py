"""Access keys that mean something to the server."""

# Of who calls with it, some answers are lost.
LOSES = "LOSES"
