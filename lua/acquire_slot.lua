#!lua
-- acquire_slot: take one of a lane's slots until its lease ends.
-- KEYS[1] kb:{lane:<queue>}:slots  sorted set: token by the end of its lease in ms
-- ARGV[1] token   ARGV[2] lease_ms   ARGV[3] slots in all
-- Returns 1 taken | 0 all are taken
local slots = KEYS[1]
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', slots, '-inf', string.format('%.0f', now_ms))
local held = redis.call('ZSCORE', slots, ARGV[1])
if not held and redis.call('ZCARD', slots) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', slots, string.format('%.0f', now_ms + ARGV[2]), ARGV[1])
local last = redis.call('ZREVRANGE', slots, 0, 0, 'WITHSCORES')
redis.call('PEXPIREAT', slots, last[2])
return 1
