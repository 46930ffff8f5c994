-- Stands at the head of every other script. KEYS[1] is what every key begins with, PREFIX:; ARGV[1..4] are this node's
-- name, its instance (another one after each start of mdmd), how many notices are kept, and after how many ms without a
-- heartbeat a node is gone. What a script takes beyond that begins at ARGV[5].
--
-- PREFIX:server   hash  epoch = "RUN_ID:SINCE", since = ms when this Redis began to serve us, first = the latest notice
--                 then; all anew when it was restarted, emptied or made primary
-- PREFIX:nodes    hash  NODE = "LAST_SEEN_MS STARTED_MS INSTANCE"
-- PREFIX:load     hash  NODE = "INSTANCE JSON", what each has to ask each MDM server about
-- PREFIX:seq      the number of the latest notice; PREFIX:notices is their stream, with ids NUMBER-0 without gaps
-- PREFIX:a:KEY    "ANSWERED_AT REGISTRATION COMPLIANCE MANAGED MACS NODE", expires
-- PREFIX:ask:KEY  instance that asks about it; PREFIX:lease:NAME "INSTANCE TOKEN"; PREFIX:fence the latest token
-- PREFIX:order:ID "claimed NODE" or "settled NODE RESULT"
-- PREFIX:exemptions hash ID = "CHANGED_AT_S FORGOTTEN_AT_MS TEXT"
-- PREFIX:sessions hash  ID = "OWNER HOME JSON"; PREFIX:of:NODE set of the ids that NODE owns
-- PREFIX:away:NODE set of ids whose home is NODE and whose owner is another
-- PREFIX:taken:NODE hash ID = "FORMER_OWNER JSON", given to NODE and not yet acknowledged by it
-- PREFIX:ended:NODE hash ID = who saw its end, for NODE to be told
local p, node, instance = KEYS[1], ARGV[1], ARGV[2]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function notice(kind, about, text)
    local number = redis.call('INCR', p .. 'seq')
    redis.call('XADD', p .. 'notices', 'MAXLEN', '~', ARGV[3], string.format('%.0f-0', number),
        'i', instance, 'n', node, 'k', kind, 'x', about, 'b', text, 't', string.format('%.0f', now))
end

local function alive(name)
    local seen = redis.call('HGET', p .. 'nodes', name)
    return seen and now - tonumber(string.match(seen, '^%d+')) <= tonumber(ARGV[4])
end

local function session(id)
    local value = redis.call('HGET', p .. 'sessions', id)
    if value then
        return string.match(value, '^(%S+) (%S+) (.*)$')
    end
end

-- Makes `to` the owner of a session. The former owner's account of it is kept until the new one has acknowledged it.
local function hand_over(id, from, to, home, json)
    redis.call('SREM', p .. 'of:' .. from, id)
    redis.call('HDEL', p .. 'taken:' .. from, id)
    redis.call('SADD', p .. 'of:' .. to, id)
    redis.call('HSET', p .. 'sessions', id, to .. ' ' .. home .. ' ' .. json)
    redis.call('HSET', p .. 'taken:' .. to, id, from .. ' ' .. json)
    redis.call(home == to and 'SREM' or 'SADD', p .. 'away:' .. home, id)
end
