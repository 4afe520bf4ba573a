#!lua
-- post_task: put a task into the queue of unassigned work, unless it is on the bus already.
-- KEYS[1] kb:{swarm}:task:<id>          hash: the task
-- KEYS[2] kb:{swarm}:tasks:unassigned   sorted set: work nobody has, by priority and age
-- KEYS[3] kb:{swarm}:packet:task:<id>   list: the packets of the task, the oldest first
-- KEYS[4] kb:{swarm}:events             stream: what happens on the bus
-- ARGV[1] task id   ARGV[2] score   ARGV[3] ttl_s   ARGV[4] packet JSON   ARGV[5] agent
-- ARGV[6] length of the stream   ARGV[7]... fields of the task, name and value in turn
-- Returns {code, number of the key}: 1 posted | 2 posted before | -9 a key holds another type, nothing was written
for at, kind in ipairs({'hash', 'zset', 'list', 'stream'}) do
  local found = redis.call('TYPE', KEYS[at]).ok
  if found ~= kind and found ~= 'none' then return {-9, at} end
end
if redis.call('EXISTS', KEYS[1]) == 1 then return {2} end
redis.call('HSET', KEYS[1], unpack(ARGV, 7, #ARGV))
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call('RPUSH', KEYS[3], ARGV[4])
redis.call('EXPIRE', KEYS[3], ARGV[3])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[6], '*', 'kind', 'task_posted', 'id', ARGV[1], 'agent', ARGV[5])
return {1}
