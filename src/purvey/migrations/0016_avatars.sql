-- The pictures that people uploaded of themselves; `users.avatar_url` shows one of them, or one from elsewhere.

create table avatars (
    user_id uuid primary key references users on delete restrict,
    storage_key text not null,
    created_at timestamptz not null
);
