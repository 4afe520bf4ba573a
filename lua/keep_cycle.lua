#!lua
-- keep_cycle: write what a cycle found, if it still holds the lease: all of it or nothing.
-- KEYS[1] kb:{metabolism}:lease      hash: token, until_ms since 1970 of the cycle that runs
-- KEYS[2] kb:{metabolism}:state      string: what the metabolism remembers, JSON
-- KEYS[3] kb:{metabolism}:cycles     list: what cycles did, JSON, the newest first
-- KEYS[4] kb:{metabolism}:resonance  hash by the digest of a question form: stability, last turn, turns, times asked
-- ARGV[1] token   ARGV[2] lease_ms from now, 0 to give the lease back   ARGV[3] state, or nothing to leave it
-- ARGV[4] what the cycle did, or nothing   ARGV[5] most entries of the list   ARGV[6] how many forms have faded
-- ARGV[7]... their digests, then pairs of a digest and its pattern
-- Returns 1 kept | 0 the lease ended or is another's: nothing is written
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'token', 'until_ms')
if held[1] ~= ARGV[1] or tonumber(held[2]) <= now_ms then return 0 end
if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3]) end
if ARGV[4] ~= '' then
  redis.call('LPUSH', KEYS[3], ARGV[4])
  redis.call('LTRIM', KEYS[3], 0, ARGV[5] - 1)
end
local pairs_at = 7 + ARGV[6]
-- One at a time: Lua's stack holds only some thousand arguments.
for at = 7, pairs_at - 1 do redis.call('HDEL', KEYS[4], ARGV[at]) end
for at = pairs_at, #ARGV, 2 do redis.call('HSET', KEYS[4], ARGV[at], ARGV[at + 1]) end
if ARGV[2] == '0' then
  redis.call('HDEL', KEYS[1], 'token', 'kind', 'until_ms')
else
  redis.call('HSET', KEYS[1], 'until_ms', string.format('%.0f', now_ms + ARGV[2]))
end
return 1
