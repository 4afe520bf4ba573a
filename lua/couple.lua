#!lua
-- couple: apply the rules between the levels of one query's spotlights, and place every item.
-- KEYS[1] kb:{q:<id>}:query  hash: kappa, state    KEYS[2] kb:{q:<id>}:L0  KEYS[3] kb:{q:<id>}:L1  KEYS[4] kb:{q:<id>}:L2
-- KEYS[5] kb:{q:<id>}:L3  KEYS[6] kb:{q:<id>}:L4  KEYS[7] kb:{q:<id>}:L5  lists: items, JSON
-- KEYS[8] kb:{q:<id>}:places  hash: what is not approved    KEYS[9] kb:{q:<id>}:checks  list
-- KEYS[10] kb:{q:<id>}:deltas  list    KEYS[11] kb:{q:<id>}:events  stream
-- KEYS[12] kb:{feed}:events  stream: what happens to all queries; only where all keys are on one server
-- ARGV[1] ttl_s   ARGV[2] query id   ARGV[3] length of the feed
-- Returns {code, at_ms, places as a flat list, checks, deltas, fresh: 1 if their events were told now, else 0},
-- or {code, level, index from 0 of the item}; the code is one of
--   1 coupled | -1 the query has ended | -2 no such query | -3 kappa is no number above 0
--   -4 a spotlight is no list | -5 an item is not what a spotlight holds
local ID = {'fact_id', 'axiom_id', 'narrative_event_id', 'heuristic_id', 'intent_signal', 'mask_token'}
local RULES = {{0, 1, 'critical'}, {0, 2, 'high'}, {1, 2, 'high'}, {2, 4, 'medium'}, {4, 3, 'low', 'folk_wisdom'}, {4, 5, 'low', 'speculation'}}
local state, kappa, at_ms = unpack(redis.call('HMGET', KEYS[1], 'state', 'kappa', 'coupled_ms'))
if not state then return {-2} end
if state ~= 'open' then return {-1} end
kappa = tonumber(kappa)
if not kappa or kappa ~= kappa or kappa <= 0 or kappa == math.huge then return {-3} end
local limit, text = 0.3 / kappa, cjson.encode
local function is_claim(it)
  if type(it) ~= 'table' or type(it[1]) ~= 'string' or (it[2] ~= 1 and it[2] ~= -1) then return false end
  return #it == 2 or (#it == 4 and type(it[3]) == 'number' and type(it[4]) == 'number')
end
local function is_item(it, level)
  if type(it) ~= 'table' or type(it[ID[level + 1]]) ~= 'string' then return false end
  if level == 4 and (type(it.allows_folk_wisdom) ~= 'boolean' or type(it.allows_speculation) ~= 'boolean') then return false end
  if it.fiction ~= nil and type(it.fiction) ~= 'boolean' then return false end
  if it.claims ~= nil and type(it.claims) ~= 'table' then return false end
  if it.claims then for at, claim in pairs(it.claims) do if type(at) ~= 'number' or not is_claim(claim) then return false end end end
  return true
end
local at, NONE = {}, {}
for level = 0, 5 do
  local list = redis.pcall('LRANGE', KEYS[2 + level], 0, -1)
  if list.err then return {-4, level} end
  for index, raw in ipairs(list) do
    local ok, item = pcall(cjson.decode, raw)
    if not ok or not is_item(item, level) then return {-5, level, index - 1} end
    item.id, item.claims = item[ID[level + 1]], item.claims or NONE
    list[index] = item
  end
  at[level] = list
end
local function apart(p, q)
  if p[2] < 0 and q[2] < 0 then return 0 end
  if p[2] > 0 and q[2] > 0 then
    if not p[3] or not q[3] then return 0 end
    local gap = math.max(p[3] - q[4], q[3] - p[4])
    if gap <= 0 then return 0 end
    return math.min(1, gap / math.max(math.abs(p[3]), math.abs(p[4]), math.abs(q[3]), math.abs(q[4])))
  end
  local denied, stated = p, q
  if p[2] > 0 then denied, stated = q, p end
  if not denied[3] then return 1 end
  if not stated[3] then return 0 end
  return stated[3] <= denied[4] and denied[3] <= stated[4] and 1 or 0
end
local places, flat, checks, deltas, opposed = {}, {}, {}, {}, {}
local function found(a, b, rule, key, size, resolution)
  local id = 'd' .. (#deltas + 1)
  table.insert(deltas, string.format(
    '{"delta_id":"%s","layer_a":"L%d","layer_b":"L%d","item_a":%s,"item_b":%s,"key":%s,"size":%.3f,"severity":"%s","resolution":"%s"}',
    id, rule[1], rule[2], text(a.id), text(b.id), text(key), math.floor(size * 1000 + 0.5) / 1000, rule[3], resolution))
  if resolution == 'unresolved' and not places[b.id] then
    places[b.id] = (rule[2] == 4 and 'masked ' or 'blocked ') .. (rule[4] and 'forbidden by ' or 'contradicts ') .. a.id .. ' (' .. id .. ')'
    table.insert(flat, b.id)
    table.insert(flat, places[b.id])
  end
end
local function contradict(rule)
  local by_key = {}
  for place, b in ipairs(at[rule[2]]) do
    for _, q in ipairs(b.claims) do
      q.place = place
      if by_key[q[1]] then table.insert(by_key[q[1]], q) else by_key[q[1]] = {q} end
    end
  end
  for _, a in ipairs(at[rule[1]]) do
    local sizes, keys = {}, {}
    for _, p in ipairs(places[a.id] and {} or a.claims) do
      for _, hit in ipairs(by_key[p[1]] or {}) do
        local apart_by = apart(p, hit)
        if apart_by > (sizes[hit.place] or 0) then sizes[hit.place], keys[hit.place] = apart_by, p[1] end
        if apart_by > limit then opposed[p[1]] = true end
      end
    end
    for place, b in ipairs(next(sizes) and at[rule[2]] or {}) do
      local is_flagged = kappa < 1 and (a.fiction or b.fiction)
      if (sizes[place] or 0) > limit then
        found(a, b, rule, keys[place], sizes[place], is_flagged and 'flagged' or 'unresolved')
      end
    end
  end
end
local function gate(rule)
  for _, intent in ipairs(at[4]) do
    if not intent['allows_' .. rule[4]] then
      for _, b in ipairs(at[rule[2]]) do found(intent, b, rule, rule[4], 1, 'unresolved') end
      return
    end
  end
end
-- One bit for each proposition of history or intent: whoever is silent about one agrees. Their XOR is what disagrees.
local function mask()
  local names, history, intent, xor, seen = {}, {}, {}, {}, {}
  for _, level in ipairs({2, 4}) do
    for _, item in ipairs(at[level]) do
      for _, claim in ipairs((level == 2 and places[item.id]) and NONE or item.claims) do
        local key = claim[1]
        if not seen[key] then
          local said, differs, place = claim[2] > 0 and 1 or 0, opposed[key] and 1 or 0, #names + 1
          seen[key], names[place], history[place], xor[place] = true, text(key), said, differs
          intent[place] = differs == 1 and 1 - said or said
        end
      end
    end
  end
  return string.format(',"propositions":[%s],"history":"%s","intent":"%s","disagreement":"%s"',
    table.concat(names, ','), table.concat(history), table.concat(intent), table.concat(xor))
end
for _, rule in ipairs(RULES) do
  if #at[rule[1]] > 0 and #at[rule[2]] > 0 then
    local before, ids = #deltas, {}
    opposed = {}
    if rule[4] then gate(rule) else contradict(rule) end
    for number = before + 1, #deltas do table.insert(ids, '"d' .. number .. '"') end
    table.insert(checks, string.format('{"layer_a":"L%d","layer_b":"L%d","passed":%s,"delta_ids":[%s]%s}', rule[1], rule[2],
      tostring(#ids == 0), table.concat(ids, ','), rule[2] == 4 and mask() or ''))
  end
end
redis.call('DEL', KEYS[8], KEYS[9], KEYS[10])
if #flat > 0 then redis.call('HSET', KEYS[8], unpack(flat)) end
if #checks > 0 then redis.call('RPUSH', KEYS[9], unpack(checks)) end
-- There may be more of them than a call takes arguments.
for at = 1, #deltas, 1000 do redis.call('RPUSH', KEYS[10], unpack(deltas, at, math.min(at + 999, #deltas))) end
local fresh = at_ms and 0 or 1
if fresh == 1 then
  local time = redis.call('TIME')
  at_ms = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  redis.call('HSET', KEYS[1], 'coupled_ms', at_ms)
  for index, delta in ipairs(deltas) do
    redis.call('XADD', KEYS[11], '*', 'kind', 'delta', 'data', index - 1)
    if KEYS[12] then
      redis.call('XADD', KEYS[12], 'MAXLEN', '~', ARGV[3], '*', 'query_id', ARGV[2], 'kind', 'delta', 'data', delta)
    end
  end
end
for key = 8, 10 do redis.call('EXPIRE', KEYS[key], ARGV[1]) end
return {1, at_ms, flat, checks, deltas, fresh}
