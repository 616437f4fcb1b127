// Favourites: the same in every tab of this browser, until they are removed.

import { byId, make } from "./dom.js";
import { card } from "./candidates.js";
import { favourites } from "./memory.js";
import { moleculeCard } from "./molecules.js";
import { on, state } from "./state.js";
import { textLine } from "./texts.js";

const SHOWS = {
  melody: (one, place) => card(one, { title: `Favourite ${place + 1}`, isFavouriteCard: true }),
  molecule: (one) => moleculeCard(one),
  text: (one) => textLine(one),
};

function draw() {
  const own = favourites().filter((one) => one.domain === state.domain);
  const list = byId("favourites");
  list.className = state.domain === "melody" ? "cards" : `cards cards-${state.domain}`;
  list.replaceChildren(...own.map(SHOWS[state.domain]));
  byId("favourites-section").hidden = own.length === 0;
  byId("favourites-count").replaceChildren(make("span", { text: own.length }));
}

export function wireFavourites() {
  on("favourites domain restored", draw);
  draw();
}
