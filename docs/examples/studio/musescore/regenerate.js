// Notes as tokens of the studio, and back: what the plugin needs beside MuseScore itself.
//
// A token is one sixteenth: 0 ends a note, 1 holds on, 2 to 37 begin the pitches 48 to 83, after
// the tune was moved to the signature of C.

var OFF = 0, HOLD = 1, FIRST = 2, LOWEST = 48, PITCHES = 36, OCTAVE = 12;
var LENGTHS = [16, 12, 8, 6, 4, 3, 2, 1]; // of single notes, dotted ones among them

// Semitones from C to a signature of so many sharps, or flats below 0; the nearer way.
function semitonesOf(fifths) {
    return ((7 * fifths + 5) % OCTAVE + OCTAVE) % OCTAVE - 5;
}

// Semitones from the tokens to what sounds, so that most of the notes are among the pitches.
function transposeOf(notes, fifths) {
    var best = semitonesOf(fifths), most = -1;
    for (var octave = -3; octave <= 3; octave++) {
        var up = semitonesOf(fifths) + OCTAVE * octave, inside = 0;
        for (var i = 0; i < notes.length; i++) {
            var pitch = notes[i].pitch - up;
            if (pitch >= LOWEST && pitch < LOWEST + PITCHES) inside++;
        }
        if (inside > most || (inside === most && Math.abs(up) < Math.abs(best))) {
            best = up;
            most = inside;
        }
    }
    return best;
}

// Notes {start, length, pitch} in sixteenths as so many tokens; stray pitches move by octaves.
function encode(notes, steps, transpose) {
    var tokens = [], i;
    for (i = 0; i < steps; i++) tokens.push(HOLD);
    for (i = 0; i < notes.length; i++) {
        var note = notes[i], pitch = note.pitch - transpose;
        while (pitch < LOWEST) pitch += OCTAVE;
        while (pitch >= LOWEST + PITCHES) pitch -= OCTAVE;
        if (note.start < 0 || note.start >= steps) continue;
        tokens[note.start] = pitch - LOWEST + FIRST;
        var end = note.start + note.length;
        if (end < steps && (i + 1 === notes.length || notes[i + 1].start > end)) tokens[end] = OFF;
    }
    return tokens;
}

// Tokens from one step to another as {start, length, pitch}; pitch null is a rest.
function decode(tokens, first, last, transpose) {
    var spans = [], sounding = null, step;
    for (step = 0; step < last; step++) {
        var token = tokens[step];
        if (token === OFF) sounding = null;
        if (token >= FIRST) sounding = token - FIRST + LOWEST + transpose;
        if (step < first) continue;
        var before = spans[spans.length - 1];
        if (before && token < FIRST && before.pitch === sounding) {
            before.length++;
        } else {
            spans.push({ start: step, length: 1, pitch: sounding });
        }
    }
    return spans;
}

// The bars that stay, as the studio names them: all but those from first to last, counted from 1.
function keep(bars, first, last) {
    var parts = [];
    if (first > 1) parts.push("1-" + (first - 1));
    if (last < bars) parts.push((last + 1) + "-" + bars);
    return parts.join(", ");
}

// A length as lengths of notes that are tied.
function tied(length) {
    var parts = [];
    for (var i = 0; i < LENGTHS.length; i++) {
        while (length >= LENGTHS[i]) {
            parts.push(LENGTHS[i]);
            length -= LENGTHS[i];
        }
    }
    return parts;
}

// The message to /v1/generate. Nothing is kept where all bars are selected.
function message(tune, seed) {
    var kept = keep(tune.bars, tune.first, tune.last);
    var asked = {
        count: 1, seed: seed, meter: tune.meter, transpose: tune.transpose, bars: tune.bars,
        weights: { key: 1.0, cadence: 1.0 }
    };
    if (kept) {
        asked.from = { tokens: tune.tokens };
        asked.keep = kept;
    }
    return JSON.stringify(asked);
}
