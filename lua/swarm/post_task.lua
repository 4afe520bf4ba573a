#!lua
-- post_task: put a task into the queue of unassigned work, unless it is on the bus already.
-- KEYS[1] kb:{swarm}:task:<id>          hash: the task, with the packet that posted it
-- KEYS[2] kb:{swarm}:tasks:unassigned   sorted set: work nobody has, by priority and age
-- KEYS[3] kb:{swarm}:events             stream: what happens on the bus
-- ARGV[1] task id   ARGV[2] score   ARGV[3] ttl_s   ARGV[4] agent   ARGV[5] length of the stream
-- ARGV[6]... fields of the task, name and value in turn
-- Returns {code, number of the key}
--   1 posted | 2 posted before | -9 a key holds another type, nothing was written
local status = redis.pcall('HGET', KEYS[1], 'status')
if type(status) == 'table' then return {-9, 1} end
if status then return {2} end
local found = redis.call('TYPE', KEYS[3]).ok
if found ~= 'stream' and found ~= 'none' then return {-9, 3} end
-- The first write: if it fails nothing is written, and no other can fail.
if type(redis.pcall('ZADD', KEYS[2], ARGV[2], ARGV[1])) == 'table' then return {-9, 2} end
redis.call('HSET', KEYS[1], unpack(ARGV, 6, #ARGV))
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[5], '*', 'kind', 'task_posted', 'id', ARGV[1], 'agent', ARGV[4])
return {1}
