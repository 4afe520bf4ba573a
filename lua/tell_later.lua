#!lua
-- tell_later: have something told in the event stream of a query that is settled, once by its name.
-- KEYS[1] kb:{q:<id>}:query  hash: when it was settled, and what was told since   KEYS[2] kb:{q:<id>}:events  stream
-- ARGV[1] kind of the event   ARGV[2] data JSON   ARGV[3] its name   ARGV[4] how many events a query is told at most
-- Returns 1 told now | 2 told before | 0 too much was told | -1 it is not settled | -2 no such query
local query, events = KEYS[1], KEYS[2]
local names = {'state', 'settled', 'later', 'logged_id', 'opened_us', 'took_us'}
local state, settled, count, logged_id, opened_us, took_us = unpack(redis.call('HMGET', query, unpack(names)))
if not state then return -2 end
if not settled then return -1 end
local name = 'later:' .. ARGV[1] .. ':' .. ARGV[3]
if redis.call('HEXISTS', query, name) == 1 then return 2 end
if tonumber(count or 0) >= tonumber(ARGV[4]) then return 0 end
-- The stream of a settled query holds only this, and goes with the query.
-- It begins anew, and must not begin in the millisecond in which the one before it ended.
local id = '*'
if redis.call('EXISTS', events) == 0 then
  local time = redis.call('TIME')
  local ended_ms = math.floor(((opened_us or 0) + (took_us or 0)) / 1000)
  local last_ms = math.max(ended_ms, tonumber(string.match(logged_id or '0', '^%d+')))
  id = string.format('%.0f-*', math.max(time[1] * 1000 + math.floor(time[2] / 1000), last_ms + 1))
end
redis.call('XADD', events, id, 'kind', ARGV[1], 'data', ARGV[2])
redis.call('HINCRBY', query, 'later', 1)
redis.call('HSET', query, name, 1)
redis.call('PEXPIRE', events, math.max(1, redis.call('PTTL', query)))
return 1
