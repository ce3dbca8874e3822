"""People: signing in, consenting, signing out."""
