#!lua
-- resume: note that a query's canvas is sent again, so that it is not sent without end.
-- KEYS[1] kb:{q:<id>}:query  hash: the query and its state
-- ARGV[1] most times   ARGV[2] touched_ms as it was seen: another sweep may have been faster
-- Returns 1 send it again | 0 not needed, not allowed any more, or no such query
local query = KEYS[1]
local state, touched_ms, resumed = unpack(redis.call('HMGET', query, 'state', 'touched_ms', 'resumed'))
if state ~= 'open' or touched_ms ~= ARGV[2] or tonumber(resumed) >= tonumber(ARGV[1]) then return 0 end
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', query, 'touched_ms', string.format('%.0f', now_ms))
redis.call('HINCRBY', query, 'resumed', 1)
return 1
