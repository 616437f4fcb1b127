// The part of the board that is seen: nearer and farther by the wheel or two fingers.

import { byId } from "./dom.js";
import { drawSketch, LEAST, MOST, toStructure, view } from "./sketch_view.js";

const board = byId("sketch-board");
const fingers = new Map(); // pointer -> where it is
let pinched = null; // {apart, point, scale} when two fingers came down

// A point of the structure comes to a place of the window.
function bring(point, place, scale) {
  view.scale = Math.max(LEAST, Math.min(scale, MOST));
  view.isOwn = true;
  const now = toStructure(place);
  view.x += point.x - now.x;
  view.y += point.y - now.y;
  drawSketch();
}

function between() {
  const [a, b] = [...fingers.values()];
  return {
    apart: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1,
    middle: { clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 },
  };
}

const placeOf = ({ clientX, clientY }) => ({ clientX, clientY });

// Whether two fingers are on the board, which draw nothing.
export const isPinched = () => fingers.size > 1;

export function wireZoom() {
  board.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, placeOf(event));
    if (fingers.size !== 2) return;
    const { apart, middle } = between();
    pinched = { apart, point: toStructure(middle), scale: view.scale };
  });
  board.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, placeOf(event));
    if (fingers.size !== 2) return;
    const { apart, middle } = between();
    bring(pinched.point, middle, (pinched.scale * apart) / pinched.apart);
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    board.addEventListener(kind, (event) => fingers.delete(event.pointerId));
  }
  board.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      bring(toStructure(event), event, view.scale * 1.0015 ** -event.deltaY);
    },
    { passive: false },
  );
}
