-- A session's state. ARGV[5..8]: id, JSON, home (the node that authorized it last), 1 to acknowledge that it was given
-- to this node. Returns the owner's name: another's when that one is alive and nearer to the session.
local id, json, home = ARGV[5], ARGV[6], ARGV[7]
local owner, old_home, old_json = session(id)
-- A node that was away may know an older state than the one that has taken the session over and authorized it since.
local function authorized(text)
    return tonumber(string.match(text, '"reauthorized_at":%s*([%d.]+)')) or 0
end
if owner and owner ~= node then
    if alive(owner) and (home ~= node or authorized(json) < authorized(old_json)) then
        return owner
    end
    hand_over(id, owner, node, home, old_json)
    notice('m', id, owner)
end
if old_home and old_home ~= home then
    redis.call('SREM', p .. 'away:' .. old_home, id)
end
redis.call('HSET', p .. 'sessions', id, node .. ' ' .. home .. ' ' .. json)
redis.call('SADD', p .. 'of:' .. node, id)
redis.call(home == node and 'SREM' or 'SADD', p .. 'away:' .. home, id)
if ARGV[8] == '1' then
    redis.call('HDEL', p .. 'taken:' .. node, id)
end
return node
