// The script that decides in Redis: all limits of a call in one step, so that no other call comes between checking and taking. The
// arithmetic is that of src/store/limiter; the clock is that of Redis, so that gateways whose clocks differ agree.

import { createHash } from 'node:crypto';
import { DEBT_BURSTS_MAX } from '../../limiter/limit-rule.ts';

/**
 * KEYS: one per limit. ARGV: the task (`take` if all fit, `force` whether they fit or not, `back` gives back); when the gateway had last
 * heard this server before it lost it, by the server's clock in us; then for each limit: algorithm, count, period in us, burst, cost, units
 * admitted without Redis, and all units used at this gateway. The latter count in place of the former, if larger, where Redis knows nothing
 * of the caller, or nothing from before the loss (it came back empty, and another gateway reported the caller first).
 * Returns the index of the first limit that refuses, or -1; for each limit the remaining units, us to wait (-1 for ever), us until all is
 * available again; and at the end the time in us. When the clock steps back (another server took over), states wait at their last time.
 */
export const decideScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local task, lost, reply, writes, refused = ARGV[1], tonumber(ARGV[2]), {-1}, {}, -1
local owes = false

local function parts(key)
  local text = redis.call('GET', key)
  if not text then return nil end
  local a, b, c, d = string.match(text, '^(%S+) (%S+) (%S+) ?(%S*)$')
  return tonumber(a), tonumber(b), tonumber(c), tonumber(d)
end

local function unreported(born, owed, used)
  local units = (not born or born > lost) and math.max(owed, used) or owed
  if units > 0 then owes = true end
  return units
end

local function bucket(key, count, period, burst, cost, owed, used)
  local rate = count / period
  local level, last, born = parts(key)
  owed = unreported(born, owed, used)
  level, last, born = level or 0, last or now, born or now
  if now > last then level = math.max(0, level - (now - last) * rate) end
  local at = math.max(now, last)
  level = math.min(math.max(level, 0) + owed, math.max(level, burst))
  local fits = level + cost <= burst + 1e-7
  local after = level
  if task == 'back' then after = math.max(0, level - cost)
  elseif fits or task == 'force' then after = math.min(level + cost, burst * ${1 + DEBT_BURSTS_MAX}) end
  local behind = at - now
  local wait = 0
  if cost > burst then wait = -1 elseif not fits then wait = math.ceil((level + cost - burst) / rate) + behind end
  local write = function(took)
    local kept = took and after or level
    redis.call('SET', key, string.format('%.17g %.0f %.0f', kept, at, born), 'PX', math.ceil(kept / rate / 1000) + 1000)
  end
  return fits, math.floor(burst - (fits and after or level) + 1e-7), wait, math.ceil((fits and after or level) / rate) + behind, write
end

local function window(key, count, period, cost, owed, usedThere, slides)
  local start, used, before, born = parts(key)
  owed = unreported(born, owed, usedThere)
  born = born or now
  local current = math.floor(now / period) * period
  if not start then start, used, before = current, 0, 0
  elseif now - start >= 2 * period then start, used, before = current, 0, 0
  elseif now - start >= period then start, before, used = current, slides and used or 0, 0 end
  used = math.min(used + owed, math.max(used, count))
  local within = math.max(0, now - start)
  local room = (count - used) * period - before * (period - within)
  local fits = cost * period <= room
  local after = used
  if task == 'back' then after = math.max(0, used - cost)
  elseif fits or task == 'force' then after = used + cost end
  local wait = 0
  if cost > count then wait = -1
  elseif not fits and not slides then wait = period - within
  elseif not fits and used + cost <= count then wait = math.ceil(period - (count - used - cost) * period / before) - within
  elseif not fits then wait = period - within + math.ceil(period - (count - cost) * period / used) end
  local left = math.floor(room / period) - (fits and cost or 0)
  local reset = period - within
  if slides and (used > 0 or fits) then reset = reset + period end
  local write = function(took)
    redis.call('SET', key, string.format('%.0f %.0f %.0f %.0f', start, took and after or used, before, born), 'PX', math.ceil((2 * period - within) / 1000) + 1000)
  end
  return fits, left, wait, reset, write
end

local function log(key, count, period, cost, owed, used)
  local newest = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2]
  local at = newest and math.max(now, newest + 1) or now
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now - period))
  local size = redis.call('ZCARD', key)
  owed = math.min(unreported(newest and 0, owed, used), count - size)
  local fits = size + owed + cost <= count
  local wait = 0
  if cost > count then wait = -1
  elseif not fits then
    local place = size + owed + cost - count - 1
    local last = place < size and redis.call('ZRANGE', key, place, place, 'WITHSCORES')[2]
    wait = (last or at) + period - now
  end
  local write = function(took)
    if task == 'back' then
      if cost > 0 then redis.call('ZREMRANGEBYRANK', key, -cost, -1) end
      return
    end
    local added = math.min(owed + (took and cost or 0), count)
    local dropped = size + added - count
    if dropped > 0 then redis.call('ZREMRANGEBYRANK', key, 0, dropped - 1) end
    for i = 1, added do redis.call('ZADD', key, string.format('%.0f', at), string.format('%.0f:%d', at, i)) end
    redis.call('PEXPIRE', key, math.ceil(period / 1000) + 1000)
  end
  return fits, count - size - owed - (fits and cost or 0), wait, period, write
end

for i, key in ipairs(KEYS) do
  local at = 3 + (i - 1) * 7
  local algorithm, count, period = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local burst, cost, owed, used = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5]), tonumber(ARGV[at + 6])
  local fits, left, wait, reset, write
  if algorithm == 'slidingWindow' then fits, left, wait, reset, write = window(key, count, period, cost, owed, used, true)
  elseif algorithm == 'fixedWindow' then fits, left, wait, reset, write = window(key, count, period, cost, owed, used, false)
  elseif algorithm == 'slidingLog' then fits, left, wait, reset, write = log(key, count, period, cost, owed, used)
  else fits, left, wait, reset, write = bucket(key, count, period, burst, cost, owed, used) end
  if not fits and refused < 0 then refused = i - 1 end
  reply[#reply + 1] = math.max(0, left)
  reply[#reply + 1] = wait
  reply[#reply + 1] = reset
  writes[i] = write
end
local took = refused < 0 or task ~= 'take'
if took or owes then
  for _, write in ipairs(writes) do write(took) end
end
reply[1] = refused
reply[#reply + 1] = now
return reply
`;

export const decideSha = createHash('sha1').update(decideScript).digest('hex');
