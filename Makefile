.DEFAULT_GOAL := help
.PHONY: help run setup check test bench proof features

help: ## these lines
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: setup ## a shop with real products on http://127.0.0.1:8000
	@.venv/bin/purvey demo

setup: ## the environment in .venv, for running
	@scripts/setup

check: ## format, lint, types and import contracts, without the tests
	@scripts/setup dev
	@scripts/check

test: ## what the tests need, then the checks, then the tests
	@scripts/setup dev
	@scripts/test-tools
	@scripts/stripe-schema
	@scripts/check
	@.venv/bin/pytest -n 2

bench: ## the figures of the README, from one run on this machine
	@scripts/setup dev
	@.venv/bin/python -m bench

proof: ## the same searches as in the tests, but long, and an hour of everybody at once
	@scripts/setup dev
	@scripts/stripe-schema
	@.venv/bin/pytest -n 2 --hypothesis-profile=proof

features: ## one line a feature: its id, what it is, the tests that claim it
	@scripts/setup dev
	@.venv/bin/python scripts/features.py
