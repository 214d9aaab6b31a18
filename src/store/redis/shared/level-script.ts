// The script that keeps the levels of callers across all gateways. One call carries many callers, packed, and returns their levels.

import { createHash } from 'node:crypto';
import { DEBT_BURSTS_MAX } from '../../limiter/limit-rule.ts';
import { rollCall } from './gateway-roll.ts';

/**
 * KEYS[1]: the beginning of the callers' keys, which all lie in its slot. ARGV[1]: groups of callers with the same limit: kind (0 bucket,
 * 1 fixed window, 2 sliding window), whether the message follows an outage, count, period in us, burst as doubles, number of callers; for
 * each caller 8 bytes of key, units to add, and the level that the gateway knows, without those units. Returns two floats per caller: the
 * level across all gateways, and for windows, which do not drain evenly, the units of all time (modulo `TOTAL_MODULUS`).
 * A caller that Redis does not know (Redis was restarted, or the caller is new) gets the gateway's level. If ARGV[2] names a gateway, the
 * roll in KEYS[2] is called for it, and the number of gateways follows the levels in 32 bits.
 */
const TOTAL_MODULUS = 1_048_576;

export const levelScript = `${rollCall}
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local data, at, levels = ARGV[1], 1, {}

local function parts(key)
  local text = redis.call('GET', key)
  if not text then return nil end
  local a, b, c, d = string.match(text, '^(%S+) ?(%S*) ?(%S*) ?(%S*)$')
  return tonumber(a), tonumber(b), tonumber(c), tonumber(d)
end

local function bucket(key, merges, count, period, burst, units, known)
  local rate = count / period
  local level, last = parts(key)
  if not level then level, last = known, now end
  if now > last then level = math.max(0, level - (now - last) * rate) end
  if merges then level = math.max(level, known) end
  level = math.min(level + units, burst * ${1 + DEBT_BURSTS_MAX})
  redis.call('SET', key, string.format('%.17g %.0f', level, math.max(now, last)), 'PX', math.ceil(level / rate / 1000) + 1000)
  return level
end

local function window(key, merges, count, period, units, known, slides)
  local start, used, before, total = parts(key)
  local current = math.floor(now / period) * period
  if not start then start, used, before, total = current, known, 0, 0
  elseif now - start >= 2 * period then start, used, before = current, 0, 0
  elseif now - start >= period then start, before, used = current, slides and used or 0, 0 end
  local slid = before * (1 - math.max(0, now - start) / period)
  if merges then used = math.max(used, known - slid) end
  used = used + units
  total = (total + units) % ${TOTAL_MODULUS}
  redis.call('SET', key, string.format('%.0f %.17g %.17g %.0f', start, used, before, total), 'PX', math.ceil((start + 2 * period - now) / 1000) + 1000)
  return used + slid, total
end

while at <= #data do
  local kind, merges, count, period, burst, callers
  kind, merges, count, period, burst, callers, at = struct.unpack('<BBdddI4', data, at)
  for _ = 1, callers do
    local name, units, known, level, total
    name, units, known, at = struct.unpack('<c8I4f', data, at)
    local key = KEYS[1] .. name
    if kind == 0 then level = bucket(key, merges == 1, count, period, burst, units, known)
    else level, total = window(key, merges == 1, count, period, units, known, kind == 2) end
    levels[#levels + 1] = struct.pack('<ff', level, total or 0)
  end
end
if ARGV[2] ~= '' then levels[#levels + 1] = struct.pack('<I4', rollCall(KEYS[2], ARGV[2])) end
return table.concat(levels)
`;

export const levelSha = createHash('sha1').update(levelScript).digest('hex');

export const GROUP_BYTES = 1 + 1 + 3 * 8 + 4;
export const CALLER_BYTES = 8 + 4 + 4;
/** Bytes of the answer per caller. */
export const LEVEL_BYTES = 8;
