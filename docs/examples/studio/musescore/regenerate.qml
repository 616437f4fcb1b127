// MuseScore 3 and 4: write the selected bars anew, in the voice and the signature of the score.
//
// Put this folder into MuseScore's folder of plugins, switch "Regenerate bars" on, start
// `sequence-tutor studio`, select bars of one staff, and run it. Undo takes them back.
import QtQuick 2.9
import MuseScore 3.0
import "regenerate.js" as Studio

MuseScore {
    id: plugin
    menuPath: "Plugins.Regenerate bars"
    description: "Writes the selected bars anew with the studio of Sequence Tutor."
    version: "2.0"
    Component.onCompleted: {
        if (mscoreMajorVersion >= 4) {
            plugin.title = "Regenerate bars"
            plugin.categoryCode = "composing-arranging-tools"
        }
    }
    property int ticks: 120 // of a sixteenth: division is 480 to the quarter

    onRun: {
        var tune = curScore ? read() : null
        if (!tune) return Qt.quit()
        var request = new XMLHttpRequest()
        request.onreadystatechange = function () {
            if (request.readyState !== XMLHttpRequest.DONE) return
            if (request.status === 200) write(tune, JSON.parse(request.responseText).candidates[0].notes)
            else console.log(request.responseText || "the studio does not answer")
            Qt.quit()
        }
        request.open("POST", "http://127.0.0.1:8000/v1/generate")
        request.setRequestHeader("Content-Type", "application/json")
        request.send(JSON.stringify(Studio.message(tune, Math.floor(Math.random() * 1e6))))
    }

    // The staff around the selection, in sixteenths from its first bar; null: nothing is selected.
    function read() {
        var cursor = curScore.newCursor()
        cursor.rewind(1)
        if (!cursor.segment) return null
        var signature = cursor.measure.timesigActual, from = cursor.tick
        var tune = Studio.tune(signature.numerator, signature.denominator, cursor.keySignature)
        tune.staff = cursor.staffIdx
        cursor.rewind(2)
        var end = curScore.lastSegment.tick
        Studio.select(tune, from / ticks, (cursor.tick || end) / ticks, end / ticks)
        for (place(cursor, tune, 0); cursor.segment; cursor.next()) {
            var chord = cursor.element
            if (!chord || chord.type !== Element.CHORD) continue
            var top = chord.notes[chord.notes.length - 1]
            Studio.add(tune, cursor.tick / ticks, chord.duration.ticks / ticks, top.pitch, top.tieBack)
        }
        return tune
    }

    function place(cursor, tune, step) {
        cursor.staffIdx = tune.staff
        cursor.voice = 0
        cursor.rewindToTick(step * ticks)
    }

    function write(tune, notes) {
        var cursor = curScore.newCursor()
        curScore.startCmd()
        Studio.spans(tune, notes).forEach(function (span) {
            place(cursor, tune, span.start)
            cursor.setDuration(span.length, 16)
            if (span.pitch === null) return cursor.addRest()
            cursor.addNote(span.pitch)
            if (!span.tied) return
            place(cursor, tune, span.tied.start)
            curScore.selection.select(cursor.element.notes[0], false)
            cmd("tie")
        })
        curScore.endCmd()
    }
}
