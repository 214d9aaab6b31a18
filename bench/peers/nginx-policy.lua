-- RS256 tokens, a limit by subject, and metrics for nginx with Lua, for the bench. OpenSSL checks the signatures, called over the FFI.

local ffi = require "ffi"
local cjson = require "cjson.safe"
local lrucache = require "resty.lrucache"
local base64url = require("ngx.base64").decode_base64url
local settings = require "settings"

ffi.cdef [[
void *BIO_new_mem_buf(const void *buffer, int length);
void *PEM_read_bio_PUBKEY(void *bio, void **key, void *callback, void *argument);
void *EVP_MD_CTX_new(void);
void *EVP_MD_fetch(void *library, const char *algorithm, const char *properties);
int EVP_DigestVerifyInit(void *context, void **keyContext, const void *digest, void *engine, void *key);
int EVP_DigestVerify(void *context, const char *signature, size_t signatureLength, const char *message, size_t length);
]]
local crypto = ffi.load("libcrypto.so.3")

local file = assert(io.open(settings.keyFile))
local pem = file:read("*a")
file:close()
local key = crypto.PEM_read_bio_PUBKEY(crypto.BIO_new_mem_buf(pem, #pem), nil, nil, nil)
assert(key ~= nil, "no public key")
local context = crypto.EVP_MD_CTX_new()
local digest = crypto.EVP_MD_fetch(nil, "SHA256", nil) -- fetched once: looking it up costs more than hashing
local cache = settings.cachedTokens > 0 and lrucache.new(settings.cachedTokens) or nil

local now, sub, find = ngx.now, string.sub, string.find
local limits, metrics = ngx.shared.limits, ngx.shared.metrics

-- Returns the subject and expiry of a valid token, or nil.
local function verify(token)
  local first = find(token, ".", 1, true)
  local second = first and find(token, ".", first + 1, true)
  if not second then return nil end
  local signature = base64url(sub(token, second + 1))
  local header = cjson.decode(base64url(sub(token, 1, first - 1)) or "")
  if not signature or type(header) ~= "table" or header.alg ~= "RS256" then return nil end
  if crypto.EVP_DigestVerifyInit(context, nil, digest, nil, key) ~= 1 then return nil end
  if crypto.EVP_DigestVerify(context, signature, #signature, token, second - 1) ~= 1 then return nil end
  local claims = cjson.decode(base64url(sub(token, first + 1, second - 1)) or "")
  if type(claims) ~= "table" or claims.iss ~= settings.issuer or claims.aud ~= settings.audience then return nil end
  if type(claims.exp) ~= "number" or type(claims.sub) ~= "string" then return nil end
  return { subject = claims.sub, expires = claims.exp }
end

local policy = {}

function policy.access()
  local authorization = ngx.var.http_authorization
  if not authorization or sub(authorization, 1, 7) ~= "Bearer " then return ngx.exit(401) end
  local token = sub(authorization, 8)
  local known = cache and cache:get(token)
  if not known then
    known = verify(token)
    if not known then return ngx.exit(401) end
    if cache then cache:set(token, known, known.expires - now()) end
  end
  if known.expires <= now() then return ngx.exit(401) end
  ngx.var.subject = known.subject
  if settings.perMinute > 0 then
    local window = math.floor(now() / 60)
    local count = limits:incr(known.subject .. ":" .. window, 1, 0, 120)
    if count and count > settings.perMinute then return ngx.exit(429) end
  end
end

local bounds = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 }

-- The data that Prometheus would get: requests by route and class of status, and a histogram of durations.
function policy.log()
  local route, seconds = ngx.var.route, tonumber(ngx.var.request_time)
  metrics:incr("requests:" .. route .. ":" .. math.floor(ngx.status / 100), 1, 0)
  local at = 1
  while bounds[at] and seconds > bounds[at] do at = at + 1 end
  metrics:incr("bucket:" .. at, 1, 0)
  metrics:incr("seconds", seconds, 0)
end

return policy
