// What the service is told of how tokens sound: how far they are moved, the key, the meter, the tempo.

import { moveTo, tonicOf } from "./pitches.js";
import { modelNow, state } from "./state.js";

// The scale that new notes are limited to; none: any.
export const scaleText = ({ key, scale } = state.music) =>
  scale ? `${tonicOf(key)} ${scale}` : null;

// The key is named only where tokens moved so far sound in it.
export function inFrame(transpose) {
  const { music, work } = state;
  const apart = transpose - moveTo(music, modelNow()?.key);
  return {
    transpose,
    key: !music.scale && apart % 12 === 0 ? music.key : null,
    scale: scaleText(),
    meter: music.meter,
    tempo: music.tempo,
    upbeat: work.upbeat,
  };
}
