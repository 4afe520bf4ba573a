#!lua
-- restore_task: put a task back where its hash says it is, if it stands in no queue because a queue was lost.
-- KEYS[1] kb:{swarm}:task:<id>          hash: the task
-- KEYS[2] kb:{swarm}:tasks:unassigned   sorted set: work nobody has, by priority and age
-- KEYS[3] kb:{swarm}:tasks:leased       sorted set: work somebody has, by the end of the lease in ms
-- ARGV[1] task id
-- Returns {code, number of the key}
--   1 restored | 2 it is in a queue, or neither waits nor is held | -9 a key holds another type, nothing was written
for at, kind in ipairs({'hash', 'zset', 'zset'}) do
  local found = redis.call('TYPE', KEYS[at]).ok
  if found ~= kind and found ~= 'none' then return {-9, at} end
end
local status, score, until_ms = unpack(redis.call('HMGET', KEYS[1], 'status', 'score', 'until_ms'))
if redis.call('ZSCORE', KEYS[2], ARGV[1]) or redis.call('ZSCORE', KEYS[3], ARGV[1]) then return {2} end
local is_held = status == 'in_progress'
if not is_held and status ~= 'pending' and status ~= 'needs_assist' then return {2} end
-- A lease whose end is not known has ended; what has no score comes first; nan is not itself.
local place = tonumber(is_held and until_ms or score) or 0
if place ~= place then place = 0 end
redis.call('ZADD', is_held and KEYS[3] or KEYS[2], string.format('%.0f', place), ARGV[1])
return {1}
