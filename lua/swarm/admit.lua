#!lua
-- admit: let a packet pass once, and only near the time at which it was dispatched.
-- KEYS[1] <prefix>trust:seen  sorted set of the nonces that passed, by when their packets were dispatched, ms since 1970
-- KEYS[2] <prefix>trust:floor  string: what was dispatched at or before this time may have been forgotten, ms since 1970
-- ARGV[1] nonce   ARGV[2] dispatched at, ms since 1970   ARGV[3] window_ms either way   ARGV[4] most nonces, 1 or more
-- Returns {code, the server's time in ms since 1970}, both as text:
--   1 admitted | 0 replayed: this nonce passed before
--   -1 too old: dispatched more than the window ago, or before what was forgotten | -2 ahead of the window
--   -3 a key is of another type: nothing is done
local seen, floor = KEYS[1], KEYS[2]
local dispatched_ms, window_ms, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now_ms = math.floor(time[1] * 1000 + time[2] / 1000)
local function reply(code) return {code, string.format('%.0f', now_ms)} end
local kinds = {redis.call('TYPE', seen).ok, redis.call('TYPE', floor).ok}
if (kinds[1] ~= 'zset' and kinds[1] ~= 'none') or (kinds[2] ~= 'string' and kinds[2] ~= 'none') then return reply('-3') end
if redis.call('ZSCORE', seen, ARGV[1]) then return reply('0') end
if dispatched_ms > now_ms + window_ms then return reply('-2') end
local forgotten_ms = tonumber(redis.call('GET', floor) or '') or 0
if forgotten_ms > now_ms + window_ms then
  -- Nothing that passed was dispatched then: somebody set it, and until it is now nobody would be admitted.
  forgotten_ms = now_ms
  redis.call('SET', floor, string.format('%.0f', now_ms), 'PX', string.format('%.0f', 2 * window_ms))
end
if dispatched_ms < now_ms - window_ms or dispatched_ms <= forgotten_ms then return reply('-1') end
redis.call('ZREMRANGEBYSCORE', seen, '-inf', string.format('(%.0f', now_ms - 2 * window_ms))
redis.call('ZADD', seen, ARGV[2], ARGV[1])
local many = redis.call('ZCARD', seen) - most
if many > 0 then
  -- What is forgotten to keep to the bound must not pass again: its time is closed to all.
  local gone = redis.call('ZPOPMIN', seen, many)
  redis.call('SET', floor, gone[#gone], 'PX', string.format('%.0f', 2 * window_ms))
end
redis.call('PEXPIRE', seen, string.format('%.0f', 3 * window_ms))
return reply('1')
