"""The kit knows nothing of shops: database, money, ids, events, state machines, the HTTP edge."""
