-- A lease. ARGV[5..7]: name, ms, the token of a lease that this instance knows to be still its own (0: none).
-- Returns {1, token as text}, or {0, ms until it is worth trying again}.
local key, ttl, claim = p .. 'lease:' .. ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local value = redis.call('GET', key)
if value then
    local who, token = string.match(value, '^(%S+) (%d+)$')
    if who == instance then
        redis.call('PEXPIRE', key, ttl)
        return {1, token}
    end
    return {0, redis.call('PTTL', key)}
end
local since = tonumber(redis.call('HGET', p .. 'server', 'since') or now)
local fence = math.max(tonumber(redis.call('GET', p .. 'fence') or 0), since)
if claim > 0 then
    -- Redis has lost a lease that has not run out, so nobody else can have been given it.
    fence = math.max(fence, claim)
else
    if now - since < ttl then
        -- A Redis that has just begun to serve us (restarted, emptied, a replica made primary) may have forgotten
        -- somebody's lease: it is waited for until that has run out for certain.
        return {0, ttl - (now - since)}
    end
    fence = fence + 1
    claim = fence
end
redis.call('SET', p .. 'fence', string.format('%.0f', fence))
redis.call('SET', key, string.format('%s %.0f', instance, claim), 'PX', ttl)
return {1, string.format('%.0f', claim)}
