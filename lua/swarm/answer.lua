#!lua
-- answer: keep a person's answer as a finding, take the question out of the inbox, return its task after the last.
-- KEYS[1] kb:{swarm}:finding:<id>            hash: the answer, a finding of the person's
-- KEYS[2] kb:{swarm}:findings:of:<task id>   list: findings of a task, the oldest first
-- KEYS[3] kb:{swarm}:inbox:open              sorted set: questions nobody has answered, by time
-- KEYS[4] kb:{swarm}:finding:<question id>   hash: the question
-- KEYS[5] kb:{swarm}:task:<id>               hash: the task
-- KEYS[6] kb:{swarm}:tasks:unassigned        sorted set: work nobody has, by priority and age
-- KEYS[7] kb:{swarm}:events                  stream: what happens on the bus
-- ARGV[1] finding id   ARGV[2] question id   ARGV[3] task id, or empty   ARGV[4] time, ISO 8601   ARGV[5] ttl_s
-- ARGV[6] person   ARGV[7] length of the stream   ARGV[8]... fields of the answer, name and value in turn
-- Returns {code, number of the key}
--   1 answered | 2 answered before | -2 no such question
--   -9 a key holds another type, nothing was written
for at, kind in ipairs({'hash', 'list', 'zset', 'hash', 'hash', 'zset', 'stream'}) do
  local found = redis.call('TYPE', KEYS[at]).ok
  if found ~= kind and found ~= 'none' then return {-9, at} end
end
if redis.call('HEXISTS', KEYS[4], 'answer') == 1 then return {2} end
if not redis.call('ZSCORE', KEYS[3], ARGV[2]) or redis.call('EXISTS', KEYS[4]) == 0 then return {-2} end
redis.call('HSET', KEYS[1], unpack(ARGV, 8, #ARGV))
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('ZREM', KEYS[3], ARGV[2])
redis.call('HSET', KEYS[4], 'answer', ARGV[1])
if ARGV[3] ~= '' then
  local is_new = redis.call('RPUSH', KEYS[2], ARGV[1]) == 1
  redis.call('EXPIRE', KEYS[2], ARGV[5], is_new and 'NX' or 'GT')
  local status, score = unpack(redis.call('HMGET', KEYS[5], 'status', 'score'))
  local is_asked = false
  for _, other in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
    is_asked = is_asked or redis.call('ZSCORE', KEYS[3], other)
  end
  -- Its other questions may still be open.
  if status == 'blocked' and not is_asked then
    redis.call('HSET', KEYS[5], 'status', 'pending', 'assignee', '', 'updated_at', ARGV[4])
    redis.call('ZADD', KEYS[6], score, ARGV[3])
  end
end
redis.call('XADD', KEYS[7], 'MAXLEN', '~', ARGV[7], '*', 'kind', 'answered', 'id', ARGV[1], 'agent', ARGV[6])
return {1}
