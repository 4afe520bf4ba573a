#!lua
-- open: write a new query and begin its event stream, unless it exists.
-- KEYS[1] kb:{q:<id>}:query   hash: the query and its state
-- KEYS[2] kb:{q:<id>}:events  stream: its lifecycle
-- KEYS[3] kb:{feed}:events  stream: what happens to all queries; only where all keys are on one server
-- KEYS[4] kb:{open}:queries  sorted set: queries that have not ended; only where all keys are on one server
-- ARGV[1] text   ARGV[2] project   ARGV[3] user   ARGV[4] session   ARGV[5] kappa
-- ARGV[6] timeout_ms   ARGV[7] ttl_s   ARGV[8] mode
-- ARGV[9] query id   ARGV[10] length of the feed   ARGV[11] how engines vote, or empty
-- Returns 1 opened | 0 the query exists already
local query, events = KEYS[1], KEYS[2]
if redis.call('EXISTS', query) == 1 then return 0 end
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now_ms = math.floor(now_us / 1000)
redis.call('HSET', query,
  'text', ARGV[1], 'project', ARGV[2], 'user', ARGV[3], 'session', ARGV[4], 'kappa', ARGV[5],
  'deadline_ms', string.format('%.0f', now_ms + ARGV[6]), 'mode', ARGV[8], 'state', 'open', 'stage', '', 'lifecycle', '',
  'opened_us', string.format('%.0f', now_us), 'touched_ms', string.format('%.0f', now_ms), 'resumed', 0)
if ARGV[11] ~= '' then redis.call('HSET', query, 'consensus', ARGV[11]) end
redis.call('XADD', events, '*', 'kind', 'opened', 'data', '')
if KEYS[3] then
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[10], '*', 'query_id', ARGV[9], 'kind', 'opened', 'data', ARGV[1])
  redis.call('ZADD', KEYS[4], now_ms, ARGV[9])
end
redis.call('EXPIRE', query, ARGV[7])
redis.call('EXPIRE', events, ARGV[7])
return 1
