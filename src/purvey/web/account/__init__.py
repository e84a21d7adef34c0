"""A person's own pages: signing up and in, the account."""
