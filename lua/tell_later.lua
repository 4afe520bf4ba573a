#!lua
-- tell_later: have something told in the event stream of a query that is settled, once by its name.
-- KEYS[1] kb:{q:<id>}:query  hash: when it was settled, and what was told since   KEYS[2] kb:{q:<id>}:events  stream
-- ARGV[1] kind of the event   ARGV[2] data JSON   ARGV[3] its name   ARGV[4] how many events a query is told at most
-- Returns 1 told now | 2 told before | 0 too much was told | -1 it is not settled | -2 no such query
local query, events = KEYS[1], KEYS[2]
local state, settled, count = unpack(redis.call('HMGET', query, 'state', 'settled', 'later'))
if not state then return -2 end
if not settled then return -1 end
local name = 'later:' .. ARGV[1] .. ':' .. ARGV[3]
if redis.call('HEXISTS', query, name) == 1 then return 2 end
if tonumber(count or 0) >= tonumber(ARGV[4]) then return 0 end
-- The stream of a settled query holds only this, and goes with the query.
redis.call('XADD', events, '*', 'kind', ARGV[1], 'data', ARGV[2])
redis.call('HINCRBY', query, 'later', 1)
redis.call('HSET', query, name, 1)
redis.call('PEXPIRE', events, math.max(1, redis.call('PTTL', query)))
return 1
