#!lua
-- publish_keys: put a key registry in the place of the one it was made from.
-- KEYS[1] <prefix>trust:registry  hash: document, serial, root, signature
-- ARGV[1] serial of the registry it was made from, 0 for none   ARGV[2] document   ARGV[3] its serial, not lower
-- ARGV[4] root: the public key that signed it   ARGV[5] signature, base64
-- Returns a code:
--   1 published | 0 another one is there by now: read it, and make the change again
--   -1 the key is no hash: nothing is done | -2 the one that is there has a higher serial: nothing is done
local key = KEYS[1]
local kept = redis.call('TYPE', key).ok
if kept ~= 'hash' and kept ~= 'none' then return -1 end
local serial = redis.call('HGET', key, 'serial') or '0'
if serial ~= ARGV[1] then return 0 end
if (tonumber(serial) or 0) > tonumber(ARGV[3]) then return -2 end
redis.call('HSET', key, 'document', ARGV[2], 'serial', ARGV[3], 'root', ARGV[4], 'signature', ARGV[5])
return 1
