#!lua
-- finish: end a query from outside its layers; the first to end it wins.
-- KEYS[1] kb:{q:<id>}:query  hash   KEYS[2] kb:{q:<id>}:verdicts  list   KEYS[3] kb:{q:<id>}:answer  string
-- KEYS[4] kb:{q:<id>}:events  stream   KEYS[5] kb:{q:<id>}:end  list of one entry, for whoever waits
-- ARGV[1] answer JSON   ARGV[2] terminal state   ARGV[3] ttl_s
-- Returns 1 ended now | 0 it had ended | -2 no such query
local query, answer, events = KEYS[1], KEYS[3], KEYS[4]
local state, opened_us = unpack(redis.call('HMGET', query, 'state', 'opened_us'))
if not state then return -2 end
if state ~= 'open' then return 0 end
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
redis.call('HSET', query, 'state', ARGV[2], 'took_us', string.format('%.0f', now_us - (opened_us or now_us)))
redis.call('SET', answer, ARGV[1])
redis.call('XADD', events, '*', 'kind', 'finished', 'data', '')
redis.call('RPUSH', KEYS[5], 1)
for _, key in ipairs({query, KEYS[2], answer, events, KEYS[5]}) do redis.call('EXPIRE', key, ARGV[3]) end
return 1
