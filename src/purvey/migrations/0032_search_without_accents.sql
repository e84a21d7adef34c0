-- What is searched passes the same normalisation as what is typed (`kit/words.py`, plain): compatible forms are one,
-- accents go, letters that are another with a stroke become that.

create function plain_words(words text) returns text
language sql immutable strict parallel safe
return translate(
    replace(replace(replace(
        normalize(
            lower(regexp_replace(normalize(words, NFKD), U&'[\0300-\036F]', '', 'g')),
            NFC
        ),
        'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'),
    'łøđıς', 'lodiσ'
);

alter table products drop column searchable;
alter table products add column searchable tsvector generated always as (
    setweight(to_tsvector('simple', plain_words(name)), 'A')
    || setweight(to_tsvector('simple', plain_words(coalesce(short_desc, ''))), 'B')
    || setweight(to_tsvector('simple', plain_words(coalesce(description, ''))), 'C')
) stored;
create index products_searched on products using gin (searchable);
