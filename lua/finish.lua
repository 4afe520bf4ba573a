#!lua
-- finish: end a query from outside its layers; the first to end it wins.
-- KEYS[1] kb:{q:<id>}:query  hash   KEYS[2] kb:{q:<id>}:verdicts  list   KEYS[3] kb:{q:<id>}:answer  string
-- KEYS[4] kb:{q:<id>}:events  stream   KEYS[5] kb:{q:<id>}:end  stream of one entry, for whoever waits
-- ARGV[1] answer JSON   ARGV[2] terminal state   ARGV[3] ttl_s
-- Returns 1 ended now | 0 it had ended | -2 no such query
local query, verdicts, answer, events = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local state = redis.call('HGET', query, 'state')
if not state then return -2 end
if state ~= 'open' then return 0 end
redis.call('HSET', query, 'state', ARGV[2])
redis.call('SET', answer, ARGV[1])
redis.call('XADD', events, '*', 'kind', 'finished', 'data', ARGV[1])
redis.call('XADD', KEYS[5], '*', 'answer', ARGV[1], 'verdicts', table.concat(redis.call('LRANGE', verdicts, 0, -1), '\n'))
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[3]) end
return 1
