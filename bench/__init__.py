"""The figures of the README, each beside its limit, from one run on one machine: `make bench`."""
