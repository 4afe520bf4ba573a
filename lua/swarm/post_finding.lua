#!lua
-- post_finding: keep a finding with its packet, and note it under its task and its topic; twice keeps it once.
-- KEYS[1] kb:{swarm}:finding:<id>            hash: the finding
-- KEYS[2] kb:{swarm}:findings:of:<task id>   list: findings of a task, the oldest first
-- KEYS[3] kb:{swarm}:findings:on:<digest>    list: findings on a topic, the oldest first
-- KEYS[4] kb:{swarm}:events                  stream: what happens on the bus
-- ARGV[1] finding id   ARGV[2] ttl_s   ARGV[3] 1 if it has a task   ARGV[4] 1 if it has a topic   ARGV[5] agent
-- ARGV[6] length of the stream   ARGV[7] claim   ARGV[8] what it claims   ARGV[9] worker_id   ARGV[10] who found it
-- ARGV[11]... further fields of the finding, name and value in turn
-- Returns {code, number of the key}
--   1 kept | 2 kept before | 0 another finding has this id
--   -9 a key holds another type, nothing was written
local function holds_other(at, kind)
  local found = redis.call('TYPE', KEYS[at]).ok
  return found ~= kind and found ~= 'none'
end
local held = redis.pcall('HMGET', KEYS[1], ARGV[7], ARGV[9])
if held.err then return {-9, 1} end
if held[1] then
  if held[1] == ARGV[8] and held[2] == ARGV[10] then return {2} end
  return {0}
end
if ARGV[3] == '1' and holds_other(2, 'list') then return {-9, 2} end
if ARGV[4] == '1' and holds_other(3, 'list') then return {-9, 3} end
-- The first write: if it fails nothing is written, and no other can fail.
local told = redis.pcall('XADD', KEYS[4], 'MAXLEN', '~', ARGV[6], '*', 'kind', 'finding_posted', 'id', ARGV[1], 'agent', ARGV[5])
if type(told) == 'table' then return {-9, 4} end
redis.call('HSET', KEYS[1], unpack(ARGV, 7, #ARGV))
redis.call('EXPIRE', KEYS[1], ARGV[2])
for at = 2, 3 do
  if ARGV[at + 1] == '1' then
    -- An index lives as long as the longest of what it names.
    local is_new = redis.call('RPUSH', KEYS[at], ARGV[1]) == 1
    redis.call('EXPIRE', KEYS[at], ARGV[2], is_new and 'NX' or 'GT')
  end
end
return {1}
