-- Asks auth-api about a request, for haproxy.cfg. On success it sets txn.verified, and the headers X-Auth-* of the request.
local url = os.getenv("VERIFY_URL")
-- All that auth-api needs of a request. The body stays here.
local PASSED = { "host", "authorization", "cookie", "origin", "sec-fetch-site", "x-auto-refresh", "user-agent" }
local IDENTITY = { "x-auth-user", "x-auth-username", "x-auth-role", "x-auth-session" }
local RETURNED = { "content-type", "www-authenticate", "retry-after", "cache-control", "x-request-id" }

-- HAProxy counts the values of a header from 0.
local function values(headers, name)
  local list = {}
  local given = headers[name]
  if given ~= nil then
    local i = 0
    while given[i] ~= nil do
      list[#list + 1] = given[i]
      i = i + 1
    end
  end
  return list
end

local function verify(txn, query)
  local given = txn.http:req_get_headers()
  local headers = {}
  for _, name in ipairs(PASSED) do
    local list = values(given, name)
    -- HTTP/2 may send cookies in several headers.
    if name == "cookie" and #list > 1 then list = { table.concat(list, "; ") } end
    if #list > 0 then headers[name] = list end
  end
  -- auth-api checks the Origin of a WebSocket, which it recognizes by its key. In HTTP/2 it has none.
  if given["upgrade"] then headers["sec-websocket-key"] = { "1" } end
  headers["x-forwarded-method"] = { txn.f:method() }
  headers["x-forwarded-uri"] = { txn.f:pathq() }
  for _, name in ipairs({ "x-forwarded-host", "x-forwarded-proto", "x-forwarded-for" }) do
    headers[name] = values(given, name)
  end

  local answer = core.httpclient():get({ url = url .. "?" .. query, headers = headers, timeout = 5000 })
  local status = answer and answer.status or 0
  local returned = answer and answer.headers or {}
  for i, cookie in ipairs(values(returned, "set-cookie")) do
    txn:set_var("txn.set_cookie_" .. i, cookie)
  end

  if status == 200 then
    for _, name in ipairs(IDENTITY) do
      local value = values(returned, name)[1]
      if value ~= nil then txn.http:req_set_header(name, value) end
    end
    local token = values(returned, "x-new-access-token")[1]
    if token ~= nil then txn:set_var("txn.new_token", token) end
    if values(returned, "x-token-refreshed")[1] ~= nil then txn:set_var("txn.refreshed", "true") end
    txn:set_var("txn.verified", "yes")
    return
  end

  -- Without Retry-After a 503 is HAProxy's own. haproxy.cfg refuses what is not verified.
  local is_refusal = status >= 400 and status < 500 and status ~= 404
  if not is_refusal and not (status == 503 and returned["retry-after"]) then return end
  local reply = txn:reply({ status = status, body = answer.body })
  for _, name in ipairs(RETURNED) do
    for _, value in ipairs(values(returned, name)) do reply:add_header(name, value) end
  end
  txn:done(reply)
end

core.register_action("verify", { "http-req" }, verify, 1)
