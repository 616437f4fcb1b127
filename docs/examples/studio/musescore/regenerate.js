// What the plugin needs beside MuseScore: the message to the studio, and notes as a score has them.

var KEYS = "Cb Gb Db Ab Eb Bb F C G D A E B F# C#".split(" "); // by sharps from -7 to 7
var LENGTHS = [16, 12, 8, 6, 4, 3, 2, 1]; // of single notes in sixteenths, dotted ones among them
var AROUND = 4, MOST = 16; // bars that the model sees beside the selected ones, and in all

function tune(above, below, sharps) {
    return { meter: above + "/" + below, bar: 16 * above / below, key: KEYS[sharps + 7], notes: [] };
}

// The bars from one sixteenth to another are new; `end` is that of the score.
function select(tune, from, until, end) {
    var first = Math.floor(from / tune.bar), last = Math.ceil(until / tune.bar);
    tune.begin = Math.max(0, first - AROUND);
    tune.bars = Math.min(last + AROUND, Math.floor(end / tune.bar), tune.begin + MOST) - tune.begin;
    tune.first = first - tune.begin + 1;
    tune.last = Math.min(last - tune.begin, tune.bars);
}

// A note that begins at a sixteenth of the score, or goes on there.
function add(tune, at, length, pitch, goesOn) {
    var start = Math.round(at) - tune.begin * tune.bar, before = tune.notes[tune.notes.length - 1];
    if (start < 0 || start >= tune.bars * tune.bar) return;
    length = Math.max(1, Math.round(length));
    if (goesOn && before) before.length += length;
    else tune.notes.push({ start: start, length: length, pitch: pitch });
}

function message(tune, seed) {
    var asked = {
        bars: tune.bars, meter: tune.meter, key: tune.key, count: 1, seed: seed,
        weights: { key: 1.0, cadence: 1.0 }
    };
    var kept = [];
    if (tune.first > 1) kept.push("1-" + (tune.first - 1));
    if (tune.last < tune.bars) kept.push((tune.last + 1) + "-" + tune.bars);
    if (kept.length && tune.notes.length) {
        asked.from = { notes: tune.notes };
        asked.keep = kept.join(", ");
    }
    return asked;
}

// Notes and rests of the new bars, cut at bar lines and into lengths that a score can write.
// `tied` is the part before, where a note goes on.
function spans(tune, notes) {
    var first = (tune.first - 1) * tune.bar, last = tune.last * tune.bar, found = [];
    function put(start, end, pitch) {
        var before = null;
        while (start < end) {
            var left = Math.min(end - start, tune.bar - start % tune.bar);
            var length = LENGTHS.filter(function (one) { return one <= left; })[0];
            var span = { start: start + tune.begin * tune.bar, length: length, pitch: pitch };
            if (pitch !== null) span.tied = before;
            found.push(before = span);
            start += length;
        }
    }
    var now = first;
    notes.forEach(function (note) {
        var start = Math.max(note.start, first), end = Math.min(note.start + note.length, last);
        if (start >= end) return;
        put(now, start, null);
        put(start, end, note.pitch);
        now = end;
    });
    put(now, last, null);
    return found;
}
