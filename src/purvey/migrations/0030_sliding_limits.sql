-- Limits are counted by slices of their window, so that no window holds more than the limit, wherever it begins.

comment on table throttles is 'Limits on how often, counted by slices of their window: sign-in, codes, writes, downloads';
comment on column throttles.window_start is 'When the slice began';
