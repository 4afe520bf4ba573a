#!lua
-- settle: note that an ended query is archived: what only its layers needed goes, what readers want is packed into one
-- text, and its spotlights decay.
-- KEYS[1] kb:{q:<id>}:query  hash: lifecycle    KEYS[2] kb:{q:<id>}:events  stream    KEYS[3] kb:{q:<id>}:record  string
-- KEYS[4] kb:{q:<id>}:claims  hash  KEYS[5] kb:{q:<id>}:work  hash  KEYS[6] kb:{q:<id>}:verdicts  list
-- KEYS[7] kb:{q:<id>}:decisions  list  KEYS[8] kb:{q:<id>}:checks  list
-- KEYS[9] kb:{q:<id>}:L0  KEYS[10] kb:{q:<id>}:L1  KEYS[11] kb:{q:<id>}:L2  KEYS[12] kb:{q:<id>}:L3
-- KEYS[13] kb:{q:<id>}:L4  KEYS[14] kb:{q:<id>}:L5  KEYS[15] kb:{q:<id>}:places    spotlights and where their items ended
-- ARGV[1] decay_s of the spotlights   ARGV[2] logged, or empty if nothing was archived
-- ARGV[3] the packed text of events, verdicts, decisions and checks
-- Returns 1 settled now | 0 it was settled before | -1 it has not ended | -2 no such query
local state, settled = unpack(redis.call('HMGET', KEYS[1], 'state', 'settled'))
if not state then return -2 end
if state == 'open' then return -1 end
if settled then return 0 end
redis.call('HSET', KEYS[1], 'settled', 1)
if ARGV[2] ~= '' then
  local logged_id = redis.call('XADD', KEYS[2], '*', 'kind', 'lifecycle', 'data', ARGV[2])
  redis.call('HSET', KEYS[1], 'lifecycle', ARGV[2], 'logged_id', logged_id)
end
redis.call('SET', KEYS[3], ARGV[3], 'PX', redis.call('PTTL', KEYS[1]))
redis.call('DEL', KEYS[2], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8])
for at = 9, 15 do redis.call('EXPIRE', KEYS[at], ARGV[1], 'LT') end
return 1
