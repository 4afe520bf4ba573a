#!lua
-- tally: count an ended query once, and drop it from those that wait to be archived.
-- KEYS[1] kb:{open}:ended  sorted set: queries that ended and are not yet archived
-- KEYS[2] kb:{open}:stats  hash: what is counted on one day
-- ARGV[1] query id   ARGV[2] ttl_s of the counts   ARGV[3], ARGV[4]... names to count, each followed by how much
-- Returns 1 counted | 0 it was counted before
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
for at = 3, #ARGV, 2 do redis.call('HINCRBY', KEYS[2], ARGV[at], ARGV[at + 1]) end
redis.call('EXPIRE', KEYS[2], ARGV[2])
return 1
