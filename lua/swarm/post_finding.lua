#!lua
-- post_finding: keep a finding with its packet, and note it under its task and its topic; twice keeps it once.
-- KEYS[1] kb:{swarm}:finding:<id>            hash: the finding
-- KEYS[2] kb:{swarm}:events                  stream: what happens on the bus
-- KEYS[3] kb:{swarm}:findings:of:<task id>   list: findings of a task, the oldest first; of a topic if it has no task
-- KEYS[4] kb:{swarm}:findings:on:<digest>    list: findings on a topic, the oldest first; left out as KEYS[3] may be
-- ARGV[1] agent   ARGV[2] length of the stream   ARGV[3] envelope of the packet, JSON   ARGV[4] finding id   ARGV[5] ttl_s
-- ARGV[6] claim   ARGV[7] worker_id   ARGV[8] confidence   ARGV[9] citations, JSON   ARGV[10] time, ISO 8601
-- ARGV[11] task id   ARGV[12] speech act   ARGV[13]... other fields of the finding, name and value in turn
-- Returns {code, number of the key}
--   1 kept | 2 kept before | 0 another finding has this id
--   -9 a key holds another type, nothing was written
local claim = redis.pcall('HGET', KEYS[1], 'claim')
if type(claim) == 'table' then return {-9, 1} end
if claim then
  -- All that it says, but not when: who makes it anew to post it again says the same later.
  local given = {
    claim = ARGV[6], worker_id = ARGV[7], confidence = ARGV[8], citations = ARGV[9], task_id = ARGV[11],
    speech_act = ARGV[12], topic = false, is_critical = false,
  }
  for at = 13, #ARGV, 2 do given[ARGV[at]] = ARGV[at + 1] end
  for name, value in pairs(given) do
    if redis.call('HGET', KEYS[1], name) ~= value then return {0} end
  end
  return {2}
end
for at = 3, 4 do
  local found = KEYS[at] and redis.call('TYPE', KEYS[at]).ok or 'none'
  if found ~= 'list' and found ~= 'none' then return {-9, at} end
end
-- The first write: if it fails nothing is written, and no other can fail.
local told = redis.pcall('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'kind', 'finding_posted', 'id', ARGV[4], 'agent', ARGV[1])
if type(told) == 'table' then return {-9, 2} end
-- The names stand here, since each would be an argument more to pack, send and read.
redis.call('HSET', KEYS[1], 'id', ARGV[4], 'ttl_seconds', ARGV[5], 'claim', ARGV[6], 'worker_id', ARGV[7],
  'confidence', ARGV[8], 'citations', ARGV[9], 'timestamp', ARGV[10], 'task_id', ARGV[11], 'speech_act', ARGV[12],
  'packet', ARGV[3], unpack(ARGV, 13, #ARGV))
redis.call('EXPIRE', KEYS[1], ARGV[5])
for at = 3, 4 do
  if KEYS[at] then
    -- An index lives as long as the longest of what it names.
    local is_new = redis.call('RPUSH', KEYS[at], ARGV[4]) == 1
    redis.call('EXPIRE', KEYS[at], ARGV[5], is_new and 'NX' or 'GT')
  end
end
return {1}
