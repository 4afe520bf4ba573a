#!lua
-- leave_task: let the holder of a task give it back to the queue, complete it or fail it.
-- KEYS[1] kb:{swarm}:task:<id>          hash: the task, with the packets of what was done with it
-- KEYS[2] kb:{swarm}:tasks:unassigned   sorted set: work nobody has, by priority and age
-- KEYS[3] kb:{swarm}:tasks:leased       sorted set: work somebody has, by the end of the lease in ms
-- KEYS[4] kb:{swarm}:events             stream: what happens on the bus
-- ARGV[1] task id   ARGV[2] fencing token, or empty to go by the assignee   ARGV[3] agent   ARGV[4] status it is left in
-- ARGV[5] result or reason   ARGV[6] packet JSON   ARGV[7] time, ISO 8601   ARGV[8] length of the stream
-- Returns {code, number of the key}
--   1 left | 2 left so before, by this holder | 0 held by another, or by nobody
--   -2 no such task | -9 a key holds another type, nothing was written
local function holds_other(at, kind)
  local found = redis.call('TYPE', KEYS[at]).ok
  return found ~= kind and found ~= 'none'
end
local held = redis.pcall('HMGET', KEYS[1], 'status', 'assignee', 'fence', 'score', 'ttl_seconds')
if held.err then return {-9, 1} end
local status, assignee, fence, score, ttl_s = unpack(held)
if not status then return {-2} end
local is_end = ARGV[4] == 'completed' or ARGV[4] == 'failed'
local is_holder = ARGV[2] == fence or (ARGV[2] == '' and ARGV[3] == assignee)
if is_holder and status == ARGV[4] and is_end then return {2} end
if not is_holder or (status ~= 'in_progress' and status ~= 'blocked') then return {0} end
if holds_other(2, 'zset') then return {-9, 2} end
if holds_other(4, 'stream') then return {-9, 4} end
-- The first write: if it fails nothing is written, and no other can fail.
if type(redis.pcall('ZREM', KEYS[3], ARGV[1])) == 'table' then return {-9, 3} end
redis.call('HSET', KEYS[1], 'status', ARGV[4], 'result', ARGV[5], 'updated_at', ARGV[7], 'claim', '', 'until_ms', 0,
  'assignee', is_end and assignee or '', 'packet:' .. fence .. ':left', ARGV[6])
if not is_end then redis.call('ZADD', KEYS[2], score, ARGV[1]) end
redis.call('EXPIRE', KEYS[1], ttl_s)
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[8], '*', 'kind', 'task_' .. ARGV[4], 'id', ARGV[1], 'agent', ARGV[3])
return {1}
