#!lua
-- record: keep what the holder of a stage found, and end the query if that is its end.
-- KEYS[1] kb:{q:<id>}:query   hash    KEYS[2] kb:{q:<id>}:claims  hash    KEYS[3] kb:{q:<id>}:verdicts  list
-- KEYS[4] kb:{q:<id>}:work    hash    KEYS[5] kb:{q:<id>}:answer  string  KEYS[6] kb:{q:<id>}:events    stream
-- KEYS[7] kb:{q:<id>}:end     list of one entry, for whoever waits        KEYS[8] kb:{q:<id>}:decisions  list
-- KEYS[9] kb:{q:<id>}:deltas  list
-- KEYS[10] kb:{feed}:events, KEYS[11] kb:{open}:queries and KEYS[12] kb:{open}:ended, only where all keys are on one server
-- ARGV[1] stage   ARGV[2] token   ARGV[3] verdict JSON, or empty for none   ARGV[4] product JSON, or empty
-- ARGV[5] answer JSON, or empty   ARGV[6] terminal state, or empty   ARGV[7] ttl_s
-- ARGV[8] query id   ARGV[9] length of the feed   ARGV[10] decisions as a JSON list of JSON texts, or empty
-- ARGV[11] contradictions the stage found, in the same way   ARGV[12] an opinion for the vote as JSON, or empty
-- Returns 1 recorded | 2 recorded before | 0 the token does not hold the stage | -1 the query has ended | -2 no such query
local query, claims, verdicts, work, answer, events = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local stage = ARGV[1]
local function tell(kind, place, data)
  redis.call('XADD', events, '*', 'kind', kind, 'data', place)
  if KEYS[10] and data then
    redis.call('XADD', KEYS[10], 'MAXLEN', '~', ARGV[9], '*', 'query_id', ARGV[8], 'kind', kind, 'data', data)
  end
end
local state, opened_us = unpack(redis.call('HMGET', query, 'state', 'opened_us'))
if not state then return -2 end
local owner, done = unpack(redis.call('HMGET', claims, stage .. '.token', stage .. '.done'))
if owner ~= ARGV[2] then return 0 end
if done then return 2 end
if state ~= 'open' then return -1 end
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now_ms = string.format('%.0f', math.floor(now_us / 1000))
redis.call('HSET', claims, stage .. '.done', 1)
redis.call('HDEL', claims, stage .. '.until_ms')
redis.call('HSET', query, 'touched_ms', now_ms)
if ARGV[4] ~= '' then redis.call('HSET', work, stage, ARGV[4]) end
if ARGV[12] ~= '' then redis.call('HSET', work, stage .. '.opinion', ARGV[12]) end
for _, decision in ipairs(ARGV[10] ~= '' and cjson.decode(ARGV[10]) or {}) do
  tell('decision', redis.call('RPUSH', KEYS[8], decision) - 1, decision)
end
for _, delta in ipairs(ARGV[11] ~= '' and cjson.decode(ARGV[11]) or {}) do
  tell('delta', redis.call('RPUSH', KEYS[9], delta) - 1, delta)
end
if ARGV[3] ~= '' then
  tell('verdict', redis.call('RPUSH', verdicts, ARGV[3]) - 1, ARGV[3])
else
  tell('recorded', stage)
end
if ARGV[6] ~= '' then
  redis.call('HSET', query, 'state', ARGV[6], 'took_us', string.format('%.0f', now_us - (opened_us or now_us)))
  redis.call('SET', answer, ARGV[5])
  tell('finished', '', ARGV[5])
  redis.call('RPUSH', KEYS[7], 1)
  if KEYS[11] then
    redis.call('ZREM', KEYS[11], ARGV[8])
    redis.call('ZADD', KEYS[12], now_ms, ARGV[8])
  end
end
for at = 1, 9 do redis.call('EXPIRE', KEYS[at], ARGV[7]) end
return 1
