#!lua
-- resolve_matter: note what was decided about a matter (a conflict, or a proposal), once, and take it from the queue.
-- KEYS[1] kb:{swarm}:<matter>:<id>          hash: the matter
-- KEYS[2] kb:{swarm}:<matters>:open         sorted set: matters nobody has settled, the most pressing first
-- KEYS[3] kb:{swarm}:packet:<matter>:<id>   list: its packets, the oldest first
-- KEYS[4] kb:{swarm}:events                 stream: what happens on the bus
-- ARGV[1] id   ARGV[2] resolution   ARGV[3] decision   ARGV[4] who decided   ARGV[5] time, ISO 8601
-- ARGV[6] packet JSON   ARGV[7] ttl_s   ARGV[8] length of the stream   ARGV[9] what happened
-- Returns {code, number of the key}
--   1 resolved | 2 resolved before | -2 no such matter
--   -9 a key holds another type, nothing was written
for at, kind in ipairs({'hash', 'zset', 'list', 'stream'}) do
  local found = redis.call('TYPE', KEYS[at]).ok
  if found ~= kind and found ~= 'none' then return {-9, at} end
end
local resolution = redis.call('HGET', KEYS[1], 'resolution')
if not resolution then return {-2} end
if resolution ~= 'pending' then return {2} end
-- The first write is the one that access rules keep from agents: who may not do it has written nothing.
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[1], 'resolution', ARGV[2], 'decision', ARGV[3], 'decided_by', ARGV[4], 'decided_at', ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[7])
redis.call('RPUSH', KEYS[3], ARGV[6])
redis.call('EXPIRE', KEYS[3], ARGV[7])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[8], '*', 'kind', ARGV[9], 'id', ARGV[1], 'agent', ARGV[4])
return {1}
