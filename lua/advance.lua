#!lua
-- advance: note that a query came further in its life; it never goes back.
-- KEYS[1] kb:{q:<id>}:query  hash: lifecycle, state    KEYS[2] kb:{q:<id>}:events  stream
-- KEYS[3] kb:{feed}:events  stream: what happens to all queries; only where all keys are on one server
-- ARGV[1] stage of life   ARGV[2] the stages before it, with a space before and after each   ARGV[3] query id
-- ARGV[4] length of the feed
-- Returns 1 noted | 0 it had come this far, or has ended | -2 no such query
local at, state = unpack(redis.call('HMGET', KEYS[1], 'lifecycle', 'state'))
if not at then return -2 end
if state ~= 'open' then return 0 end
if at ~= '' and not string.find(ARGV[2], ' ' .. at .. ' ', 1, true) then return 0 end
redis.call('HSET', KEYS[1], 'lifecycle', ARGV[1])
redis.call('XADD', KEYS[2], '*', 'kind', 'lifecycle', 'data', ARGV[1])
if KEYS[3] then
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[4], '*', 'query_id', ARGV[3], 'kind', 'lifecycle', 'data', ARGV[1])
end
return 1
