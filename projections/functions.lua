#!lua name=grantlog
-- What must be one step in Redis. Every key of a call is in one slot: the keys of
-- one partition carry its hash tag, so all of this works in a cluster too.
--
--   row        = version (4 bytes, big endian) .. user (22) .. session (22) .. mac (16) .. state
--   checkpoint = position (8) .. as_of (8) .. generation (16) .. mac (16) .. cursor
--
-- Deploys overlap: a function's meaning never changes under its name. A new meaning
-- gets a new name and raises the number below; the old one stays for a release.

local function number()
  return { '1' }
end

local function version_of(row)
  if #row < 4 then return -1 end
  return struct.unpack('>I4', row)
end

local function position_of(checkpoint)
  return struct.unpack('>I8', checkpoint)
end

local function generation_of(checkpoint)
  return string.sub(checkpoint, 17, 32)
end

-- What another program left there under another type is as good as nothing.
local function read(key)
  local found = redis.pcall('GET', key)
  return type(found) == 'string' and found
end

-- What a reader needs of a checkpoint: as_of .. generation.
local function head_of(checkpoint)
  return checkpoint and string.sub(checkpoint, 9, 32) or ''
end

local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- A later version never leaves before an earlier one would have: else an append
-- that was delayed could bring back what is over.
local function expiry(key, wanted)
  local left = redis.call('PTTL', key)
  if left == -1 or wanted == 0 then return 0 end
  return math.max(wanted, now() + left)
end

local function set(key, value, at)
  if at == 0 then
    redis.call('SET', key, value)
  else
    redis.call('SET', key, value, 'PXAT', string.format('%.0f', at))
  end
end

-- The last writer wins by version, whatever the order of arrival. Returns '1' if it
-- was written.
local function write(key, at, value)
  local current = read(key)
  local wanted = tonumber(at)
  if not current then
    if wanted ~= 0 and wanted <= now() then return '0' end
    set(key, value, wanted)
    return '1'
  end
  if version_of(current) >= version_of(value) then return '0' end
  set(key, value, expiry(key, wanted))
  return '1'
end

-- keys: checkpoint, row
local function get(keys, args)
  return { head_of(read(keys[1])), read(keys[2]) or '' }
end

-- keys: checkpoint, grant; its person's and its session's keys are derived from it.
local function live(keys, args)
  local head = head_of(read(keys[1]))
  local grant = read(keys[2])
  if not grant then return { head, '', '', '' } end
  local tag = string.sub(keys[2], 2, 10)
  return {
    head,
    grant,
    read('u' .. tag .. string.sub(grant, 5, 26)) or '',
    read('s' .. tag .. string.sub(grant, 27, 48)) or '',
  }
end

-- keys: checkpoint, rows; args: generation, then expiry and value of each row.
-- Rows of another generation are refused: they were read before Redis lost its
-- data, and what is newer than they may be among the lost.
local function put(keys, args)
  local checkpoint = read(keys[1])
  local answer = { checkpoint and generation_of(checkpoint) or '' }
  if answer[1] == '' or answer[1] ~= args[1] then return answer end
  for i = 2, #keys do
    answer[i] = write(keys[i], args[2 * i - 2], args[2 * i - 1])
  end
  return answer
end

-- keys: checkpoint, rows; args: generation, position the follower left there, the
-- new checkpoint, then expiry and value of each row. Answers done, or lost or moved if
-- Redis isn't where the follower left it; then nothing was written.
local function advance(keys, args)
  local current = read(keys[1])
  if not current then return { 'lost' } end
  if generation_of(current) ~= args[1] or position_of(current) < tonumber(args[2]) then
    return { 'moved' }
  end
  for i = 2, #keys do
    write(keys[i], args[2 * i], args[2 * i + 1])
  end
  if position_of(current) < position_of(args[3]) then
    redis.call('SET', keys[1], args[3])
  end
  return { 'done' }
end

-- keys: checkpoint; args: what stands there ('' for nothing), what shall.
local function begin(keys, args)
  if (read(keys[1]) or '') ~= args[1] then return { '0' } end
  redis.call('SET', keys[1], args[2])
  return { '1' }
end

-- keys: checkpoint, row; args: generation, the wrong row, expiry, the right one
-- ('' for none). The one place where a lower version may follow a higher.
local function mend(keys, args)
  local checkpoint = read(keys[1])
  if not checkpoint or generation_of(checkpoint) ~= args[1] then return { '0' } end
  if (read(keys[2]) or '') ~= args[2] then return { '0' } end
  if args[4] == '' then
    redis.call('DEL', keys[2])
  else
    set(keys[2], args[4], tonumber(args[3]))
  end
  return { '1' }
end

local reads = { 'no-writes' }
redis.register_function { function_name = 'grantlog_number', callback = number, flags = reads }
redis.register_function { function_name = 'grantlog_get', callback = get, flags = reads }
redis.register_function { function_name = 'grantlog_live', callback = live, flags = reads }
redis.register_function('grantlog_put', put)
redis.register_function('grantlog_advance', advance)
redis.register_function('grantlog_begin', begin)
redis.register_function('grantlog_mend', mend)
