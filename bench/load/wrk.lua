-- The requests that wrk sends, and one line of JSON at the end. Arguments: a mode, then what the mode needs.
--   get PATH            the same request over and over
--   page PATH           the same with the Origin of a web page
--   close PATH          the same, each request on its own connection
--   spread N FORMAT     GET on N paths in a fixed shuffled order
--   upload PATH BYTES   POST with a body
--   header PATH NAME VALUE            the same request with one more header
--   tenants PATH N                    X-Tenant with one of N values, far from the one before, begun elsewhere each time
--   tokens FILE ROUTES FORMAT ORDER   a Bearer token of the file (one a line) on one of ROUTES paths; ORDER is `zipf`, or
--                                     `turn` for one after the other

local requests, order, at = {}, nil, 0
local before, behind, tenant, count -- for tenants: a request is what stands before the number and what stands behind it
local heads, rests, picked -- for tokens: a request is a head with the path and a rest with the token

local function headers(more)
  local all = {
    ["Host"] = "api.example.com",
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    ["Accept"] = "application/json, text/plain, */*",
  }
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

-- Drawn before the load begins, with a fixed seed: 65,536 pairs of path and token, or with `turn` one pair for each token.
function tokens(file, routes, format, how)
  heads, rests, picked = {}, {}, {}
  for i = 1, routes do heads[i] = "GET " .. string.format(format, i - 1) .. " HTTP/1.1\r\n" end
  for token in io.lines(file) do
    local all = wrk.format("GET", "/", headers({ ["Authorization"] = "Bearer " .. token }))
    rests[#rests + 1] = string.sub(all, string.find(all, "\r\n", 1, true) + 2)
  end
  math.randomseed(42)
  local below, sum = {}, 0
  for i = 1, #rests do
    sum = sum + 1 / i
    below[i] = sum
  end
  for i = 1, how == "turn" and #rests or 65536 do
    local token = i
    if how ~= "turn" then
      local drawn, low, high = math.random() * sum, 1, #rests
      while low < high do
        local middle = math.floor((low + high) / 2)
        if below[middle] < drawn then low = middle + 1 else high = middle end
      end
      token = low
    end
    picked[i] = { math.random(routes), token }
  end
end

function init(args)
  local mode = args[1]
  if mode == "get" then
    requests[1] = wrk.format("GET", args[2], headers())
  elseif mode == "page" then
    requests[1] = wrk.format("GET", args[2], headers({ ["Origin"] = "https://app.example.com" }))
  elseif mode == "close" then
    requests[1] = wrk.format("GET", args[2], headers({ ["Connection"] = "close" }))
  elseif mode == "upload" then
    requests[1] = wrk.format("POST", args[2], headers({ ["Content-Type"] = "application/octet-stream" }), string.rep("x", tonumber(args[3])))
  elseif mode == "header" then
    requests[1] = wrk.format("GET", args[2], headers({ [args[3]] = args[4] }))
  elseif mode == "tenants" then
    local all = wrk.format("GET", args[2], headers({ ["X-Tenant"] = "tenant-#" }))
    local place = string.find(all, "#", 1, true)
    before, behind, count = string.sub(all, 1, place - 1), string.sub(all, place + 1), tonumber(args[3])
    math.randomseed(os.time())
    tenant = math.random(count)
  elseif mode == "tokens" then
    tokens(args[2], tonumber(args[3]), args[4], args[5])
  elseif mode == "spread" then
    local count = tonumber(args[2])
    order = {}
    for i = 1, count do
      requests[i] = wrk.format("GET", string.format(args[3], i - 1), headers())
      order[i] = i
    end
    math.randomseed(42)
    for i = count, 2, -1 do
      local j = math.random(i)
      order[i], order[j] = order[j], order[i]
    end
  end
end

function request()
  if count ~= nil then
    tenant = (tenant + 611953) % count -- a prime: every tenant has its turn
    return before .. string.format("%07d", tenant) .. behind
  end
  if picked ~= nil then
    at = at % #picked + 1
    local pair = picked[at]
    return heads[pair[1]] .. rests[pair[2]]
  end
  if order == nil then return requests[1] end
  at = at % #order + 1
  return requests[order[at]]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\nwrk-summary {"requests":%d,"bytes":%d,"durationUs":%d,"failed":%d,"p50Us":%d,"p99Us":%d,"errors":"connect %d read %d write %d status %d timeout %d"}\n',
    summary.requests, summary.bytes, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99), e.connect, e.read, e.write, e.status, e.timeout))
end
