"""The flows of the playground, by what they are for; `catalogue` lists them."""
