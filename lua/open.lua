#!lua
-- open: write a new query and begin its event stream, unless it exists.
-- KEYS[1] kb:{q:<id>}:query   hash: the query and its state
-- KEYS[2] kb:{q:<id>}:events  stream: its lifecycle
-- ARGV[1] text   ARGV[2] project   ARGV[3] user   ARGV[4] session   ARGV[5] kappa
-- ARGV[6] timeout_ms   ARGV[7] ttl_s   ARGV[8] mode
-- Returns 1 opened | 0 the query exists already
local query, events = KEYS[1], KEYS[2]
if redis.call('EXISTS', query) == 1 then return 0 end
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', query,
  'text', ARGV[1], 'project', ARGV[2], 'user', ARGV[3], 'session', ARGV[4], 'kappa', ARGV[5],
  'deadline_ms', string.format('%.0f', now_ms + ARGV[6]), 'mode', ARGV[8], 'state', 'open', 'stage', '',
  'opened_ms', string.format('%.0f', now_ms), 'touched_ms', string.format('%.0f', now_ms), 'resumed', 0)
redis.call('XADD', events, '*', 'kind', 'opened', 'data', ARGV[1])
redis.call('EXPIRE', query, ARGV[7])
redis.call('EXPIRE', events, ARGV[7])
return 1
