#!lua
-- open_answered: write a query that Layer 0 answered in the caller, whole and ended, unless it exists.
-- KEYS[1] kb:{q:<id>}:query     hash    KEYS[2] kb:{q:<id>}:verdicts  list
-- KEYS[3] kb:{q:<id>}:answer    string  KEYS[4] kb:{q:<id>}:events    stream
-- KEYS[5] kb:{q:<id>}:end       list of one entry, for whoever waits
-- KEYS[6] kb:{feed}:events  stream: what happens to all queries; only where all keys are on one server
-- KEYS[7] kb:{open}:ended  sorted set: ended, not yet archived; only where all keys are on one server
-- ARGV[1] text   ARGV[2] project   ARGV[3] user   ARGV[4] session   ARGV[5] kappa
-- ARGV[6] timeout_ms   ARGV[7] ttl_s   ARGV[8] mode
-- ARGV[9] verdict JSON   ARGV[10] answer JSON   ARGV[11] terminal state   ARGV[12] stage
-- ARGV[13] query id   ARGV[14] length of the feed   ARGV[15] took_us
-- Returns 1 written | 0 the query exists already
local query, verdicts, answer, events = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
if redis.call('EXISTS', query) == 1 then return 0 end
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now_ms = math.floor(now_us / 1000)
redis.call('HSET', query,
  'text', ARGV[1], 'project', ARGV[2], 'user', ARGV[3], 'session', ARGV[4], 'kappa', ARGV[5],
  'deadline_ms', string.format('%.0f', now_ms + ARGV[6]), 'mode', ARGV[8], 'state', ARGV[11], 'stage', ARGV[12],
  'lifecycle', '', 'opened_us', string.format('%.0f', now_us - ARGV[15]), 'took_us', ARGV[15],
  'touched_ms', string.format('%.0f', now_ms), 'resumed', 0)
redis.call('RPUSH', verdicts, ARGV[9])
redis.call('SET', answer, ARGV[10])
redis.call('XADD', events, '*', 'kind', 'opened', 'data', '')
redis.call('XADD', events, '*', 'kind', 'verdict', 'data', 0)
redis.call('XADD', events, '*', 'kind', 'finished', 'data', '')
redis.call('RPUSH', KEYS[5], 1)
for at = 1, 5 do redis.call('EXPIRE', KEYS[at], ARGV[7]) end
if KEYS[6] then
  redis.call('XADD', KEYS[6], 'MAXLEN', '~', ARGV[14], '*', 'query_id', ARGV[13], 'kind', 'finished', 'data', ARGV[10])
  redis.call('ZADD', KEYS[7], now_ms, ARGV[13])
end
return 1
