#!lua
-- claim_task: let one agent have a task until its lease ends; a task that is not on the bus is put there if it is given.
-- KEYS[1] kb:{swarm}:task:<id>          hash: the task, with the packets of what was done with it
-- KEYS[2] kb:{swarm}:tasks:unassigned   sorted set: work nobody has, by priority and age
-- KEYS[3] kb:{swarm}:tasks:leased       sorted set: work somebody has, by the end of the lease in ms
-- KEYS[4] kb:{swarm}:events             stream: what happens on the bus
-- ARGV[1] task id   ARGV[2] assignee   ARGV[3] name of this very call   ARGV[4] lease_ms   ARGV[5] packet JSON
-- ARGV[6] time, ISO 8601   ARGV[7] length of the stream   ARGV[8] of how many claims packets are kept
-- ARGV[9] ttl_s of a task that may be new   ARGV[10]... its fields, name and value in turn; left out if it must be there
-- Returns {code, fencing token, end of the lease in ms}; -9 has the number of the key instead
--   1 claimed | 2 claimed before, by this very call | 0 held by another
--   -1 it has ended | -2 no such task | -3 it waits for a person | -9 a key holds another type, nothing was written
local function holds_other(at, kind)
  local found = redis.call('TYPE', KEYS[at]).ok
  return found ~= kind and found ~= 'none'
end
local held = redis.pcall('HMGET', KEYS[1], 'status', 'claim', 'until_ms', 'fence', 'ttl_seconds', 'attempts')
if held.err then return {-9, 1} end
local status, call, until_ms, fence, ttl_s, attempts = unpack(held)
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
if status then
  if call == ARGV[3] then return {2, tonumber(fence), tonumber(until_ms)} end
  if status == 'completed' or status == 'failed' then return {-1} end
  if status == 'blocked' then return {-3} end
  if status == 'in_progress' and now_ms < (tonumber(until_ms) or 0) then return {0} end
elseif ARGV[9] == nil then
  return {-2}
end
if holds_other(3, 'zset') then return {-9, 3} end
if holds_other(4, 'stream') then return {-9, 4} end
-- The first write: if it fails nothing is written, and no other can fail.
if type(redis.pcall('ZREM', KEYS[2], ARGV[1])) == 'table' then return {-9, 2} end
if not status then
  redis.call('HSET', KEYS[1], unpack(ARGV, 10, #ARGV))
  ttl_s = ARGV[9]
end
until_ms = string.format('%.0f', now_ms + ARGV[4])
fence = (tonumber(fence) or 0) + 1
if status == 'in_progress' then redis.pcall('HINCRBY', KEYS[1], 'expiries', 1) end
redis.call('HSET', KEYS[1], 'status', 'in_progress', 'assignee', ARGV[2], 'claim', ARGV[3], 'until_ms', until_ms,
  'updated_at', ARGV[6], 'fence', fence, 'attempts', (tonumber(attempts) or 0) + 1, 'packet:' .. fence .. ':claimed', ARGV[5])
local old = fence - ARGV[8]
if old > 0 then redis.call('HDEL', KEYS[1], 'packet:' .. old .. ':claimed', 'packet:' .. old .. ':left') end
-- It outlives its lease: whoever comes after a holder that died must find it.
redis.call('EXPIRE', KEYS[1], math.ceil((tonumber(ttl_s) or 0) + ARGV[4] / 1000))
redis.call('ZADD', KEYS[3], until_ms, ARGV[1])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[7], '*', 'kind', 'task_claimed', 'id', ARGV[1], 'agent', ARGV[2])
return {1, fence, tonumber(until_ms)}
