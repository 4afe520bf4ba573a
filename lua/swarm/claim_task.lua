#!lua
-- claim_task: let one agent have a task until its lease ends; a task that is not on the bus is put there if it is given.
-- KEYS[1] kb:{swarm}:task:<id>          hash: the task
-- KEYS[2] kb:{swarm}:tasks:unassigned   sorted set: work nobody has, by priority and age
-- KEYS[3] kb:{swarm}:tasks:leased       sorted set: work somebody has, by the end of the lease in ms
-- KEYS[4] kb:{swarm}:packet:task:<id>   list: the packets of the task, the oldest first
-- KEYS[5] kb:{swarm}:events             stream: what happens on the bus
-- ARGV[1] task id   ARGV[2] assignee   ARGV[3] name of this very call   ARGV[4] lease_ms   ARGV[5] packet JSON
-- ARGV[6] time, ISO 8601   ARGV[7] ttl_s   ARGV[8] length of the stream   ARGV[9] most packets kept
-- ARGV[10]... fields of a task that may be new, name and value in turn; none if it must be there
-- Returns {code, fencing token, end of the lease in ms}; -9 has the number of the key instead
--   1 claimed | 2 claimed before, by this very call | 0 held by another
--   -1 it has ended | -2 no such task | -3 it waits for a person | -9 a key holds another type, nothing was written
for at, kind in ipairs({'hash', 'zset', 'zset', 'list', 'stream'}) do
  local found = redis.call('TYPE', KEYS[at]).ok
  if found ~= kind and found ~= 'none' then return {-9, at} end
end
local status, call, until_ms, fence, ttl_s = unpack(
  redis.call('HMGET', KEYS[1], 'status', 'claim', 'until_ms', 'fence', 'ttl_seconds'))
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
if status then
  if call == ARGV[3] then return {2, tonumber(fence), tonumber(until_ms)} end
  if status == 'completed' or status == 'failed' then return {-1} end
  if status == 'blocked' then return {-3} end
  if status == 'in_progress' and now_ms < tonumber(until_ms or 0) then return {0} end
else
  if ARGV[10] == nil then return {-2} end
  redis.call('HSET', KEYS[1], unpack(ARGV, 10, #ARGV))
  ttl_s = ARGV[7]
end
until_ms = string.format('%.0f', now_ms + ARGV[4])
fence = redis.call('HINCRBY', KEYS[1], 'fence', 1)
redis.call('HINCRBY', KEYS[1], 'attempts', 1)
redis.call('HSET', KEYS[1], 'status', 'in_progress', 'assignee', ARGV[2], 'claim', ARGV[3], 'until_ms', until_ms,
  'updated_at', ARGV[6])
redis.call('EXPIRE', KEYS[1], ttl_s)
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[3], until_ms, ARGV[1])
if redis.call('RPUSH', KEYS[4], ARGV[5]) > tonumber(ARGV[9]) then
  -- The first packet tells what the task is; it stays.
  redis.call('LREM', KEYS[4], 1, redis.call('LINDEX', KEYS[4], 1))
end
redis.call('EXPIRE', KEYS[4], ttl_s)
redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[8], '*', 'kind', 'task_claimed', 'id', ARGV[1], 'agent', ARGV[2])
return {1, fence, tonumber(until_ms)}
