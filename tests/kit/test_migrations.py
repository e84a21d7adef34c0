"""A migration that somebody may have applied is never changed: a new file goes behind it."""

from pathlib import Path

from purvey.kit.migrate import migrations

KEPT = Path(__file__).parent / "migrations.sha256"  # `sha256sum` of each file; a new one adds its line


def test_no_migration_is_edited_in_place_and_a_new_one_comes_last() -> None:
    kept = dict(reversed(line.split(maxsplit=1)) for line in KEPT.read_text().splitlines())
    there = {migration.name: migration.digest for migration in migrations()}
    assert there == kept
    assert list(there) == list(kept) == sorted(kept)
