#!lua
-- post_task: put a task into the queue of unassigned work, unless it is on the bus already.
-- KEYS[1] kb:{swarm}:task:<id>          hash: the task, with the packet that posted it
-- KEYS[2] kb:{swarm}:tasks:unassigned   sorted set: work nobody has, by priority and age
-- KEYS[3] kb:{swarm}:events             stream: what happens on the bus
-- ARGV[1] agent   ARGV[2] length of the stream   ARGV[3] envelope of the packet, JSON   ARGV[4] task id   ARGV[5] score
-- ARGV[6] ttl_s   ARGV[7] description   ARGV[8] data, JSON   ARGV[9] type   ARGV[10] status   ARGV[11] assignee
-- ARGV[12] when it was made, ARGV[13] and changed, ISO 8601   ARGV[14] priority
-- Returns {code, number of the key}
--   1 posted | 2 posted before | -9 a key holds another type, nothing was written
local status = redis.pcall('HGET', KEYS[1], 'status')
if type(status) == 'table' then return {-9, 1} end
if status then return {2} end
local found = redis.call('TYPE', KEYS[3]).ok
if found ~= 'stream' and found ~= 'none' then return {-9, 3} end
-- The first write: if it fails nothing is written, and no other can fail.
if type(redis.pcall('ZADD', KEYS[2], ARGV[5], ARGV[4])) == 'table' then return {-9, 2} end
-- The names stand here, since each would be an argument more to pack, send and read.
redis.call('HSET', KEYS[1], 'id', ARGV[4], 'score', ARGV[5], 'ttl_seconds', ARGV[6], 'description', ARGV[7],
  'data', ARGV[8], 'type', ARGV[9], 'status', ARGV[10], 'assignee', ARGV[11], 'created_at', ARGV[12],
  'updated_at', ARGV[13], 'priority', ARGV[14], 'packet', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[2], '*', 'kind', 'task_posted', 'id', ARGV[4], 'agent', ARGV[1])
return {1}
