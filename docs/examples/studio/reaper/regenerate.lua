-- REAPER: write the bars of the selected notes anew, and keep the rest of the MIDI item.
--
-- Load it as an action, start `sequence-tutor studio`, open an item of one voice in the MIDI editor,
-- select notes, and run it. It needs curl, which Windows, macOS and Linux have. Undo takes it back.

local ADDRESS = "http://127.0.0.1:8000/v1/generate"
local own = {}

-- The message: notes {start, length, pitch} in sixteenths, and which bars of how many are new.
function own.message(tune, key, seed)
  local notes, kept = {}, {}
  for place, note in ipairs(tune.notes) do
    notes[place] = string.format('{"start":%d,"length":%d,"pitch":%d}', note.start, note.length, note.pitch)
  end
  if tune.first > 1 then kept[1] = "1-" .. tune.first - 1 end
  if tune.last < tune.bars then kept[#kept + 1] = tune.last + 1 .. "-" .. tune.bars end
  local from = #kept > 0 and string.format('"from":{"notes":[%s]},"keep":"%s",',
    table.concat(notes, ","), table.concat(kept, ", ")) or ""
  return string.format('{%s"bars":%d,"meter":"%s","key":"%s","count":1,"seed":%d,"weights":{"key":1}}',
    from, tune.bars, tune.meter, key:gsub("[^%w# ]", ""), seed)
end

-- The notes of the best candidate; nil and a sentence if there is none.
function own.answer(text)
  local notes, found = {}, text:match('"notes":%s*%[([^%]]*)%]')
  if not found then return nil, text:match('"error":%s*"(.-)"}') or "the studio does not answer" end
  for start, length, pitch in found:gmatch('"start":%s*(%d+),%s*"length":%s*(%d+),%s*"pitch":%s*(%d+)') do
    notes[#notes + 1] = { start = tonumber(start), length = tonumber(length), pitch = tonumber(pitch) }
  end
  return notes
end

-- Ask the studio with curl, the message in a file so that no shell has to quote it.
function own.ask(message)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(message)
  file:close()
  local reply = reaper.ExecProcess(string.format(
    'curl -s -m 60 -H "Content-Type: application/json" --data-binary "@%s" %s', path, ADDRESS), 65000)
  os.remove(path)
  return own.answer(reply or "")
end

-- The notes of a take in sixteenths of so many ticks, and the bars that the selected ones are in.
function own.read(take, ticks, bar)
  local tune = { notes = {}, first = math.huge, last = 0, bars = 1 }
  for number = 0, select(2, reaper.MIDI_CountEvts(take)) - 1 do
    local _, selected, muted, from, to, _, pitch = reaper.MIDI_GetNote(take, number)
    local start = math.floor(from / ticks + 0.5)
    local length, at = math.max(1, math.floor((to - from) / ticks + 0.5)), math.floor(start / bar) + 1
    if not muted then
      table.insert(tune.notes, { start = start, length = length, pitch = pitch, number = number })
      tune.bars = math.max(tune.bars, at)
      if selected then tune.first, tune.last = math.min(tune.first, at), math.max(tune.last, at) end
    end
  end
  return tune
end

-- The part of a tune that the model sees: four bars on either side of the new ones, 16 at most.
function own.near(tune, bar)
  local before = math.max(0, tune.first - 5)
  local bars = math.min(tune.bars - before, tune.last + 4 - before, 16)
  local near = { notes = {}, first = tune.first - before, last = math.min(tune.last - before, bars), bars = bars }
  for _, note in ipairs(tune.notes) do
    local start = note.start - before * bar
    if start >= 0 and start < bars * bar then
      table.insert(near.notes, { start = start, length = note.length, pitch = note.pitch })
    end
  end
  return near, before * bar
end

function own.main()
  local function say(text) reaper.MB(text, "Regenerate", 0) end
  local editor = reaper.MIDIEditor_GetActive()
  local take = editor and reaper.MIDIEditor_GetTake(editor)
  if not take then return say("Open a MIDI item in the editor.") end
  local ticks = (reaper.MIDI_GetPPQPosFromProjQN(take, 1) - reaper.MIDI_GetPPQPosFromProjQN(take, 0)) / 4
  local item = reaper.GetMediaItemTake_Item(take)
  local above, below = reaper.TimeMap_GetTimeSigAtTime(0, reaper.GetMediaItemInfo_Value(item, "D_POSITION"))
  local bar = math.floor(16 * above / below)
  local tune = own.read(take, ticks, bar)
  if tune.last == 0 then return say("Select notes to write anew.") end
  local ok, key = reaper.GetUserInputs("Regenerate", 1, "Key, such as D or Em", "C")
  if not ok then return end
  local near, shift = own.near(tune, bar)
  near.meter = above .. "/" .. below
  local notes, refused = own.ask(own.message(near, key, os.time() % 1000000))
  if not notes then return say(refused) end
  local first, last = shift + (near.first - 1) * bar, shift + near.last * bar
  local function is_new(start) return start >= first and start < last end
  reaper.Undo_BeginBlock()
  for place = #tune.notes, 1, -1 do
    if is_new(tune.notes[place].start) then reaper.MIDI_DeleteNote(take, tune.notes[place].number) end
  end
  for _, note in ipairs(notes) do
    local start, ticked = shift + note.start, note.length * ticks
    if is_new(start) then
      reaper.MIDI_InsertNote(take, true, false, start * ticks, start * ticks + ticked, 0, note.pitch, 90, true)
    end
  end
  reaper.MIDI_Sort(take)
  reaper.Undo_EndBlock("Regenerate bars", -1)
end

if reaper then own.main() end
return own
