#!lua
-- escalate: keep a finding that asks a person, put it into the inbox, and have its task wait for the answer.
-- KEYS[1] kb:{swarm}:finding:<id>            hash: the finding, whose claim is the question
-- KEYS[2] kb:{swarm}:findings:of:<task id>   list: findings of a task, the oldest first
-- KEYS[3] kb:{swarm}:inbox:open              sorted set: questions nobody has answered, by time
-- KEYS[4] kb:{swarm}:task:<id>               hash: the task
-- KEYS[5] kb:{swarm}:tasks:unassigned        sorted set: work nobody has, by priority and age
-- KEYS[6] kb:{swarm}:tasks:leased            sorted set: work somebody has, by the end of the lease in ms
-- KEYS[7] kb:{swarm}:events                  stream: what happens on the bus
-- ARGV[1] finding id   ARGV[2] task id, or empty   ARGV[3] time, ISO 8601   ARGV[4] ttl_s   ARGV[5] agent
-- ARGV[6] length of the stream   ARGV[7]... fields of the finding, name and value in turn
-- Returns {code, number of the key}
--   1 escalated, and the task waits if it is there and has not ended
--   2 escalated before | -9 a key holds another type, nothing was written
for at, kind in ipairs({'hash', 'list', 'zset', 'hash', 'zset', 'zset', 'stream'}) do
  local found = redis.call('TYPE', KEYS[at]).ok
  if found ~= kind and found ~= 'none' then return {-9, at} end
end
if redis.call('EXISTS', KEYS[1]) == 1 then return {2} end
redis.call('HSET', KEYS[1], unpack(ARGV, 7, #ARGV))
redis.call('EXPIRE', KEYS[1], ARGV[4])
local time = redis.call('TIME')
redis.call('ZADD', KEYS[3], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
if ARGV[2] ~= '' then
  local is_new = redis.call('RPUSH', KEYS[2], ARGV[1]) == 1
  redis.call('EXPIRE', KEYS[2], ARGV[4], is_new and 'NX' or 'GT')
  local status = redis.call('HGET', KEYS[4], 'status')
  if status and status ~= 'completed' and status ~= 'failed' then
    redis.call('HSET', KEYS[4], 'status', 'blocked', 'updated_at', ARGV[3])
    redis.call('HDEL', KEYS[4], 'until_ms', 'claim')
    redis.call('EXPIRE', KEYS[4], ARGV[4])
    redis.call('ZREM', KEYS[5], ARGV[2])
    redis.call('ZREM', KEYS[6], ARGV[2])
  end
end
redis.call('XADD', KEYS[7], 'MAXLEN', '~', ARGV[6], '*', 'kind', 'escalated', 'id', ARGV[1], 'agent', ARGV[5])
return {1}
