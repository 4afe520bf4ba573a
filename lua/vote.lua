#!lua
-- vote: have one query count once, right or wrong, for the grain it is about.
-- KEYS[1] kb:{grains}:records  hash by grain id: JSON
-- KEYS[2] kb:{grains}:crystallised  set of grain ids
-- KEYS[3] kb:{grains}:clock  hash: version, confirmed, refuted
-- KEYS[4] kb:{grains}:vote:<query id>  string: which record it counted for, and how
-- ARGV[1] grain id   ARGV[2] confirmed or refuted   ARGV[3] ttl_s of the vote
-- Returns 1 counted | 2 it counted the other way before, and does no more
--   0 it counted so before | -2 no such grain, or its record is damaged
local fine, held = pcall(cjson.decode, redis.call('HGET', KEYS[1], ARGV[1]) or '')
if not fine or type(held) ~= 'table' or not held.born then return -2 end
local record = ARGV[1] .. ' ' .. held.born .. ' '
local before = redis.call('GET', KEYS[4])
if before == record .. ARGV[2] then return 0 end
local other, code = ARGV[2] == 'confirmed' and 'refuted' or 'confirmed', 1
if before == record .. other then
  held[other] = math.max(0, held[other] - 1)
  redis.call('HINCRBY', KEYS[3], other, -1)
  code = 2
end
held[ARGV[2]] = held[ARGV[2]] + 1
redis.call('HINCRBY', KEYS[3], ARGV[2], 1)
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(held))
redis.call('SET', KEYS[4], record .. ARGV[2], 'EX', ARGV[3])
if redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 1 then redis.call('HINCRBY', KEYS[3], 'version', 1) end
return code
