-- Who has not proved an address of their own invites nobody: what they had open is taken back, to be sent again.

update invitations
set revoked_at = now()
where accepted_at is null
    and revoked_at is null
    and invited_by in (select id from users where email_verified_at is null);
