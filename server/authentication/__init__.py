"""How a person shows who they are, on whichever way they come."""
