"""`python -m server` and the command `grantlog`."""

from server.cli.main import main

if __name__ == "__main__":
    main(prog_name="grantlog")
