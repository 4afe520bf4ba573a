#!lua
-- retire: move a query from those that are open to those that wait to be archived, once.
-- KEYS[1] kb:{open}:queries  sorted set: queries that have not ended, by time
-- KEYS[2] kb:{open}:ended  sorted set: queries that ended and are not yet archived, by time
-- ARGV[1] query id
-- Returns 1 moved | 0 it is not among the open ones
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
return 1
