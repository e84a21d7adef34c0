-- Times lie between 1970 and 9000; an end that is open is null.

update discount_codes set ends_at = null where ends_at > '9000-01-01T00:00:00Z';
update discount_codes set starts_at = null where starts_at < '1970-01-01T00:00:00Z';
update api_keys set expires_at = null where expires_at > '9000-01-01T00:00:00Z';
