#!lua
-- record: keep what the holder of a stage found, and end the query if that is its end.
-- KEYS[1] kb:{q:<id>}:query   hash    KEYS[2] kb:{q:<id>}:claims  hash    KEYS[3] kb:{q:<id>}:verdicts  list
-- KEYS[4] kb:{q:<id>}:work    hash    KEYS[5] kb:{q:<id>}:answer  string  KEYS[6] kb:{q:<id>}:events    stream
-- KEYS[7] kb:{q:<id>}:end     stream of one entry: the answer with all verdicts, for whoever waits
-- KEYS[8] kb:{feed}:events and KEYS[9] kb:{open}:queries, only where all keys are on one server
-- ARGV[1] stage   ARGV[2] token   ARGV[3] verdict JSON, or empty for none   ARGV[4] product JSON, or empty
-- ARGV[5] answer JSON, or empty   ARGV[6] terminal state, or empty   ARGV[7] ttl_s
-- ARGV[8] query id   ARGV[9] length of the feed
-- Returns 1 recorded | 0 the token does not hold the stage | -1 the query has ended | -2 no such query
local query, claims, verdicts, work, answer, events = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local stage = ARGV[1]
local function tell(kind, data)
  redis.call('XADD', events, '*', 'kind', kind, 'data', data)
  if KEYS[8] and kind ~= 'recorded' then
    redis.call('XADD', KEYS[8], 'MAXLEN', '~', ARGV[9], '*', 'query_id', ARGV[8], 'kind', kind, 'data', data)
  end
end
local state = redis.call('HGET', query, 'state')
if not state then return -2 end
local owner, done = unpack(redis.call('HMGET', claims, stage .. '.token', stage .. '.done'))
if owner ~= ARGV[2] then return 0 end
if done then return 1 end
if state ~= 'open' then return -1 end
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', claims, stage .. '.done', 1)
redis.call('HSET', query, 'touched_ms', string.format('%.0f', now_ms))
if ARGV[4] ~= '' then redis.call('HSET', work, stage, ARGV[4]) end
if ARGV[3] ~= '' then
  redis.call('RPUSH', verdicts, ARGV[3])
  tell('verdict', ARGV[3])
else
  tell('recorded', stage)
end
if ARGV[6] ~= '' then
  redis.call('HSET', query, 'state', ARGV[6])
  redis.call('SET', answer, ARGV[5])
  tell('finished', ARGV[5])
  local said = table.concat(redis.call('LRANGE', verdicts, 0, -1), '\n')
  redis.call('XADD', KEYS[7], '*', 'answer', ARGV[5], 'verdicts', said)
  if KEYS[9] then redis.call('ZREM', KEYS[9], ARGV[8]) end
end
for at = 1, 7 do redis.call('EXPIRE', KEYS[at], ARGV[7]) end
return 1
