#!lua
-- say: append what has come of a growing reply to a query's stream, and hold its stage longer; empty text only holds.
-- KEYS[1] kb:{q:<id>}:query  hash    KEYS[2] kb:{q:<id>}:claims  hash    KEYS[3] kb:{q:<id>}:events  stream
-- ARGV[1] stage   ARGV[2] token   ARGV[3] text, or empty   ARGV[4] lease_ms, from now
-- Returns 1 said | 0 the token does not hold the stage | -1 the query has ended | -2 no such query
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return -2 end
if state ~= 'open' then return -1 end
if redis.call('HGET', KEYS[2], ARGV[1] .. '.token') ~= ARGV[2] then return 0 end
local time = redis.call('TIME')
local until_ms = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[4]
redis.call('HSET', KEYS[2], ARGV[1] .. '.until_ms', string.format('%.0f', until_ms))
if ARGV[3] ~= '' then redis.call('XADD', KEYS[3], '*', 'kind', 'text', 'data', ARGV[3]) end
return 1
