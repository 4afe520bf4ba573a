#!lua
-- renew_task: let the holder of a task keep it for longer.
-- KEYS[1] kb:{swarm}:task:<id>      hash: the task
-- KEYS[2] kb:{swarm}:tasks:leased   sorted set: work somebody has, by the end of the lease in ms
-- ARGV[1] task id   ARGV[2] fencing token, or empty to go by the assignee   ARGV[3] agent   ARGV[4] lease_ms
-- Returns {code, fencing token, end of the lease in ms}; -9 has the number of the key instead
--   1 renewed | 0 held by another, or by nobody | -2 no such task | -9 a key holds another type, nothing was written
for at, kind in ipairs({'hash', 'zset'}) do
  local found = redis.call('TYPE', KEYS[at]).ok
  if found ~= kind and found ~= 'none' then return {-9, at} end
end
local status, assignee, fence, ttl_s = unpack(
  redis.call('HMGET', KEYS[1], 'status', 'assignee', 'fence', 'ttl_seconds'))
if not status then return {-2} end
local holds = ARGV[2] == fence or (ARGV[2] == '' and ARGV[3] == assignee)
if not holds or status ~= 'in_progress' then return {0} end
local time = redis.call('TIME')
local until_ms = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[4])
redis.call('HSET', KEYS[1], 'until_ms', until_ms)
redis.call('ZADD', KEYS[2], until_ms, ARGV[1])
redis.call('EXPIRE', KEYS[1], math.ceil((tonumber(ttl_s) or 0) + ARGV[4] / 1000))
return {1, tonumber(fence), tonumber(until_ms)}
