#!lua
-- begin_cycle: take the metabolism's lease for one cycle. Each cycle has a larger number than all before it.
-- KEYS[1] kb:{metabolism}:lease  hash: cycle (the last number given), token, kind and until_ms since 1970 of its holder
-- ARGV[1] token   ARGV[2] kind of cycle   ARGV[3] lease_ms
-- Returns {code, number of the cycle that now runs, now in ms since 1970, its kind, ms until its lease ends}:
--   1 begun | 0 another runs
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'token', 'until_ms', 'cycle', 'kind')
local left_ms = (tonumber(held[2]) or 0) - now_ms
if held[1] and left_ms > 0 then return {0, tonumber(held[3]), now_ms, held[4], left_ms} end
local cycle = redis.call('HINCRBY', KEYS[1], 'cycle', 1)
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'kind', ARGV[2], 'until_ms', string.format('%.0f', now_ms + ARGV[3]))
return {1, cycle, now_ms, ARGV[2], tonumber(ARGV[3])}
