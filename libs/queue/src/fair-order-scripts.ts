/**
 * The Lua scripts behind `FairOrder`. Start-time fair queueing (Goyal, Vin, Cheng 1996) with equal weights: a tenant's
 * tag says when, by the lane's virtual clock, its next payload begins; serving n ids moves it n further. The tenant with
 * the lowest tag is next, so tenants with work share equally in deliveries, however the work came in.
 *
 * KEYS[1] is a hash with `clock` and `ids` (how many wait in lists). All other keys begin with it:
 *   :active       sorted set, tenants with waiting ids by their tags
 *   :idle         sorted set, tenants that ran out of work with a tag ahead of the clock: coming back is no fresh start
 *   :ids:TENANT   list of payloads, oldest first; a payload is up to 50 ids of 36 characters with commas between them
 *   :later        sorted set of `TENANT:id` by the time (of Redis) at which they enter their list
 *
 * The first write of TAKE is one that Redis allows when its memory is full, so that a full Redis can be worked empty.
 */
const COMMON = `
local lane = KEYS[1]
local active, idle, later = lane .. ':active', lane .. ':idle', lane .. ':later'
local clock = tonumber(redis.call('HGET', lane, 'clock')) or 0

local function listOf(tenant) return lane .. ':ids:' .. tenant end
local function sizeOf(payload) return (#payload + 1) / 37 end

local function activate(tenant)
  if redis.call('ZSCORE', active, tenant) then return end
  local finish = tonumber(redis.call('ZSCORE', idle, tenant)) or 0
  redis.call('ZREM', idle, tenant)
  redis.call('ZADD', active, math.max(clock, finish), tenant)
end

local function append(tenant, payload)
  redis.call('RPUSH', listOf(tenant), payload)
  redis.call('HINCRBY', lane, 'ids', sizeOf(payload))
  activate(tenant)
end

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- 100 ms early is still right (a claim allows for a second) and makes up for a ticket timed by another clock.
local function promote(limit)
  local due = redis.call('ZRANGEBYSCORE', later, '-inf', now() + 100, 'LIMIT', 0, limit)
  if #due == 0 then return end
  redis.call('ZREM', later, unpack(due))
  for _, entry in ipairs(due) do append(string.sub(entry, 1, 36), string.sub(entry, 38)) end
end
`;

/** ARGV: how many pairs follow; pairs of tenant and payload; then triples of tenant, id and delay in milliseconds. */
export const PUSH = `${COMMON}
local pairsEnd = 1 + 2 * tonumber(ARGV[1])
for i = 2, pairsEnd, 2 do append(ARGV[i], ARGV[i + 1]) end
if #ARGV > pairsEnd then
  local from = now()
  for i = pairsEnd + 1, #ARGV, 3 do
    redis.call('ZADD', later, from + tonumber(ARGV[i + 2]), ARGV[i] .. ':' .. ARGV[i + 1])
  end
end`;

/**
 * ARGV: the lane's name, the budget in ids, then tenants to pass over. KEYS[2] is the hash of `LaneGates`.
 * Returns what is left (none, some, skipped: only tenants that were passed over, paused, unknown: the gates are gone), then
 * pairs of tenant and payload.
 *
 * The clock never goes back: a tenant that was passed over for a while (its provider is slow) is next when it can be
 * served again, and has not saved up a claim on the lane meanwhile. With the lane empty nobody is ahead of anybody.
 */
export const TAKE = `${COMMON}
local gate = redis.call('HMGET', KEYS[2], 'stamp', ARGV[1])
if not gate[1] then return { 'unknown' } end
if gate[2] then return { 'paused' } end
promote(100)
local skip = {}
for i = 3, #ARGV do skip[ARGV[i]] = true end
local function nextTenant()
  local lowest = redis.call('ZRANGE', active, 0, #ARGV - 2, 'WITHSCORES')
  for i = 1, #lowest, 2 do
    if not skip[lowest[i]] then return lowest[i], tonumber(lowest[i + 1]) end
  end
end

local result, served, budget = { 'none' }, 0, tonumber(ARGV[2])
while served < budget do
  local tenant, tag = nextTenant()
  if not tenant then break end
  local payload = redis.call('LPOP', listOf(tenant))
  if payload then
    clock = math.max(clock, tag)
    tag = clock + sizeOf(payload)
    served = served + sizeOf(payload)
    result[#result + 1] = tenant
    result[#result + 1] = payload
  end
  if redis.call('EXISTS', listOf(tenant)) == 1 then
    redis.call('ZADD', active, tag, tenant)
  else
    redis.call('ZREM', active, tenant)
    redis.call('ZREMRANGEBYSCORE', idle, '-inf', clock)
    redis.call('ZADD', idle, tag, tenant)
  end
end
if redis.call('EXISTS', active) == 0 then
  if served > 0 then
    local last = redis.call('ZRANGE', idle, -1, -1, 'WITHSCORES')
    redis.call('DEL', idle)
    redis.call('HSET', lane, 'clock', math.max(clock, tonumber(last[2]) or 0), 'ids', 0)
  end
else
  result[1] = served < budget and 'skipped' or 'some'
  if served > 0 then
    redis.call('HINCRBY', lane, 'ids', -served)
    redis.call('HSET', lane, 'clock', clock)
  end
end
return result`;

/** ARGV: pairs of tenant and payload, which go to the front of their lists, and what was charged for them is refunded. */
export const GIVE_BACK = `${COMMON}
for i = #ARGV - 1, 1, -2 do
  local tenant, payload = ARGV[i], ARGV[i + 1]
  redis.call('LPUSH', listOf(tenant), payload)
  redis.call('HINCRBY', lane, 'ids', sizeOf(payload))
  activate(tenant)
  redis.call('ZINCRBY', active, -sizeOf(payload), tenant)
end`;

/** Lets in what has come due; returns how many ids wait in lists. */
export const COUNT = `${COMMON}
promote(1000)
return tonumber(redis.call('HGET', lane, 'ids')) or 0`;

/**
 * ARGV: how many ids of each, then tenants. Returns the first ids of each tenant's list, an empty text when it has none.
 * A list that nothing leads to any more (an evicted key) is found again here.
 */
export const HEADS = `${COMMON}
local heads = {}
for i = 2, #ARGV do
  local first = redis.call('LINDEX', listOf(ARGV[i]), 0)
  if first then activate(ARGV[i]) end
  heads[i - 1] = first and string.sub(first, 1, 37 * tonumber(ARGV[1]) - 1) or ''
end
return heads`;
