-- An exemption: the change made last stays. ARGV[5..8]: id, changed at (s), ms of this clock when it can be forgotten, text.
local key = p .. 'exemptions'
local old = redis.call('HGET', key, ARGV[5])
if old then
    local changed, text = string.match(old, '^(%S+) %S+ (.*)$')
    if text == ARGV[8] or (tonumber(changed) or 0) > tonumber(ARGV[6]) then
        return 0
    end
end
redis.call('HSET', key, ARGV[5], ARGV[6] .. ' ' .. ARGV[7] .. ' ' .. ARGV[8])
notice('e', ARGV[5], ARGV[8])
local all = redis.call('HGETALL', key)
for i = 1, #all, 2 do
    local forgotten = tonumber(string.match(all[i + 1], '^%S+ (%S+)'))
    if forgotten and forgotten < now then
        redis.call('HDEL', key, all[i])
    end
end
return 1
