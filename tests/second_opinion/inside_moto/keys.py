"""Access keys that mean something to the server."""

# The caller with this key loses some answers.
LOSES = "LOSES"
