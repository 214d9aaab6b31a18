// The Lua scripts that keep answers in Redis, each one atomic: an answer is a hash, and two sorted sets by expiry count the answers. All
// keys share one hash tag, so that they lie in one slot of a cluster. Time is Redis's own: the gateways' clocks need not agree.

/**
 * KEYS of each script: the answer, the set of kept answers, the set of awaited ones. ARGV: 1 member, 2 key prefix of answers, 3 places,
 * 4 seconds to keep, 5 seconds of silence. Fields of the hash: `s` state (`w` awaited, `k` kept, `n` not kept, `l` lost), `h` heard until,
 * `b` bytes.
 */
const opening = `
local now = tonumber(redis.call('TIME')[1])
local keep = tonumber(ARGV[4])
local state = redis.call('HGET', KEYS[1], 's')

local function list(key)
  redis.call('ZADD', key, now + keep, ARGV[1])
  if redis.call('TTL', key) < keep then redis.call('EXPIRE', key, keep) end
end

local function drop(key, member)
  redis.call('ZREM', key, member)
  redis.call('DEL', ARGV[2] .. member)
end

local function makeRoom()
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
  if redis.call('ZCARD', KEYS[2]) + redis.call('ZCARD', KEYS[3]) < tonumber(ARGV[3]) then return true end
  local oldest = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
  if oldest then
    drop(KEYS[2], oldest)
    return true
  end
  for _, member in ipairs(redis.call('ZRANGE', KEYS[3], 0, 15)) do
    local heard = redis.call('HGET', ARGV[2] .. member, 'h')
    if not heard or tonumber(heard) + 60 < now then
      drop(KEYS[3], member)
      return true
    end
  end
  return false
end
`;

/** Returns 1 when the answer is awaited from now on, or still; 0 when there is no room or the answer is no longer awaited. */
export const awaitScript = `${opening}
if state then
  if state ~= 'w' then return 0 end
elseif makeRoom() then
  redis.call('HSET', KEYS[1], 's', 'w')
else
  return 0
end
redis.call('EXPIRE', KEYS[1], keep)
list(KEYS[3])
redis.call('HSET', KEYS[1], 'h', now + tonumber(ARGV[5]))
return 1`;

/** ARGV 6: new state, 7: bytes. Returns 1 when kept, 0 when lost or without room. Enters an answer again that Redis has forgotten. */
export const keepScript = `${opening}
if state == 'l' then return 0 end
if state == 'k' or state == 'n' then return 1 end
if not state and not makeRoom() then return 0 end
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('HSET', KEYS[1], 's', ARGV[6], 'b', ARGV[7])
redis.call('EXPIRE', KEYS[1], keep)
list(KEYS[2])
return 1`;

/** ARGV 6: 1 when silence counts. Returns the state, empty if unknown, then a kept answer's bytes, or `1` if this call gave it up. */
export const findScript = `${opening}
if not state then return {''} end
if state == 'k' then return {state, redis.call('HGET', KEYS[1], 'b')} end
if state ~= 'w' then return {state, '0'} end
if ARGV[6] == '0' or tonumber(redis.call('HGET', KEYS[1], 'h')) >= now then return {state} end
redis.call('HSET', KEYS[1], 's', 'l')
redis.call('EXPIRE', KEYS[1], keep)
redis.call('ZREM', KEYS[3], ARGV[1])
list(KEYS[2])
return {'l', '1'}`;

export const forgetScript = `${opening}
if state == 'w' then drop(KEYS[3], ARGV[1]) end
return 1`;
