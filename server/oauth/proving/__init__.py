"""How a client proves who it is: one file for each way."""
