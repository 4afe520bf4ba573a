#!lua
-- waiting_tasks: find the work that nobody has, the most urgent first, and the work whose holder's lease has ended.
-- KEYS[1] kb:{swarm}:tasks:unassigned   sorted set: work nobody has, by priority and age
-- KEYS[2] kb:{swarm}:tasks:leased       sorted set: work somebody has, by the end of the lease in ms
-- ARGV[1] most of each
-- Returns {ids of unassigned work, ids of work whose lease has ended}
local time = redis.call('TIME')
local now_ms = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
return {
  redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1),
  redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now_ms, 'LIMIT', 0, ARGV[1]),
}
