#!lua
-- drop: have a grain gone with all that was counted for it.
-- KEYS[1] kb:{grains}:records  hash by grain id: JSON
-- KEYS[2] kb:{grains}:recency  sorted set: grains that are not crystallised
-- KEYS[3] kb:{grains}:crystallised  set of grain ids
-- KEYS[4] kb:{grains}:clock  hash: version
-- ARGV[1] grain id
-- Returns 1 it is gone | 0 there was none
local gone = redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('SREM', KEYS[3], ARGV[1]) == 1 then redis.call('HINCRBY', KEYS[4], 'version', 1) end
return gone == 1 and 1 or 0
