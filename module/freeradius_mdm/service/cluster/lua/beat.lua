-- A heartbeat. ARGV[5]: when this instance started (ms by this clock, 0 for unknown). ARGV[6]: its load, for the others.
-- Returns "taken" when a younger instance has this node's name, else {now, epoch, latest notice, latest when the epoch began, started,
-- taken, away, ended, {name, last seen, sessions, load, ...}}, a load being '' for a node that has told none.
local started = tonumber(ARGV[5])
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local epoch = redis.call('HGET', p .. 'server', 'epoch')
if not epoch or string.sub(epoch, 1, #run) ~= run then
    epoch = string.format('%s:%.0f', run, now)
    redis.call('HSET', p .. 'server', 'epoch', epoch, 'since', string.format('%.0f', now),
        'first', redis.call('GET', p .. 'seq') or '0')
end
local first = tonumber(redis.call('HGET', p .. 'server', 'first'))
local mine = redis.call('HGET', p .. 'nodes', node)
if mine then
    local last, begun, who = string.match(mine, '^(%d+) (%d+) (%S+)$')
    if who == instance then
        started = tonumber(begun)
    elseif started > 0 and tonumber(begun) > started and now - tonumber(last) <= tonumber(ARGV[4]) then
        return 'taken'
    end
end
if started == 0 then
    started = now
end
redis.call('HSET', p .. 'nodes', node, string.format('%.0f %.0f %s', now, started, instance))
redis.call('HSET', p .. 'load', node, instance .. ' ' .. ARGV[6])
local nodes = {}
local all = redis.call('HGETALL', p .. 'nodes')
for i = 1, #all, 2 do
    local last = tonumber(string.match(all[i + 1], '^%d+'))
    local sessions = redis.call('SCARD', p .. 'of:' .. all[i])
    if now - last > 86400000 and sessions == 0 then
        redis.call('HDEL', p .. 'nodes', all[i])
        redis.call('HDEL', p .. 'load', all[i])
    else
        nodes[#nodes + 1] = all[i]
        nodes[#nodes + 1] = last
        nodes[#nodes + 1] = sessions
        -- An older mdmd that took the place of this one leaves its row as it was: that is another instance's.
        local who, load = string.match(redis.call('HGET', p .. 'load', all[i]) or '', '^(%S+) (.*)$')
        nodes[#nodes + 1] = who == string.match(all[i + 1], '(%S+)$') and load or ''
    end
end
return {now, epoch, tonumber(redis.call('GET', p .. 'seq') or 0), first, started, redis.call('HLEN', p .. 'taken:' .. node),
    redis.call('SCARD', p .. 'away:' .. node), redis.call('HLEN', p .. 'ended:' .. node), nodes}
