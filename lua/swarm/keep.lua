#!lua
-- keep: write one record with its packet in place of what stood there.
-- KEYS[1] kb:{swarm}:<record>          hash or string
-- KEYS[2] kb:{swarm}:packet:<record>   string: its packet, JSON
-- KEYS[3] kb:{swarm}:events            stream: what happens on the bus
-- ARGV[1] hash or string   ARGV[2] ttl_s   ARGV[3] packet JSON   ARGV[4] what happened   ARGV[5] name of the record
-- ARGV[6] agent   ARGV[7] length of the stream   ARGV[8]... the string, or fields of the hash, name and value in turn
-- Returns {code, number of the key}
--   1 kept | -9 a key holds another type, nothing was written
for at, kind in ipairs({ARGV[1], 'string', 'stream'}) do
  local found = redis.call('TYPE', KEYS[at]).ok
  if found ~= kind and found ~= 'none' then return {-9, at} end
end
if ARGV[1] == 'string' then
  redis.call('SET', KEYS[1], ARGV[8], 'EX', ARGV[2])
else
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], unpack(ARGV, 8, #ARGV))
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[2])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[7], '*', 'kind', ARGV[4], 'id', ARGV[5], 'agent', ARGV[6])
return {1}
