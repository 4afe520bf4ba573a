#!lua
-- leave_task: let the holder of a task give it back to the queue, complete it or fail it.
-- KEYS[1] kb:{swarm}:task:<id>          hash: the task
-- KEYS[2] kb:{swarm}:tasks:unassigned   sorted set: work nobody has, by priority and age
-- KEYS[3] kb:{swarm}:tasks:leased       sorted set: work somebody has, by the end of the lease in ms
-- KEYS[4] kb:{swarm}:packet:task:<id>   list: the packets of the task, the oldest first
-- KEYS[5] kb:{swarm}:events             stream: what happens on the bus
-- ARGV[1] task id   ARGV[2] fencing token, or empty to go by the assignee   ARGV[3] agent   ARGV[4] status it is left in
-- ARGV[5] result or reason   ARGV[6] packet JSON   ARGV[7] time, ISO 8601   ARGV[8] length of the stream
-- ARGV[9] most packets kept
-- Returns {code, number of the key}: 1 left | 2 left so before, by this holder | 0 held by another, or by nobody
--   -2 no such task | -9 a key holds another type, nothing was written
for at, kind in ipairs({'hash', 'zset', 'zset', 'list', 'stream'}) do
  local found = redis.call('TYPE', KEYS[at]).ok
  if found ~= kind and found ~= 'none' then return {-9, at} end
end
local status, assignee, fence, score, ttl_s = unpack(
  redis.call('HMGET', KEYS[1], 'status', 'assignee', 'fence', 'score', 'ttl_seconds'))
if not status then return {-2} end
local is_end = ARGV[4] == 'completed' or ARGV[4] == 'failed'
local holds = ARGV[2] == fence or (ARGV[2] == '' and ARGV[3] == assignee)
if holds and status == ARGV[4] and is_end then return {2} end
if not holds or (status ~= 'in_progress' and status ~= 'blocked') then return {0} end
redis.call('HSET', KEYS[1], 'status', ARGV[4], 'result', ARGV[5], 'updated_at', ARGV[7])
redis.call('HDEL', KEYS[1], 'until_ms', 'claim')
redis.call('ZREM', KEYS[3], ARGV[1])
if not is_end then
  redis.call('HSET', KEYS[1], 'assignee', '')
  redis.call('ZADD', KEYS[2], score, ARGV[1])
end
redis.call('EXPIRE', KEYS[1], ttl_s)
if redis.call('RPUSH', KEYS[4], ARGV[6]) > tonumber(ARGV[9]) then
  -- The first packet tells what the task is; it stays.
  redis.call('LREM', KEYS[4], 1, redis.call('LINDEX', KEYS[4], 1))
end
redis.call('EXPIRE', KEYS[4], ttl_s)
redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[8], '*', 'kind', 'task_' .. ARGV[4], 'id', ARGV[1], 'agent', ARGV[3])
return {1}
