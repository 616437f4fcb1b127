// How tall the rows of the roll are. Taller than usual they scroll, under the bars and the chords.

import { byId, speak } from "./dom.js";
import { caret, draw, geometry, rowOf } from "./roll.js";
import { change, on, state } from "./state.js";

const HEIGHTS = [1, 1.5, 2, 3]; // times the usual one

const scroll = byId("roll-scroll");
const roll = byId("roll");

const headHeight = () => byId("bar-heads").offsetHeight + byId("chord-lane").offsetHeight;

// Where the middle of the notes is in the middle of what is seen.
function toMiddle() {
  const pitches = state.work.tune.notes.map((note) => note.pitch);
  const low = Math.min(...pitches);
  const pitch = pitches.length ? (low + Math.max(...pitches)) / 2 : caret.pitch;
  const seen = scroll.clientHeight - headHeight();
  scroll.scrollTop = (rowOf(pitch) + 0.5) * geometry.row - seen / 2;
}

function show() {
  const { rows } = state.sound;
  roll.classList.toggle("tall", rows > 1);
  roll.style.setProperty("--seen", `${(geometry.pitches.length * geometry.row) / rows}px`);
  byId("zoom-in").disabled = rows === HEIGHTS.at(-1);
  byId("zoom-out").disabled = rows === HEIGHTS[0];
}

export function zoom(way) {
  const place = HEIGHTS.indexOf(state.sound.rows) + way;
  if (!(place in HEIGHTS)) return;
  change("sound", state.sound, { rows: HEIGHTS[place] });
  draw();
  show();
  if (HEIGHTS[place] > 1) toMiddle();
  speak(`rows of ${HEIGHTS[place]} times the usual height`);
}

// The keys stand beside the rows, and the caret is never out of sight.
scroll.addEventListener("scroll", () => roll.style.setProperty("--down", `${-scroll.scrollTop}px`));
export function reveal(pitch) {
  if (state.sound.rows === 1) return;
  const top = rowOf(pitch) * geometry.row;
  const seen = scroll.clientHeight - headHeight();
  const least = top + geometry.row - seen;
  scroll.scrollTop = Math.max(least, Math.min(scroll.scrollTop, top));
}

byId("zoom-in").addEventListener("click", () => zoom(1));
byId("zoom-out").addEventListener("click", () => zoom(-1));
on("restored", () => {
  draw();
  show();
});
on("work music sound", show);
