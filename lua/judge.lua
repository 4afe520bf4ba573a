#!lua
-- judge: have one query count once, right or wrong, for the engine that answered it.
-- KEYS[1] kb:{engines}:judged  hash: <layer>.right, <layer>.wrong
-- KEYS[2] kb:{engines}:judged:<query id>  string: what it counted for
-- ARGV[1] layer, 0 to 4   ARGV[2] right or wrong   ARGV[3] ttl_s of what KEYS[2] remembers
-- Returns 1 counted | 2 it counted otherwise before, and does no more | 0 it counted so before
local said = ARGV[1] .. '.' .. ARGV[2]
local before = redis.call('GET', KEYS[2])
if before == said then return 0 end
if before then redis.call('HINCRBY', KEYS[1], before, -1) end
redis.call('HINCRBY', KEYS[1], said, 1)
redis.call('SET', KEYS[2], said, 'EX', ARGV[3])
return before and 2 or 1
