// MuseScore 3 and 4: write the selected bars anew, in the voice and the signature of the score.
//
// Put this folder into MuseScore's folder of plugins, switch "Regenerate bars" on, start
// `sequence-tutor studio`, select bars of one staff, and run it. Run it again for other notes;
// undo takes them back.
import QtQuick 2.9
import MuseScore 3.0
import "regenerate.js" as Tokens

MuseScore {
    id: plugin
    menuPath: "Plugins.Regenerate bars"
    description: "Writes the selected bars anew with the studio of Sequence Tutor."
    version: "1.0"
    Component.onCompleted: {
        if (mscoreMajorVersion >= 4) {
            plugin.title = "Regenerate bars"
            plugin.categoryCode = "composing-arranging-tools"
        }
    }

    property string address: "http://127.0.0.1:8000/v1/generate"
    property int ticks: 120 // of a sixteenth: division is 480 to the quarter
    property int around: 4 // bars before and after the selection that the model sees

    onRun: {
        var tune = curScore ? read() : null
        if (tune) {
            ask(tune)
        } else {
            Qt.quit()
        }
    }

    // What is selected, in sixteenths from the first bar that the model sees; null: nothing is.
    function read() {
        var cursor = curScore.newCursor()
        cursor.rewind(1)
        if (!cursor.segment) return null
        var staff = cursor.staffIdx, from = cursor.tick, fifths = cursor.keySignature
        var signature = cursor.measure.timesigActual
        var bar = 16 * signature.numerator / signature.denominator
        cursor.rewind(2)
        var until = cursor.tick === 0 ? curScore.lastSegment.tick : cursor.tick
        var first = Math.floor(from / ticks / bar), last = Math.ceil(until / ticks / bar)
        var begin = Math.max(0, first - around), end = last + around
        var total = Math.floor((curScore.lastSegment.tick) / ticks / bar)
        end = Math.min(end, total, begin + 16)
        var notes = []
        cursor.rewind(0)
        cursor.staffIdx = staff
        cursor.voice = 0
        while (cursor.segment) {
            var element = cursor.element
            if (element && element.type === Element.CHORD) {
                var top = element.notes[element.notes.length - 1]
                var length = Math.round(element.duration.ticks / ticks)
                var start = Math.round(cursor.tick / ticks) - begin * bar
                if (top.tieBack && notes.length) {
                    notes[notes.length - 1].length += length
                } else {
                    notes.push({ start: start, length: Math.max(1, length), pitch: top.pitch })
                }
            }
            cursor.next()
        }
        var seen = notes.filter(function (note) {
            return note.start >= 0 && note.start < (end - begin) * bar
        })
        var transpose = Tokens.transposeOf(seen, fifths)
        return {
            bars: end - begin, first: first - begin + 1, last: Math.min(last, end) - begin,
            bar: bar, begin: begin, staff: staff, transpose: transpose,
            meter: signature.numerator + "/" + signature.denominator,
            tokens: Tokens.encode(seen, (end - begin) * bar, transpose)
        }
    }

    function ask(tune) {
        var request = new XMLHttpRequest()
        request.onreadystatechange = function () {
            if (request.readyState !== XMLHttpRequest.DONE) return
            if (request.status === 200) {
                var reply = JSON.parse(request.responseText)
                write(tune, reply.candidates[0].tokens, reply.heard.transpose)
            } else {
                console.log(request.responseText || "no studio at " + plugin.address)
            }
            Qt.quit()
        }
        request.open("POST", address)
        request.setRequestHeader("Content-Type", "application/json")
        request.send(Tokens.message(tune, Math.floor(Math.random() * 1e6)))
    }

    function write(tune, tokens, transpose) {
        var first = (tune.first - 1) * tune.bar, last = tune.last * tune.bar
        curScore.startCmd()
        for (var at = first; at < last; at += tune.bar) { // a note over a bar line is tied
            var spans = Tokens.decode(tokens, at, at + tune.bar, transpose)
            for (var i = 0; i < spans.length; i++) put(tune, spans[i])
        }
        curScore.endCmd()
    }

    function put(tune, span) {
        var parts = Tokens.tied(span.length), step = span.start
        for (var i = 0; i < parts.length; i++) {
            var cursor = curScore.newCursor()
            cursor.staffIdx = tune.staff
            cursor.voice = 0
            cursor.rewindToTick((tune.begin * tune.bar + step) * ticks)
            cursor.setDuration(parts[i], 16)
            if (span.pitch === null) {
                cursor.addRest()
            } else {
                cursor.addNote(span.pitch)
                if (i > 0) tie(tune, step - parts[i - 1])
            }
            step += parts[i]
        }
    }

    // Tie the note at a step to the next one.
    function tie(tune, step) {
        var cursor = curScore.newCursor()
        cursor.staffIdx = tune.staff
        cursor.voice = 0
        cursor.rewindToTick((tune.begin * tune.bar + step) * ticks)
        curScore.selection.select(cursor.element.notes[0], false)
        cmd("tie")
    }
}
