#!lua
-- requeue_tasks: return work whose lease has ended to the queue, and fail what expired too often to hope for more.
-- KEYS[1] kb:{swarm}:tasks:unassigned   sorted set: work nobody has, by priority and age
-- KEYS[2] kb:{swarm}:tasks:leased       sorted set: work somebody has, by the end of the lease in ms
-- KEYS[3] kb:{swarm}:events             stream: what happens on the bus
-- KEYS[4] kb:{swarm}:task:<id>          hash: the first task; one key more for each further id
-- ARGV[1] how many leases of a task may end undone   ARGV[2] time, ISO 8601   ARGV[3] length of the stream   ARGV[4]... ids of the tasks
-- Returns {how many are back in the queue, how many were given up, how many were not there any more}, or
--   -9 a key holds another type, nothing was written; with the number of the key
for at, kind in ipairs({'zset', 'zset', 'stream'}) do
  local found = redis.call('TYPE', KEYS[at]).ok
  if found ~= kind and found ~= 'none' then return {-9, at} end
end
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local counts = {0, 0, 0}
local function requeue(id, task)
  local due = redis.call('ZSCORE', KEYS[2], id)
  local kind = redis.call('TYPE', task).ok
  if not due or tonumber(due) > now_ms or (kind ~= 'hash' and kind ~= 'none') then return end
  redis.call('ZREM', KEYS[2], id)
  local status, expiries, score = unpack(redis.call('HMGET', task, 'status', 'expiries', 'score'))
  local place = tonumber(score)
  -- What has no place in the queue (nan is not itself) is no task of the bus.
  if status ~= 'in_progress' or not place or place ~= place then counts[3] = counts[3] + 1 return end
  local after, told = 'pending', 'task_expired'
  expiries = (tonumber(expiries) or 0) + 1
  if expiries >= tonumber(ARGV[1]) then
    after, told = 'failed', 'task_failed'
    counts[2] = counts[2] + 1
    redis.call('HSET', task, 'result', 'given up: ' .. expiries .. ' leases of it ended and none finished it in time')
  else
    counts[1] = counts[1] + 1
    redis.call('HSET', task, 'assignee', '')
    redis.call('ZADD', KEYS[1], score, id)
  end
  redis.call('HSET', task, 'status', after, 'updated_at', ARGV[2], 'expiries', expiries)
  redis.pcall('HINCRBY', task, 'fence', 1)
  redis.call('HDEL', task, 'until_ms', 'claim')
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[3], '*', 'kind', told, 'id', id, 'agent', '')
end
for at = 4, #ARGV do requeue(ARGV[at], KEYS[at]) end
return counts
