-- REAPER: write the selected notes' span of a MIDI item anew, and keep the rest.
--
-- Load it as an action, start `sequence-tutor studio`, open a MIDI item of one voice in the MIDI
-- editor, select the notes of the bars to write anew, and run it. It needs curl, which Windows,
-- macOS and Linux have. Run it again for other notes; undo takes them back.

local OFF, HOLD, FIRST, LOWEST, PITCHES, OCTAVE = 0, 1, 2, 48, 36, 12
local ADDRESS = "http://127.0.0.1:8000/v1/"
local own = {}

-- Notes {first, length, pitch} in sixteenths as so many tokens; stray pitches move by octaves.
function own.encode(notes, steps, transpose)
  local tokens = {}
  for step = 1, steps do tokens[step] = HOLD end
  for number, note in ipairs(notes) do
    local pitch, after = note.pitch - transpose, notes[number + 1]
    while pitch < LOWEST do pitch = pitch + OCTAVE end
    while pitch >= LOWEST + PITCHES do pitch = pitch - OCTAVE end
    local last = note.first + note.length
    if note.first >= 0 and note.first < steps then
      tokens[note.first + 1] = pitch - LOWEST + FIRST
      if last < steps and not (after and after.first <= last) then tokens[last + 1] = OFF end
    end
  end
  return tokens
end

-- The notes of tokens from one step to another.
function own.decode(tokens, first, last, transpose)
  local notes, sounding = {}, nil
  for step = 0, last - 1 do
    local token = tokens[step + 1]
    if token == OFF then sounding = nil end
    if token >= FIRST then
      sounding = { first = step, length = 0, pitch = token - FIRST + LOWEST + transpose }
      if step >= first then notes[#notes + 1] = sounding end
    end
    if sounding then sounding.length = sounding.length + 1 end
  end
  return notes
end

-- The bars that stay, as the studio names them: all but those from first to last, from 1.
function own.keep(bars, first, last)
  local parts = {}
  if first > 1 then parts[#parts + 1] = "1-" .. (first - 1) end
  if last < bars then parts[#parts + 1] = (last + 1) .. "-" .. bars end
  return table.concat(parts, ", ")
end

-- The message to /v1/generate.
function own.message(tune, seed)
  local kept = own.keep(tune.bars, tune.first, tune.last)
  local from = ""
  if kept ~= "" then
    from = string.format('"from":{"tokens":[%s]},"keep":"%s",', table.concat(tune.tokens, ","), kept)
  end
  return string.format(
    '{%s"bars":%d,"meter":"%s","transpose":%d,"count":1,"seed":%d,"weights":{"key":1.0}}',
    from, tune.bars, tune.meter, tune.transpose, seed)
end

-- The tokens of the best candidate, and the transposition; nil and a sentence if it was refused.
function own.answer(text)
  local tokens = {}
  local found = text:match('"tokens":%s*%[([%d,%s]*)%]')
  if not found then return nil, text:match('"error":%s*"(.-)"}') or "the studio does not answer" end
  for number in found:gmatch("%d+") do tokens[#tokens + 1] = tonumber(number) end
  return tokens, tonumber(text:match('"transpose":%s*(-?%d+)'))
end

-- Ask the studio with curl, the message in a file so that no shell has to quote it.
function own.ask(call, message)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(message)
  file:close()
  local command = string.format(
    'curl -s -m 60 -H "Content-Type: application/json" --data-binary "@%s" %s%s',
    path, ADDRESS, call)
  local reply = reaper.ExecProcess(command, 65000) or ""
  os.remove(path)
  return reply
end

-- The notes of a take, in sixteenths from the item's first bar; which of them are selected.
function own.notes(take, quarter)
  local notes, first, last = {}, math.huge, -1
  local _, count = reaper.MIDI_CountEvts(take)
  for number = 0, count - 1 do
    local _, selected, muted, from, to, _, pitch = reaper.MIDI_GetNote(take, number)
    if not muted then
      local step = math.floor(4 * from / quarter + 0.5)
      local length = math.max(1, math.floor(4 * (to - from) / quarter + 0.5))
      notes[#notes + 1] = { first = step, length = length, pitch = pitch, number = number }
      if selected then first, last = math.min(first, step), math.max(last, step) end
    end
  end
  return notes, first, last
end

function own.main()
  local editor = reaper.MIDIEditor_GetActive()
  local take = editor and reaper.MIDIEditor_GetTake(editor)
  if not take then return reaper.MB("Open a MIDI item in the editor.", "Regenerate", 0) end
  local source = reaper.GetMediaItemTake_Source(take)
  local quarters = reaper.GetMediaSourceLength(source)
  local quarter = reaper.MIDI_GetPPQPosFromProjQN(take, 1) - reaper.MIDI_GetPPQPosFromProjQN(take, 0)
  local notes, first, last = own.notes(take, quarter)
  if last < 0 then return reaper.MB("Select notes to write anew.", "Regenerate", 0) end
  local ok, key = reaper.GetUserInputs("Regenerate", 1, "Key, such as D or Em", "C")
  if not ok then return end
  local start = reaper.GetMediaItemInfo_Value(reaper.GetMediaItemTake_Item(take), "D_POSITION")
  local above, below = reaper.TimeMap_GetTimeSigAtTime(0, start)
  local bar = math.floor(16 * above / below)
  local told = own.ask("account", '{"tokens":[[1]],"key":"' .. key:gsub('[^%w# ]', "") .. '"}')
  local _, transpose = own.answer(told)
  if not transpose then return reaper.MB(select(2, own.answer(told)), "Regenerate", 0) end
  local bars = math.max(math.ceil(4 * quarters / bar), math.floor(last / bar) + 1)
  local tune = {
    bars = math.min(bars, 16), first = math.floor(first / bar) + 1,
    last = math.floor(last / bar) + 1, meter = above .. "/" .. below, transpose = transpose,
    tokens = own.encode(notes, math.min(bars, 16) * bar, transpose)
  }
  local tokens, up = own.answer(own.ask("generate", own.message(tune, os.time() % 1000000)))
  if not tokens then return reaper.MB(up, "Regenerate", 0) end
  local from, to = (tune.first - 1) * bar, tune.last * bar
  reaper.Undo_BeginBlock()
  for place = #notes, 1, -1 do
    local note = notes[place]
    if note.first >= from and note.first < to then reaper.MIDI_DeleteNote(take, note.number) end
  end
  for _, note in ipairs(own.decode(tokens, from, to, up)) do
    local begins, ends = note.first * quarter / 4, (note.first + note.length) * quarter / 4
    reaper.MIDI_InsertNote(take, true, false, begins, ends, 0, note.pitch, 90, true)
  end
  reaper.MIDI_Sort(take)
  reaper.Undo_EndBlock("Regenerate bars", -1)
end

if reaper then own.main() end
return own
