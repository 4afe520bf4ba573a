#!lua
-- restore: put a grain in place, unless there is a record of it.
-- KEYS[1] kb:{grains}:records  hash by grain id: JSON
-- KEYS[2] kb:{grains}:recency  sorted set: grains that are not crystallised, by when they were last touched, in ms
-- KEYS[3] kb:{grains}:crystallised  set of grain ids
-- KEYS[4] kb:{grains}:clock  hash: version, born
-- ARGV[1] grain id   ARGV[2] the record, JSON
-- Returns 1 put in place | 0 there is a record of it
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 0 end
local held = cjson.decode(ARGV[2])
held.born = redis.call('HINCRBY', KEYS[4], 'born', 1)
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(held))
if held.state == 'crystallised' then
  redis.call('SADD', KEYS[3], ARGV[1])
  redis.call('HINCRBY', KEYS[4], 'version', 1)
else
  local now = redis.call('TIME')
  redis.call('ZADD', KEYS[2], now[1] * 1000 + math.floor(now[2] / 1000), ARGV[1])
end
return 1
