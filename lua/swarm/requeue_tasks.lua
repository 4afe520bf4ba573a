#!lua
-- requeue_tasks: return work whose lease has ended to the queue, and fail what was claimed too often to hope for more.
-- KEYS[1] kb:{swarm}:tasks:unassigned   sorted set: work nobody has, by priority and age
-- KEYS[2] kb:{swarm}:tasks:leased       sorted set: work somebody has, by the end of the lease in ms
-- KEYS[3] kb:{swarm}:events             stream: what happens on the bus
-- KEYS[4] kb:{swarm}:task:<id>          hash: the first task; one key more for each further id
-- ARGV[1] most attempts   ARGV[2] time, ISO 8601   ARGV[3] length of the stream   ARGV[4]... ids of the tasks
-- Returns {how many are back in the queue, how many were given up, how many were not there any more}
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local counts = {0, 0, 0}
local function requeue(id, task)
  local due = redis.call('ZSCORE', KEYS[2], id)
  local kind = redis.call('TYPE', task).ok
  if not due or tonumber(due) > now_ms or (kind ~= 'hash' and kind ~= 'none') then return end
  redis.call('ZREM', KEYS[2], id)
  local status, attempts, score = unpack(redis.call('HMGET', task, 'status', 'attempts', 'score'))
  if status ~= 'in_progress' then counts[3] = counts[3] + 1 return end
  local after = 'pending'
  if tonumber(attempts or 0) >= tonumber(ARGV[1]) then
    after = 'failed'
    counts[2] = counts[2] + 1
    redis.call('HSET', task, 'result', 'given up: ' .. attempts .. ' agents claimed it and none finished it in time')
  else
    counts[1] = counts[1] + 1
    redis.call('HSET', task, 'assignee', '')
    redis.call('ZADD', KEYS[1], score, id)
  end
  redis.call('HSET', task, 'status', after, 'updated_at', ARGV[2])
  redis.call('HINCRBY', task, 'fence', 1)
  redis.call('HDEL', task, 'until_ms', 'claim')
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[3], '*', 'kind', 'task_expired', 'id', id, 'agent', '')
end
for at = 4, #ARGV do requeue(ARGV[at], KEYS[at]) end
return counts
