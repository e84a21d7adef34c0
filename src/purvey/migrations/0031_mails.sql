-- Mails that were held back, because their recipient was sent enough that day; what they say stands on the pages.

alter table mails add column held_at timestamptz;
