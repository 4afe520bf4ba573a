#!lua
-- promote: change the state of a grain, if it is still as it was read.
-- KEYS[1] kb:{grains}:records  hash by grain id: JSON
-- KEYS[2] kb:{grains}:recency  sorted set: grains that are not crystallised, by when they were last touched, in ms
-- KEYS[3] kb:{grains}:crystallised  set of grain ids
-- KEYS[4] kb:{grains}:clock  hash: version
-- ARGV[1] grain id   ARGV[2] the state it is in   ARGV[3] the state to change to   ARGV[4] fact hash
-- Returns 1 changed | 0 it is in another state, or its fact had another wording | -2 no such grain
local fine, held = pcall(cjson.decode, redis.call('HGET', KEYS[1], ARGV[1]) or '')
if not fine or type(held) ~= 'table' then return -2 end
if held.state ~= ARGV[2] or held.fact_hash ~= ARGV[4] then return 0 end
held.state = ARGV[3]
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(held))
local changed
if ARGV[3] == 'crystallised' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  changed = redis.call('SADD', KEYS[3], ARGV[1])
else
  local now = redis.call('TIME')
  redis.call('ZADD', KEYS[2], now[1] * 1000 + math.floor(now[2] / 1000), ARGV[1])
  changed = redis.call('SREM', KEYS[3], ARGV[1])
end
if changed == 1 then redis.call('HINCRBY', KEYS[4], 'version', 1) end
return 1
