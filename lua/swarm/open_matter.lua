#!lua
-- open_matter: queue a matter for people (a conflict, or a question), once.
-- KEYS[1] kb:{swarm}:<matter>:<id>   hash: the matter
-- KEYS[2] kb:{swarm}:<matters>:open  sorted set: matters nobody has settled, the most pressing first
-- KEYS[3] kb:{swarm}:packet:<matter>:<id>  list: its packets, the oldest first
-- KEYS[4] kb:{swarm}:events          stream: what happens on the bus
-- ARGV[1] id   ARGV[2] score   ARGV[3] ttl_s   ARGV[4] packet JSON   ARGV[5] what happened   ARGV[6] agent
-- ARGV[7] length of the stream   ARGV[8]... fields of the matter, name and value in turn
-- Returns {code, number of the key}
--   1 queued | 2 queued before | -9 a key holds another type, nothing was written
for at, kind in ipairs({'hash', 'zset', 'list', 'stream'}) do
  local found = redis.call('TYPE', KEYS[at]).ok
  if found ~= kind and found ~= 'none' then return {-9, at} end
end
if redis.call('EXISTS', KEYS[1]) == 1 then return {2} end
redis.call('HSET', KEYS[1], unpack(ARGV, 8, #ARGV))
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call('RPUSH', KEYS[3], ARGV[4])
redis.call('EXPIRE', KEYS[3], ARGV[3])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[7], '*', 'kind', ARGV[5], 'id', ARGV[1], 'agent', ARGV[6])
return {1}
