"use strict";
// Melodies that sound, and texts to copy.

const stepwise = matchMedia("(prefers-reduced-motion: reduce)");
const said = document.getElementById("said");

// The cursor stands where the sound is; of the release after the last note it stands at the end.
function point(melody, audio) {
  const { seconds, steps } = melody.dataset;
  let share = Math.min(audio.currentTime / seconds, 1);
  if (stepwise.matches) share = Math.floor(share * steps) / steps;
  for (const cursor of melody.querySelectorAll(".cursor")) {
    cursor.setAttribute("transform", `translate(${share * cursor.dataset.width})`);
  }
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
