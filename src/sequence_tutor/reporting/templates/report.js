"use strict";

const stepwise = matchMedia("(prefers-reduced-motion: reduce)");
const said = document.getElementById("said");

// The cursor stands where the sound is; of the release after the last note it stands at the end.
function point(melody, audio) {
  const { seconds, steps, width } = melody.dataset;
  let share = Math.min(audio.currentTime / seconds, 1);
  if (stepwise.matches) share = Math.floor(share * steps) / steps;
  melody.querySelector(".cursor").setAttribute("transform", `translate(${share * width})`);
}

for (const melody of document.querySelectorAll(".melody")) {
  const audio = melody.querySelector("audio");
  const follow = () => {
    point(melody, audio);
    if (!audio.paused) requestAnimationFrame(follow);
  };
  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
    melody.classList.add("playing");
    follow();
  });
  audio.addEventListener("seeked", follow);
  audio.addEventListener("ended", () => melody.classList.remove("playing"));
}

for (const section of document.querySelectorAll(".melodies")) {
  const rounds = [...section.querySelectorAll(".round")];
  const button = section.querySelector(".shuffle");
  let waiting = [];
  let shown = 0;

  function show(place) {
    rounds[shown].querySelectorAll("audio").forEach((audio) => audio.pause());
    rounds[shown].hidden = true;
    rounds[place].hidden = false;
    rounds[place].querySelectorAll("audio").forEach((audio) => (audio.preload = "metadata"));
    shown = place;
    const text = `Melodies ${place + 1} of ${rounds.length}`;
    section.querySelector(".which").textContent = text;
    return text;
  }

  button.hidden = rounds.length === 1;
  button.addEventListener("click", () => {
    // all of the others come before any comes again
    if (!waiting.length) waiting = rounds.map((_, place) => place).filter((place) => place !== shown);
    const [place] = waiting.splice(Math.floor(Math.random() * waiting.length), 1);
    said.textContent = show(place);
  });
  show(0);
}

for (const button of document.querySelectorAll(".copy")) {
  const code = button.parentElement.querySelector("code");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      said.textContent = "Copied";
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code); // not allowed here; one key is left to press
      said.textContent = "Selected, press Control and C";
      button.textContent = "Selected: press Ctrl+C";
    }
  });
}
