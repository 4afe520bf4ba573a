#!lua
-- drop_stale: take out of the queue what is not waiting: tasks whose hash expired, or that somebody has or has ended.
-- KEYS[1] kb:{swarm}:tasks:unassigned   sorted set: work nobody has, by priority and age
-- KEYS[2] kb:{swarm}:task:<id>          hash: the first task; one key more for each further id
-- ARGV[1] pending   ARGV[2]... ids of the tasks
-- Returns how many were dropped
local dropped = 0
for at = 2, #ARGV do
  local is_hash = redis.call('TYPE', KEYS[at]).ok == 'hash'
  local status = is_hash and redis.call('HGET', KEYS[at], 'status')
  if status ~= ARGV[1] and status ~= 'needs_assist' then
    dropped = dropped + redis.call('ZREM', KEYS[1], ARGV[at])
  end
end
return dropped
